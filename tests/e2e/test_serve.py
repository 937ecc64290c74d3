"""``headrace serve`` with the real engine: added over HTTP, streamed, ended, killed, and there again."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kit.command import Command, Headrace, events
from kit.films import sha256
from kit.stack import sha256_of
from kit.waiting import eventually

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024


async def serve(headrace: Headrace, folder: Path, *more: str) -> tuple[Command, str]:
    """A server and its API's URL."""
    command = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(folder), *more)
    return command, (await command.event("serving"))["url"] + "api/v1/torrents"


async def get(client: aiohttp.ClientSession, url: str) -> Any:
    async with client.get(url) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.json()


@contextlib.contextmanager
def defaced(path: Path) -> Iterator[None]:
    """A byte of it is wrong for a while, and looks as if it had never been changed."""
    was = path.stat()

    def turn(at: int) -> None:
        with path.open("r+b") as file:
            file.seek(at)
            (byte,) = file.read(1)
            file.seek(at)
            file.write(bytes([byte ^ 255]))
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    turn(was.st_size // 2)
    yield
    turn(was.st_size // 2)


async def test_a_torrent_from_its_addition_to_its_end(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    film = films["first.mp4"]
    async with LocalSwarm(film, rate=4_000_000, piece_length=PIECE) as swarm:
        command, api = await serve(headrace, data)
        began = time.monotonic()
        async with client.post(api, json={"source": swarm.magnet}) as reply:
            assert reply.status == 201
            assert time.monotonic() - began < 1
            url = (await reply.json())["url"]
        assert await sha256_of(url, client) == sha256(film)
        one = f"{api}/{swarm.info_hash}"
        assert (await get(client, one))["progress"] == 1.0
        async with client.put(f"{one}/files/0/position", json={"seconds": 31.5, "duration": 60}) as reply:
            assert reply.status == 200
        began = time.monotonic()
        command.signal(signal.SIGTERM)
        ended = await command.end(10)
        assert (ended.code, time.monotonic() - began < 5) == (0, True)
        assert events(ended)[-1]["event"] == "done"

    (kept,) = data.rglob(film.name)
    with defaced(kept):
        _, api = await serve(headrace, data)  # without any peer
        one = f"{api}/{swarm.info_hash}"

        async def back() -> Any:
            return (await get(client, one))["progress"] == 1.0

        await eventually(back)  # its state was saved: who hashed it would miss a piece
    assert (await get(client, f"{one}/files/0/position"))["seconds"] == 31.5
    assert await sha256_of((await get(client, one))["url"], client) == sha256(film)
    async with client.delete(f"{one}?data=delete") as reply:
        assert reply.status == 204
    assert not list(data.rglob(film.name))
    assert (await get(client, api))["torrents"] == []


async def test_what_was_answered_survives_a_kill(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    async with LocalSwarm(films["first.mp4"], seeds=1, piece_length=PIECE) as swarm:
        command, api = await serve(headrace, data)
        headers = {"Content-Type": "application/x-bittorrent"}
        async with client.post(f"{api}?paused=true", data=swarm.torrent_bytes, headers=headers) as reply:
            assert reply.status == 201
        await command.kill()
        _, api = await serve(headrace, data)
        (torrent,) = (await get(client, api))["torrents"]
        assert (torrent["infohash"], torrent["paused"]) == (swarm.info_hash, True)

        async def known() -> Any:
            return (await get(client, f"{api}/{swarm.info_hash}"))["size"]

        assert await eventually(known) == films["first.mp4"].stat().st_size


async def test_settings_act_at_once(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    film = films["first.mp4"]
    async with LocalSwarm(film, seeds=4, rate=20_000_000, piece_length=PIECE) as swarm:
        command, api = await serve(headrace, data)
        settings, one = api.replace("torrents", "settings"), f"{api}/{swarm.info_hash}"

        async def change(url: str, **body: object) -> None:
            async with client.patch(url, json=body) as reply:
                assert reply.status == 200, await reply.text()

        await change(settings, down_limit=300_000)
        await client.post(api, json={"source": swarm.magnet})
        await command.event("metadata")
        await change(one, files=[0])
        progress = await command.events.until(
            lambda event: event["event"] == "progress" and event["peers"] >= 3 and event["down_rate"] > 0
        )
        await change(settings, max_peers=1)
        told = len(command.events.all)
        few = await command.events.until(lambda event: event["event"] == "progress" and event["peers"] <= 1, after=told)
        assert max(progress["down_rate"], few["down_rate"]) < 700_000, "the swarm is a hundred times as fast"
        await change(settings, max_peers=200, down_limit=0)
        await command.events.until(lambda event: event["event"] == "progress" and event["share"] == 1.0)
        await change(settings, quota=1000)
        assert (await command.event("evicted", infohash=swarm.info_hash))["freed"] > film.stat().st_size * 0.9
        left = sum(path.stat().st_blocks * 512 for path in data.rglob(film.name))
        assert left < film.stat().st_size / 4, "no more than comes before the engine is told that nothing is wanted"
        assert (await get(client, one))["evicted"]
        assert await sha256_of((await get(client, one))["url"], client) == sha256(film), "it is fetched again"
