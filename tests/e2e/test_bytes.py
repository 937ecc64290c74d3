"""What leaves over HTTP is what the torrent's hashes say, whatever peers send and however the download goes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

import aiohttp
import pytest
from kit.films import sha256
from kit.stack import sha256_of, stack
from kit.waiting import eventually

from headrace.core import events
from headrace.core.choice import Choice
from headrace.testing.local_swarm import LocalSwarm, SeedSpec

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
WRONG = (9, 20, 21, 40)
"""Pieces that the corrupt seed has inverted; not those that hold the index."""
BROKEN = (aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


async def test_all_of_it_and_two_hundred_ranges_while_it_is_downloaded(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession
) -> None:
    film = films["last.mp4"]
    content, chance = film.read_bytes(), random.Random(2)
    left = iter([(start, start + chance.randrange(40_000)) for start in chance.choices(range(len(content)), k=200)])
    unfinished = 0

    async def ask(url: str) -> None:
        nonlocal unfinished
        for first, last in left:
            unfinished += running.share < 1
            async with client.get(url, headers={"Range": f"bytes={first}-{last}"}) as response:
                assert response.status == 206
                assert await response.read() == content[first : last + 1]

    async with (
        LocalSwarm(film, rate=700_000, piece_length=PIECE) as swarm,
        stack(swarm.magnet, data) as running,
    ):
        whole = asyncio.create_task(sha256_of(running.url(), client))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(6):
                tasks.create_task(ask(running.url()))
        assert unfinished >= 100
        assert await whole == sha256(film)


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_wrong_data_never_gets_into_a_body(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, version: str
) -> None:
    film = films["first.mp4"]
    seeds = [SeedSpec(1_500_000, corrupt=WRONG), SeedSpec(1_500_000), SeedSpec(1_500_000)]
    async with (
        LocalSwarm(film, seeds=seeds, piece_length=PIECE, version=version) as swarm,  # type: ignore[arg-type]
        stack(swarm.magnet, data) as running,
    ):
        assert await sha256_of(running.url(), client) == sha256(film)
        warnings = [note for note in running.notes.all if isinstance(note, events.Warning)]
        assert any(note.kind == "hash" for note in warnings), running.notes.all


async def test_with_wrong_data_alone_a_body_waits_for_better(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession
) -> None:
    film = films["first.mp4"]
    content = film.read_bytes()
    async with (
        LocalSwarm(film, seeds=[SeedSpec(4_000_000, corrupt=WRONG)], piece_length=PIECE) as swarm,
        stack(swarm.magnet, data) as running,
        client.get(running.url()) as response,
    ):
        come = await response.content.readexactly(WRONG[0] * PIECE)
        assert come == content[: WRONG[0] * PIECE]
        waiting = await running.notes.until(lambda note: isinstance(note, events.Waiting))
        assert waiting.piece == WRONG[0]
        good = await swarm.add(SeedSpec())
        running.torrent.handle.add_peers([swarm.peers[good]])
        come += await response.read()
        assert come == content


async def broken_off(url: str, client: aiohttp.ClientSession) -> bytes:
    """What came of a body before its connection was reset."""
    come = b""
    try:
        async with client.get(url) as response:
            async for chunk in response.content.iter_any():
                come += chunk
    except BROKEN:
        return come
    raise AssertionError(f"a body of {len(come)} bytes that looks whole")


async def at_last(url: str, client: aiohttp.ClientSession) -> bytes:
    """A whole body: what is broken off is asked for again, as players do."""
    for _ in range(10):
        with contextlib.suppress(*BROKEN):
            async with client.get(url) as response:
                return await response.read()
    raise AssertionError("broken off ten times")


@pytest.mark.parametrize("eager", ["all", "trusted"])
async def test_eager_ends_with_a_reset_where_data_was_wrong(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, eager: str
) -> None:
    """And never with a body that looks whole. With ``trusted`` a known liar is not believed: see what came."""
    film = films["first.mp4"]
    content = film.read_bytes()
    # Large pieces: many blocks arrive before the piece can be checked.
    wrong = (5,)
    async with (
        LocalSwarm(film, seeds=[SeedSpec(2_500_000, corrupt=wrong)], piece_length=4 * PIECE) as swarm,
        stack(swarm.magnet, data, choice=Choice(eager=eager)) as running,
    ):
        come = await broken_off(running.url(), client)
        assert len(come) < len(content)
        border = wrong[0] * 4 * PIECE
        assert come[:border] == content[:border]
        assert come[border:] != content[border : len(come)]  # it did hand over unchecked bytes
        good = await swarm.add(SeedSpec())
        running.torrent.handle.add_peers([swarm.peers[good]])
        assert await at_last(running.url(), client) == content, "the liar may have sent his part again before"


async def test_all_seeds_go_away_and_come_back(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession
) -> None:
    film = films["first.mp4"]
    async with (
        LocalSwarm(film, seeds=3, rate=700_000, piece_length=PIECE) as swarm,
        stack(swarm.magnet, data) as running,
    ):
        body = asyncio.create_task(sha256_of(running.url(), client))

        async def some() -> bool:
            return running.share > 0.2

        await eventually(some)
        await swarm.stop_all()
        waiting = await running.notes.until(
            lambda note: isinstance(note, events.Waiting) and note.reason in ("no_peers", "piece_unavailable"),
        )
        assert waiting.detail
        assert not body.done()
        told = len(running.notes.all)
        assert running.share < 1
        await swarm.start_all()
        resumed = await running.notes.until(lambda note: isinstance(note, events.Resumed), after=told - 1)
        assert resumed.seconds >= waiting.seconds
        for seed in range(3):
            await swarm.set_rate(seed, 0)
        assert await body == sha256(film)
