"""Every option that says how peers are met or how fast does what it says, in the real command."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
from kit.command import Ended, Headrace, events, plain
from kit.films import sha256
from kit.network import free_port, opentracker, socks5, tracker
from kit.watching import watched

from headrace.testing.local_swarm import LocalSwarm, SeedSpec
from headrace.testing.swarm import info_hash_of, make_torrent

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024


async def download(headrace: Headrace, folder: Path, source: str, *options: str) -> Ended:
    return await headrace.run("download", "--json", "--dir", str(folder), *options, source)


def arrived(ended: Ended, folder: Path, film: Path) -> None:
    """The film was fetched whole."""
    assert ended.code == 0, ended
    assert sha256(folder / film.name) == sha256(film)


def only_hash(swarm: LocalSwarm) -> str:
    return f"magnet:?xt=urn:btih:{swarm.info_hash}"


async def test_peer(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, seeds=2, piece_length=PIECE) as swarm:
        host, port = swarm.peers[1]
        async with watched(swarm) as seen:
            arrived(await download(headrace, data, swarm.info_hash, "--peer", f"{host}:{port}"), data, film)
        assert seen.peers == [0, 1]
        assert seen.uploaded[1] >= film.stat().st_size


async def test_tracker(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, seeds=2, piece_length=PIECE) as swarm, tracker(swarm.peers) as asked:
        arrived(await download(headrace, data, only_hash(swarm), "--tracker", asked.url), data, film)
    assert [announce.get("event") for announce in asked.announces] == ["started", "completed", "stopped"]
    assert {announce["from"] for announce in asked.announces} == {"127.0.0.1"}


@pytest.mark.skipif(not shutil.which("opentracker"), reason="opentracker is not installed")
async def test_tracker_over_udp(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    film = films["film.mkv"]
    port = free_port(socket.SOCK_DGRAM)
    url = f"udp://127.0.0.1:{port}/announce"
    torrent = make_torrent(film, piece_length=PIECE, trackers=[url])
    async with opentracker(port, info_hash_of(torrent)), LocalSwarm(film, seeds=2, torrent=torrent) as swarm:
        arrived(await download(headrace, data, only_hash(swarm), "--tracker", url), data, film)


async def test_down_limit(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    film, limit = films["film.mkv"], 3_500_000
    async with LocalSwarm(film, seeds=3, piece_length=PIECE) as swarm:
        ended = await download(headrace, data, swarm.magnet, "--down-limit", str(limit))
    arrived(ended, data, film)
    told = [event for event in events(ended) if event["event"] == "progress" and event["downloaded"]]
    count, seconds = told[-1]["downloaded"] - told[0]["downloaded"], told[-1]["t"] - told[0]["t"]
    assert count / seconds == pytest.approx(limit, rel=0.3)


async def test_max_peers(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, seeds=5, rate=3_000_000, piece_length=PIECE) as swarm, watched(swarm) as seen:
        ended = await download(headrace, data, swarm.magnet, "--max-peers", "2")
    arrived(ended, data, film)
    assert seen.together == 2


async def test_blocklist(films: dict[str, Path], data: Path, headrace: Headrace, tmp_path: Path) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, seeds=[SeedSpec(), SeedSpec(5_000_000)], piece_length=PIECE) as swarm:
        listed = tmp_path / "list.p2p"
        listed.write_text(f"a seed:{swarm.peers[0][0]}-{swarm.peers[0][0]}\n")
        async with watched(swarm) as seen:
            ended = await download(headrace, data, swarm.magnet, "--blocklist", str(listed))
    arrived(ended, data, film)
    assert (seen.peers, seen.uploaded[0]) == ([0, 1], 0)


async def test_proxy(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, seeds=2, piece_length=PIECE) as swarm, tracker(swarm.peers) as asked, socks5() as proxy:
        async with watched(swarm) as seen:
            ended = await download(headrace, data, only_hash(swarm), "--tracker", asked.url, "--proxy", proxy.url)
        arrived(ended, data, film)
        assert asked.announces
        assert {port for _, port in swarm.peers} | {int(asked.url.split(":")[2].split("/")[0])} == {
            port for _, port in proxy.targets
        }
        assert seen.together <= len(swarm.peers)
        assert proxy.relayed > sum(seen.uploaded) >= film.stat().st_size


async def test_nothing_goes_past_a_dead_proxy(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with LocalSwarm(films["film.mkv"], seeds=2) as swarm, tracker(swarm.peers) as asked:
        dead = f"socks5://127.0.0.1:{free_port()}"
        async with watched(swarm) as seen:
            ended = await headrace.run(
                *("download", "--dir", str(data), "--proxy", dead, "--timeout", "4", "--tracker", asked.url),
                swarm.magnet,
            )
    plain(Ended(ended.code, ended.out, "\n".join(ended.err.splitlines()[-2:])), 4)
    assert (seen.together, sum(seen.uploaded), asked.announces) == (0, 0, [])
