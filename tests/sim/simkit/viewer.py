"""A player: reads ranges like one, plays at the film's pace, and notes when it had to wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from headrace.streaming.reader import Reader

if TYPE_CHECKING:
    from headrace.streaming.torrent import File
    from simkit.sim import Sim

STEP = 64 * 1024
AHEAD = 2.0
"""Seconds that a player reads ahead of what it shows."""
HAIR = 0.001
"""Seconds: less is no stall."""


class Stall(NamedTuple):
    at: float
    seconds: float


class Viewer:
    """Watches one file through readers; every byte that it gets is held against the film."""

    def __init__(self, sim: Sim, file: File, name: str, eager: str | None) -> None:
        self.sim, self.file, self.name, self.eager = sim, file, name, eager
        self.bitrate = sim.bitrate_of(file.index)
        self.reader: Reader | None = None
        self.stalls: list[Stall] = []
        self.read_bytes = 0

    @property
    def position(self) -> int:
        assert self.reader is not None
        return self.reader.tell()

    def open(self, position: int = 0) -> None:
        """A new request, as players make them: the one before is over."""
        self.close()
        self.reader = self.file.open(position, self.eager)
        self.sim.note(f"{self.name} opens at {position}")

    def seek(self, position: int) -> None:
        """Within the same reader, as our own callers do."""
        assert self.reader is not None
        self.reader.seek(position)
        self.sim.note(f"{self.name} seeks to {position}")

    def close(self) -> None:
        if self.reader is not None:
            self.sim.note(f"{self.name} closes at {self.position}")
            self.reader.close()
            self.reader = None

    def byte_at(self, share: float) -> int:
        return int(self.file.size * share)

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes, fewer at the end of the file only; right ones."""
        assert self.reader is not None
        start, data = self.position, b""
        while len(data) < count and (part := await self.reader.read(count - len(data))):
            data += part
        assert data == self.sim.truth(self.file.index, start, count), f"wrong bytes at {start}"
        self.read_bytes += len(data)
        return data

    async def first_byte(self) -> float:
        """Seconds until one byte is there at the position."""
        began = self.sim.now()
        await self.read(1)
        self.sim.note(f"{self.name} has its first byte")
        return self.sim.now() - began

    async def start(self) -> float:
        """As ffmpeg opens a file: its head, its index wherever it is, its head again. Seconds until it could play."""
        began = self.sim.now()
        self.open()
        await self.read(STEP)
        for pin in self.sim.film_of(self.file.index).info.pins:
            if pin.start > self.position:
                self.open(pin.start)
                await self.read(pin.size)
                self.open()
        await self.read(4 * STEP)
        self.sim.note(f"{self.name} shows the first picture")
        return self.sim.now() - began

    async def play(self, seconds: float) -> list[Stall]:
        """Play on; returns the stalls of this stretch."""
        before = len(self.stalls)
        end, shown = min(self.file.size, self.position + seconds * self.bitrate), self.sim.now()
        while self.position < end:
            count = len(await self.read(int(min(STEP, end - self.position) + 1)))
            late = self.sim.now() - shown
            if late > HAIR and self.read_bytes > count:
                self.stalls.append(Stall(self.sim.now(), late))
                self.sim.note(f"{self.name} stalled for {late:.3f} s")
            shown = max(shown, self.sim.now()) + count / self.bitrate
            if shown - self.sim.now() > AHEAD:
                await asyncio.sleep(shown - self.sim.now() - AHEAD)
        await asyncio.sleep(max(0.0, shown - self.sim.now()))
        return self.stalls[before:]
