"""Finding a file's container index while its first bytes arrive, and pinning it.

Rules: before anything is known the first and the last piece are pinned (tier 0) and a share at either end is hinted;
what the index parser asks for is pinned too; when it is done, exactly what it found. Only checked pieces are read.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from headrace.core.pieces import FileEntry, Layout
from headrace.core.spans import Span
from headrace.index import IndexInfo, fallback_pins, find_index
from headrace.streaming.conductor import Conductor
from headrace.streaming.reader import FileSpan, read_span

OWNER = -1
"""Waits of the warm-up belong to no reader."""


class WarmUp:
    """One file's index. ``done`` when it is known or known to be unknown; ``info`` then says what it is."""

    def __init__(self, conductor: Conductor, layout: Layout, entry: FileEntry, path: Path) -> None:
        self.info: IndexInfo | None = None
        self.done = asyncio.Event()
        self._conductor, self._layout, self._entry, self._path = conductor, layout, entry, path
        ends = (Span(0, 1), Span(entry.size - 1, entry.size))
        self._pin(ends, fallback_pins(entry.size, layout.piece_length))

    async def run(self) -> None:
        """Walk the container; returns when all that the index needs is pinned (not: has arrived)."""
        want = find_index(self._entry.size)
        try:
            span = next(want)
            while True:
                data = await self._read(span)
                span = want.send(data)
        except StopIteration as done:
            self.info = done.value
        assert self.info is not None
        first = Span(0, min(1, self._entry.size))
        if self.info.complete:
            self._pin((first, *self.info.pins), (Span(self._entry.size - 1, self._entry.size),))
        else:
            self._pin((first, *self.info.pins), fallback_pins(self._entry.size, self._layout.piece_length))
        self.done.set()

    @property
    def pins(self) -> tuple[Span, ...]:
        """What a player needs before it starts, in torrent bytes, as far as it is known now."""
        return self._pins

    def _pin(self, pins: tuple[Span, ...], hints: tuple[Span, ...]) -> None:
        offset, size = self._entry.offset, self._entry.size
        self._pins = tuple(span.clip(size).shift(offset) for span in pins)
        self._conductor.pin(self, self._pins, (span.clip(size).shift(offset) for span in hints))

    async def _read(self, span: Span) -> bytes:
        """These bytes of the file, once their pieces are checked."""
        whole = span.shift(self._entry.offset)
        have = self._conductor.torrent.have
        missing = [piece for piece in self._layout.pieces_of(whole) if not have[piece]]
        if missing:
            ends = (Span(0, 1), Span(self._entry.size - 1, self._entry.size))
            self._pin((*ends, span), fallback_pins(self._entry.size, self._layout.piece_length))
        for piece in missing:
            while not have[piece]:
                await self._conductor.waits.until(piece, OWNER)
        data = b""
        while len(data) < span.size:
            here = span.start + len(data)
            data += await asyncio.to_thread(read_span, FileSpan(self._path, here, span.end - here))
        return data
