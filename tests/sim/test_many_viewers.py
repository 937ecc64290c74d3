"""A house full: twenty viewers on five torrents, in virtual time; each torrent has a swarm of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from headrace.core.choice import Choice
from headrace.core.spans import Span
from headrace.engine.base import AddRequest
from headrace.http.stats import heads_of
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent
from headrace.testing.clock import run
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakePeer, FakeSwarm

KB = 1000
BITRATE = 100 * KB
PIECE = 64 * 1024
VIEWERS = 4
SIZE = 12_000 * KB
SECONDS = 25
"""Of film that each watches: a quarter of it, so that nobody meets what another has left."""
PEERS = 10
SPARE = 1.25
"""What a swarm delivers, of what its viewers need together."""


@dataclass
class Viewer:
    """Plays at the film's pace from a place on; ``stalls`` are seconds without a picture after the first one."""

    torrent: Torrent
    content: Content
    place: int
    start: float = 0.0
    stalls: list[float] = field(default_factory=list)
    rate: float = 0.0

    async def watch(self, seconds: int = SECONDS) -> None:
        """Each second of film is to be there when it is due."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self.torrent.file(0).open(self.place) as reader:
            due = asked
            for second in range(seconds):
                await self._second(reader, second)
                late = loop.time() - due
                if second == 0:
                    self.start, due = late, loop.time()
                elif late > 0.001:
                    self.stalls.append(late)
                    due = loop.time()
                due += 1.0
                await asyncio.sleep(max(0.0, due - 1.0 - loop.time()))
            (self.rate,) = [head["rate"] for head in heads_of(self.torrent) if head["position"] == reader.tell()]

    async def _second(self, reader: object, second: int) -> None:
        at, data = self.place + second * BITRATE, b""
        while len(data) < BITRATE:
            data += await reader.read(BITRATE - len(data))  # type: ignore[attr-defined]
        assert data == self.content.read(Span(at, at + BITRATE)), "wrong bytes"


class House:
    """Five torrents of one engine."""

    def __init__(self, folder: Path, rate: float) -> None:
        self.contents = [Content(SIZE + number, PIECE, f"film {number}.bin.mkv") for number in range(5)]
        peers = [FakePeer(rate=int(rate / PEERS), rtt=0.05) for _ in range(PEERS)]
        self.engine = FakeEngine(*(FakeSwarm(content, peers) for content in self.contents))
        self.torrents = Torrents()
        self._folder = folder

    async def __aenter__(self) -> House:
        self.engine.start()
        self.engine.attach(self.torrents.dispatch)
        for number, content in enumerate(self.contents):
            request = AddRequest(content.info_hash, self._folder / str(number), magnet=content.magnet)
            self.torrents.add(Torrent(self.engine.add(request), choice=Choice(on_demand=True)))
        for torrent in self.torrents:
            await torrent.metadata(60)
        return self

    async def __aexit__(self, *_: object) -> None:
        for torrent in self.torrents:
            torrent.close()
        await self.engine.aclose()

    def viewers(self, count: int = VIEWERS) -> list[Viewer]:
        """So many for each torrent, at places of their own."""
        return [
            Viewer(torrent, content, SIZE * number // count)
            for torrent, content in zip(self.torrents, self.contents, strict=True)
            for number in range(count)
        ]


def test_each_of_twenty_gets_its_share(tmp_path: Path) -> None:
    async def story() -> None:
        async with House(tmp_path, BITRATE * VIEWERS * SPARE) as house:
            viewers = house.viewers()
            await asyncio.gather(*(viewer.watch() for viewer in viewers))
            assert len(viewers) == 20
            for viewer in viewers:
                assert viewer.start < 5, viewer.start
                assert sum(viewer.stalls) < 2, viewer.stalls
                assert 0.7 * BITRATE < viewer.rate < 1.5 * BITRATE

    run(story(), limit=600)


def test_who_would_stall_first_comes_first(tmp_path: Path) -> None:
    """Three have read on and have seconds; the one who comes last has nothing, and waits hardly longer than alone."""

    async def story() -> None:
        async with House(tmp_path, BITRATE * VIEWERS * SPARE) as house:
            first = house.viewers()[:VIEWERS]
            tasks = [asyncio.ensure_future(viewer.watch()) for viewer in first[:3]]
            await asyncio.sleep(10)
            await first[3].watch(5)
            assert first[3].start < 1.5
            assert sum(first[3].stalls) < 0.5, first[3].stalls
            await asyncio.gather(*tasks)
            for viewer in first[:3]:
                assert sum(viewer.stalls) < 2, viewer.stalls

    run(story(), limit=600)


def test_who_pauses_for_an_hour_goes_on(tmp_path: Path) -> None:
    """The others watch meanwhile, and nothing of the pause is a wait."""

    async def story() -> None:
        async with House(tmp_path, BITRATE * VIEWERS * SPARE) as house:
            torrent, content = next(iter(house.torrents)), house.contents[0]
            loop = asyncio.get_running_loop()
            async with torrent.file(0).open() as paused:
                await paused.read(BITRATE)
                at = paused.tell()
                await asyncio.gather(*(viewer.watch() for viewer in house.viewers()[1:VIEWERS]))
                await asyncio.sleep(3600)
                (head,) = heads_of(torrent)
                assert (head["position"], head["waiting"], head["rate"]) == (at, None, 0)
                began = loop.time()
                assert await paused.read(1000) == content.read(Span(at, at + 1000))
                assert loop.time() - began < 0.1

    run(story(), limit=8000)
