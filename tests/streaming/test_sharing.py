"""From counters and read heads to limits, over fake engines in virtual time. What that does for viewers is told in
``tests/sim/test_shared_line.py``."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from headrace.core.choice import Choice
from headrace.core.planner import ASSUMED_BITRATE
from headrace.core.sharing import NOBODY
from headrace.engine.base import AddRequest
from headrace.streaming.registry import Torrents
from headrace.streaming.sharing import INTERVAL, LONGEST, SOON, Sharing, claims_of
from headrace.streaming.torrent import Torrent
from headrace.testing.clock import virtual_time
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, Downlink, FakePeer, FakeSwarm
from headrace.testing.fake_torrent import FakeTorrent

MB = 1_000_000
PIECE = 64 * 1024
LINE = 2 * MB


class Pair:
    """``stock`` has ten seeds and is fetched whole; ``film`` has one, and is fetched while it is read. They have one
    line, which either could fill alone."""

    def __init__(self, folder: Path) -> None:
        line = Downlink(LINE)
        contents = [Content(200 * MB, PIECE, "stock.mkv"), Content(20 * MB, PIECE, "film.mkv")]
        seeds = (10, 1)
        self.engine = FakeEngine(
            *(
                FakeSwarm(content, [FakePeer(rate=2 * MB)] * count, downlink=line)
                for content, count in zip(contents, seeds, strict=True)
            )
        )
        self.engine.start()
        self.torrents = Torrents()
        self.engine.attach(self.torrents.dispatch)
        for number, content in enumerate(contents):
            request = AddRequest(content.info_hash, folder / str(number), magnet=content.magnet)
            self.torrents.add(Torrent(self.engine.add(request), choice=Choice(on_demand=number == 1)))
        self.stock, self.film = self.torrents
        self.sharing = Sharing(self.torrents)

    def told(self, torrent: Torrent) -> tuple[int, int]:
        """What the engine was told of limits last."""
        handle = torrent.handle
        assert isinstance(handle, FakeTorrent)
        return handle.limits


Make = Callable[[], AbstractAsyncContextManager[Pair]]


@pytest.fixture
def pair(tmp_path: Path) -> Make:
    @contextlib.asynccontextmanager
    async def make() -> AsyncIterator[Pair]:
        made = Pair(tmp_path)
        try:
            for torrent in made.torrents:
                await torrent.metadata(60)
            yield made
        finally:
            for torrent in made.torrents:
                torrent.close()
            await made.engine.aclose()

    return make


@virtual_time
async def _held_for_a_waiting_reader(pair: Make) -> None:
    async with pair() as one:
        await asyncio.sleep(6)
        assert one.sharing.shares.limits == {}, "nobody reads"
        async with one.film.files[0].open(10 * MB) as reader:
            for _ in range(40):
                await asyncio.sleep(0.1)
                if one.stock.held:
                    break
            assert 0 < one.stock.held < LINE
            assert one.told(one.stock) == (one.stock.held, 0)
            assert one.told(one.film) == (0, 0)
            assert one.sharing.shares.free == one.film.info_hash
            while reader.tell() < 12 * MB:
                await reader.read()
        await asyncio.sleep(2 * INTERVAL + 1)
        assert one.stock.held == 0, "he has left"
        assert one.told(one.stock) == (0, 0)


def test_others_are_held_for_a_reader_who_waits_and_not_for_longer(pair: Make) -> None:
    _held_for_a_waiting_reader(pair)


@virtual_time
async def _own_limit(pair: Make) -> None:
    async with pair() as one:
        one.stock.hold(500)
        assert one.told(one.stock) == (500, 0)
        one.stock.set_limits(800, 70)
        assert one.told(one.stock) == (500, 70)
        one.stock.set_limits(300, 70)
        assert one.told(one.stock) == (300, 70)
        one.stock.hold(0)
        assert one.told(one.stock) == (300, 70)
        assert one.stock.limits == (300, 70), "what users see is their own"


def test_the_lower_one_of_two_limits_counts(pair: Make) -> None:
    _own_limit(pair)


@virtual_time
async def _held_reader(pair: Make) -> None:
    async with pair() as one:
        await asyncio.sleep(3 + 2 * SOON)
        one.sharing._hold(one.film, 1000)
        before = one.sharing._decided_at
        reader = one.film.files[0].open(10 * MB)
        waiting = asyncio.ensure_future(reader.read())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert one.sharing._decided_at == asyncio.get_running_loop().time() > before
        assert one.film.held == 0
        assert one.film.conductor is not None
        assert one.film.conductor.waited is None
        waiting.cancel()
        reader.close()


def test_who_begins_to_wait_in_a_torrent_that_is_held_is_seen_at_once(pair: Make) -> None:
    _held_reader(pair)


@virtual_time
async def _claims(pair: Make) -> None:
    async with pair() as one:
        loop, film = asyncio.get_running_loop(), one.film
        assert claims_of(film, loop.time()) == ()
        file = film.files[0]
        async with file.open(10 * MB) as reader, file.open(10 * MB), file.open(19 * MB) as last:
            waiting = asyncio.ensure_future(reader.read(1))
            await asyncio.sleep(0.01)
            here, there = claims_of(film, loop.time())
            assert here.need == ASSUMED_BITRATE, "nothing is known of it"
            assert here.seconds == pytest.approx(-0.01), "two who wait for the same piece are one"
            assert there.seconds == 0.0
            await waiting
            while last.tell() < last.size:
                await last.read()
            assert math.inf in [claim.seconds for claim in claims_of(film, loop.time())]
            film.set_paused(True)
            assert claims_of(film, loop.time()) == (), "who is paused needs nothing"
            reader.seek(5 * MB)
            waiting = asyncio.ensure_future(reader.read(1))
            await asyncio.sleep(60)
            film.paused = False
            assert min(claim.seconds for claim in claims_of(film, loop.time())) == -LONGEST
            waiting.cancel()


def test_what_viewers_have_and_need(pair: Make) -> None:
    _claims(pair)


@virtual_time
async def _gone(pair: Make) -> None:
    async with pair() as one:
        await asyncio.sleep(3)
        assert len(one.sharing._counts) == 2
        one.torrents.discard(one.stock)
        await asyncio.sleep(3)
        assert list(one.sharing._counts) == [one.film.info_hash]
        one.sharing.close()
        decided = one.sharing._decided_at
        await asyncio.sleep(3)
        assert one.sharing._decided_at == decided
        assert one.sharing.shares.limits == NOBODY.limits


def test_torrents_that_left_are_forgotten(pair: Make) -> None:
    _gone(pair)
