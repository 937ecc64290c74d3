"""Several torrents of one engine, perhaps on one line, and people who watch them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headrace.core.choice import Choice
from headrace.core.spans import Span
from headrace.engine.base import AddRequest
from headrace.http.stats import heads_of
from headrace.streaming.registry import Torrents
from headrace.streaming.sharing import Sharing
from headrace.streaming.torrent import Torrent
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, Downlink, FakeFile, FakePeer, FakeSwarm

KB = 1000
BITRATE = 100 * KB
PIECE = 64 * 1024
SECONDS = 120
SIZE = SECONDS * BITRATE
RTT = 0.05


def movie(size: int, seconds: int, path: str) -> FakeFile:
    """An MP4 (ISO/IEC 14496-12) that says how long it plays, in front."""

    def box(kind: bytes, payload: bytes = b"", length: int = 0) -> bytes:
        return struct.pack(">I4s", length or 8 + len(payload), kind) + payload

    header = box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, seconds * 1000) + bytes(80))
    front = box(b"ftyp", b"isom\0\0\2\0isommp42") + box(b"moov", header)
    return FakeFile(path, size, {0: front + box(b"mdat", length=size - len(front))})


@dataclass
class Viewer:
    """Plays at the film's pace from a place on; ``stalls`` are seconds without a picture after the first one."""

    torrent: Torrent
    content: Content
    place: int
    start: float = 0.0
    stalls: list[float] = field(default_factory=list)
    rate: float = 0.0

    async def watch(self, seconds: int = 25) -> None:
        """Each second of film is to be there when it is due."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self.torrent.files[0].open(self.place) as reader:
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

    @property
    def waited(self) -> float:
        """Seconds without a picture, the start included."""
        return self.start + sum(self.stalls)


class House:
    """A torrent for each group of peers; the films play at ``BITRATE``.

    ``line``: what all of them share. Without ``sharing`` each torrent is on its own. ``stocks``: numbers of those that
    are fetched whole, whoever watches.
    """

    def __init__(
        self,
        folder: Path,
        swarms: Sequence[Sequence[FakePeer]],
        *,
        line: Downlink | None = None,
        sharing: bool = True,
        stocks: Sequence[int] = (),
        size: int = SIZE,
    ) -> None:
        line = line or Downlink()
        self.contents = [
            Content([movie(size + number, size // BITRATE, "")], PIECE, f"film {number}.mp4")
            for number in range(len(swarms))
        ]
        made = zip(self.contents, swarms, strict=True)
        self.engine = FakeEngine(*(FakeSwarm(content, peers, downlink=line) for content, peers in made))
        self.torrents = Torrents()
        self.sharing: Sharing | None = None
        self._shared, self._stocks, self._folder = sharing, stocks, folder

    async def __aenter__(self) -> House:
        self.engine.start()
        self.engine.attach(self.torrents.dispatch)
        for number, content in enumerate(self.contents):
            request = AddRequest(content.info_hash, self._folder / str(number), magnet=content.magnet)
            choice = Choice(on_demand=number not in self._stocks)
            self.torrents.add(Torrent(self.engine.add(request), choice=choice))
        self.sharing = Sharing(self.torrents) if self._shared else None
        for torrent in self.torrents:
            await torrent.metadata(60)
        return self

    async def __aexit__(self, *_: object) -> None:
        for torrent in self.torrents:
            torrent.close()
        await self.engine.aclose()

    def torrent(self, number: int) -> Torrent:
        """By the order of the swarms."""
        return list(self.torrents)[number]

    def viewer(self, number: int, share: float = 0.0) -> Viewer:
        """Of the torrent with this number, from this share of the film on."""
        size = self.contents[number].layout.total_size
        return Viewer(self.torrent(number), self.contents[number], int(size * share) // BITRATE * BITRATE)

    def viewers(self, count: int) -> list[Viewer]:
        """So many for each torrent, at places of their own."""
        return [self.viewer(number, place / count) for number in range(len(self.contents)) for place in range(count)]

    def came(self, number: int) -> int:
        """Bytes of the pieces of a torrent that are there."""
        return sum(self.torrent(number).handle.have) * PIECE


def peers(count: int, rate: float) -> list[FakePeer]:
    """So many that deliver ``rate`` together."""
    return [FakePeer(rate=rate / count, rtt=RTT) for _ in range(count)]
