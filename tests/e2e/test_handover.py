"""``headrace play`` beside a ``headrace serve`` that has the folder: a real server, a real swarm, a real mpv."""

from __future__ import annotations

import signal
from pathlib import Path

import aiohttp
import pytest
from kit.command import Command, Headrace, events, plain
from kit.films import SECONDS, sha256
from kit.network import free_port
from kit.stack import sha256_of

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
MPV = ("play", "--player", "mpv", "--json")
QUIET = ("--", "--no-config", "--vo=null", "--ao=null")


async def served(headrace: Headrace, folder: Path, *more: str) -> tuple[Command, str]:
    command = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(folder), *more)
    return command, (await command.event("serving"))["url"]


def peers(swarm: LocalSwarm) -> list[str]:
    """The seeds as options."""
    return [word for host, port in swarm.peers for word in ("--peer", f"{host}:{port}")]


async def test_the_server_streams_and_keeps_the_place(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    film = films["last.mp4"]
    where = ("--dir", str(data))
    async with LocalSwarm(film, rate=4_000_000, piece_length=PIECE) as swarm:
        server, url = await served(headrace, data)
        play = await headrace.start(
            *MPV, *where, *peers(swarm), "--port", "9", "--start", "30", swarm.bare_magnet, *QUIET
        )
        assert (await play.event("warning"))["message"].startswith("--port does nothing here")
        await play.events.until(lambda event: event["event"] == "progress" and (event["position"] or 0) >= 32)
        play.signal(signal.SIGINT)
        ended = await play.end(20)
        assert ended.code == 130, ended
        told = events(ended)
        names = [event["event"] for event in told]
        assert {"starting", "metadata", "selected", "serving", "ready", "progress", "player"} <= set(names)
        assert names[-1] == "done"
        assert next(event for event in told if event["event"] == "serving")["url"].startswith(url)
        assert told[-1]["played_seconds"] > 1
        assert 0 < told[-1]["downloaded"] <= 1.1 * film.stat().st_size
        async with client.get(f"{url}api/v1/torrents/{swarm.info_hash}/files/0/position") as reply:
            stopped = (await reply.json())["seconds"]
        assert 31 <= stopped < 40

        again = await headrace.start(*MPV, *where, swarm.info_hash, *QUIET)
        assert abs((await again.event("going_on"))["position"] - stopped) < 0.2
        await again.events.until(
            lambda event: event["event"] == "progress" and stopped <= (event["position"] or 0) < 50
        )
        again.signal(signal.SIGINT)
        assert (await again.end(20)).code == 130

        ends = await headrace.run(*MPV, *where, "--start", "57", swarm.magnet, *QUIET)
        assert ends.code == 0, ends
        assert [event["state"] for event in events(ends) if event["event"] == "player"][-1] == "ended"
        positions = [event["position"] for event in events(ends) if event["event"] == "progress" and event["position"]]
        assert positions[-1] > SECONDS - 3
        async with client.get(f"{url}stream/{swarm.info_hash}/0/film") as reply:
            assert reply.status == 200, "it stays there"
            reply.close()
        server.signal(signal.SIGTERM)
        assert (await server.end(10)).code == 0
    assert list(data.rglob(film.name)), "kept"


async def test_without_a_player_the_address_is_the_servers(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """And with --no-keep nothing is left. The server asks for a token."""
    film = films["film.mkv"]
    async with LocalSwarm(film, rate=4_000_000, piece_length=PIECE) as swarm:
        (tmp_path / "film.torrent").write_bytes(swarm.torrent_bytes)
        server, url = await served(headrace, data, "--token", "0123456789abcdef")
        play = await headrace.start(
            *("play", "--player", "none", "--json", "--no-keep", "--dir", str(data), *peers(swarm)),
            str(tmp_path / "film.torrent"),
        )
        address = (await play.event("serving"))["url"]
        assert "token=0123456789abcdef" in address
        assert await sha256_of(address, client) == sha256(film)
        play.signal(signal.SIGTERM)
        assert (await play.end(20)).code == 130
        async with client.get(f"{url}api/v1/torrents", headers={"Authorization": "Bearer 0123456789abcdef"}) as reply:
            assert (await reply.json())["torrents"] == []
        assert not list(data.rglob(film.name))

        lost = await headrace.start("play", "--player", "none", "--json", "--dir", str(data), swarm.magnet)
        await lost.event("metadata")
        await server.kill()
        plain(await lost.end(20), 5, "does not answer")


async def test_what_cannot_be_is_refused_as_ever(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    play = ("play", "--player", "none", "--quiet", "--dir", str(data))
    async with LocalSwarm(films["film.mkv"], seeds=1, rate=4_000_000, piece_length=PIECE) as swarm:
        await served(headrace, data)
        plain(await headrace.run(*play, "-f", "S09E09", swarm.magnet), 3, "S09E09", "It holds:")
        plain(await headrace.run(*play, "--timeout", "0.3", "ab" * 20), 4, "goes on looking")
        other = {"HEADRACE_PROXY": f"http://127.0.0.1:{free_port()}"}
        plain(await headrace.run(*play, swarm.magnet, env=other), 5, "same --proxy")
        # the server is the more careful one, which is no reason to refuse
        free = {"HEADRACE_INTERFACE": "", "HEADRACE_DHT": ""}
        played = await headrace.start(*play, "--json", swarm.magnet, env=free)
        assert (await played.event("ready"))["buffered_bytes"] > 0
