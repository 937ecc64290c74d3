"""All the ways in which peers are found and talked to, against engines that are not the one under test."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import aiohttp
import pytest
from kit.films import sha256
from kit.foreign import foreign
from kit.network import sink, web_seed
from kit.stack import LOOPBACK, sha256_of, stack
from kit.waiting import eventually
from msgspec.structs import replace

from headrace.engine.base import Change, MetadataReady, Peers, PiecesReady
from headrace.settings import Settings
from headrace.testing.local_swarm import LocalSwarm
from headrace.testing.swarm import magnet_of, make_torrent

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
DHT = replace(
    LOOPBACK,
    dht=True,
    extra={"dht_restrict_routing_ips": False, "dht_restrict_search_ips": False, "dht_ignore_dark_internet": False},
)
"""A DHT of nodes that all live on this machine."""


@pytest.mark.parametrize("version", ["v1", "hybrid"])
async def test_a_web_seed_alone(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, version: str
) -> None:
    film = films["first.mp4"]
    async with web_seed(film.parent) as url:
        torrent = make_torrent(film, piece_length=PIECE, version=version, web_seeds=[f"{url}/{film.name}"])  # type: ignore[arg-type]
        async with stack(torrent, data) as running:
            assert await sha256_of(running.url(), client) == sha256(film)


async def test_a_web_seed_of_a_folder(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    folder = tmp_path / "Show & Tell"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"a" * 300_000)
    (folder / "b.mp4").write_bytes(films["first.mp4"].read_bytes())
    async with web_seed(tmp_path) as url:
        torrent = make_torrent(folder, piece_length=PIECE, version="v2", web_seeds=[f"{url}/"])
        async with stack(torrent, data) as running:
            assert await sha256_of(running.url(), client) == sha256(folder / "b.mp4")


ONLY_ENCRYPTED = {"in_enc_policy": 0, "out_enc_policy": 0, "allowed_enc_level": 2}
ONLY_UTP = {"enable_incoming_tcp": False, "enable_outgoing_tcp": False}


async def test_seeds_that_speak_nothing_but_encrypted_or_utp(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession
) -> None:
    """Both at once, since each is met at the second attempt only, ten seconds later."""
    film = films["film.mkv"]
    torrent = make_torrent(film, piece_length=PIECE)

    async def fetch(host: str, only: dict[str, object]) -> str:
        folder = data / host
        folder.mkdir()
        async with foreign(host, **only) as seed:
            seed.share(torrent, film.parent)
            async with stack(magnet_of(torrent, [seed.address]), folder) as running:
                return await sha256_of(running.url(), client)

    found = await asyncio.gather(fetch("127.0.0.2", ONLY_ENCRYPTED), fetch("127.0.0.3", ONLY_UTP))
    assert set(found) == {sha256(film)}


async def test_a_seed_is_found_by_the_dht_alone(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession
) -> None:
    film = films["film.mkv"]
    torrent = make_torrent(film, piece_length=PIECE)
    async with foreign("127.0.0.9", DHT) as router:
        known = replace(DHT, dht_routers=(router.address,))
        async with foreign("127.0.0.2", known) as seed, foreign("127.0.0.3", known):
            seed.share(torrent, film.parent)
            found = ""
            for _ in range(4):  # who asks before the seed has announced itself is told of nobody, and asks again late
                engine = replace(known, listen=("127.0.0.1:0",))
                async with stack(magnet_of(torrent), data, engine=engine) as running:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(60):
                            found = await sha256_of(running.url(), client)
                            break
            assert found == sha256(film)


@pytest.mark.parametrize("wanted", [True, False])
async def test_without_dht_nothing_is_sent_there(films: dict[str, Path], data: Path, wanted: bool) -> None:
    film = films["film.mkv"]
    torrent = make_torrent(film, piece_length=PIECE)
    async with sink() as router:
        options = replace(Settings(dht=wanted).engine_options(), dht_routers=(router.address,))
        local = replace(
            options, listen=LOOPBACK.listen, lsd=False, port_mapping=False, extra=DHT.extra, state_path=None
        )
        async with LocalSwarm(film, torrent=torrent) as swarm, stack(swarm.magnet, data, engine=local) as running:
            if wanted:
                await router.came.wait()
            await running.complete()
            assert bool(router.packets) == wanted


async def test_a_seed_is_found_through_another_peer(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """Peer exchange (BEP 11): the one peer that is known has nothing itself, but knows the seed."""
    film = films["film.mkv"]
    torrent = make_torrent(film, piece_length=PIECE)
    (tmp_path / "other").mkdir()
    async with foreign("127.0.0.2") as seed, foreign("127.0.0.3") as other:
        seed.share(torrent, film.parent)
        between = other.share(torrent, tmp_path / "other", [seed.address], seed=False)
        between.set_paused(False)

        async def met() -> bool:
            between.request_peers()
            peers = [event for event in other.events.all if isinstance(event, Peers)]
            return bool(peers) and any(peer.seed for peer in peers[-1].peers)

        await eventually(met)
        async with stack(magnet_of(torrent, [other.address]), data) as running:
            assert await sha256_of(running.url(), client) == sha256(film)


async def test_up_limit(films: dict[str, Path], data: Path, tmp_path: Path) -> None:
    film, limit = films["film.mkv"], 1_500_000
    torrent = make_torrent(film, piece_length=PIECE)
    content = data / "kept"
    content.mkdir()
    (content / film.name).write_bytes(film.read_bytes())
    options = replace(Settings(up_limit=limit, dht=False).engine_options(), listen=LOOPBACK.listen, lsd=False)
    options = replace(options, port_mapping=False)
    (tmp_path / "leech").mkdir()
    async with stack(torrent, data, engine=options, home=content) as running, foreign("127.0.0.3") as leech:
        await running.complete()
        port = running.session._engine._session.listen_port()  # type: ignore[union-attr]
        fetched = leech.share(torrent, tmp_path / "leech", [("127.0.0.1", port)], seed=False)
        await leech.events.until(lambda event: isinstance(event, MetadataReady))
        fetched.apply(Change(want=tuple(range(len(fetched.have)))))
        await leech.events.until(lambda event: isinstance(event, PiecesReady))
        began, first = time.monotonic(), fetched.have.count(1)
        await leech.events.until(lambda event: all(fetched.have), within=40)
        sent = (len(fetched.have) - first) * PIECE
        took = time.monotonic() - began
        assert limit / 2 < sent / took
        assert sent < 1.1 * limit * (took + 3), "libtorrent lets through at once what nobody took for 3 s, no more"
