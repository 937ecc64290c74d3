"""Finding a file's container index while its first bytes arrive, and pinning it.

Rules: before anything is known the first piece is pinned (tier 0) and a share at either end, the last piece first, is
hinted; what the index parser asks for is pinned too; when it is done, exactly what it found, and what a player reads
before its first frame is hinted: where nobody reads yet, nothing else would bring it. The parser is sent blocks as
soon as they are in the file, before their piece is checked: they only decide what is fetched first, and never leave
the process. If one of them proves wrong, the walk begins again.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from headrace.core.pieces import FileEntry, Layout
from headrace.core.planner import CRITICAL_BYTES
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
        self._used: set[int] = set()
        self._first, self._last = Span(0, 1), Span(entry.size - 1, entry.size)
        self._guess = (self._last, *fallback_pins(entry.size, layout.piece_length))
        self._pin((self._first,), self._guess)

    async def run(self) -> None:
        """Walk the container; returns when all that the index needs is pinned (not: has arrived)."""
        self._conductor.torrent.report_blocks(True)
        try:
            self.info = await self._walk()
        finally:
            self._conductor.torrent.report_blocks(False)
        if self.info.complete:
            self._pin((self._first, *self.info.pins), (Span(0, CRITICAL_BYTES), self._last))
        else:
            self._pin((self._first, *self.info.pins, self._last), self._guess)
        self.done.set()

    def doubts(self, piece: int) -> bool:
        """Whether the piece, which proved wrong, was believed."""
        return piece in self._used

    async def _walk(self) -> IndexInfo:
        want = find_index(self._entry.size)
        try:
            span = next(want)
            while True:
                span = want.send(await self._read(span))
        except StopIteration as done:
            info: IndexInfo = done.value
            return info

    @property
    def pins(self) -> tuple[Span, ...]:
        """What a player needs before it starts, in torrent bytes, as far as it is known now."""
        return self._pins

    def _pin(self, pins: tuple[Span, ...], hints: tuple[Span, ...]) -> None:
        offset, size = self._entry.offset, self._entry.size
        self._pins = tuple(span.clip(size).shift(offset) for span in pins)
        self._conductor.pin(self, self._pins, (span.clip(size).shift(offset) for span in hints))

    async def _read(self, span: Span) -> bytes:
        """These bytes of the file, once they are in it."""
        whole = span.shift(self._entry.offset)
        pieces = self._layout.pieces_of(whole)
        if not all(self._there(piece, whole) for piece in pieces):
            # what is looked for near the end is an index that runs to the end: its length comes a round trip later
            near_end = any(guess.start <= span.start and guess.end >= self._entry.size for guess in self._guess[1:])
            self._pin((self._first, Span(span.start, self._entry.size) if near_end else span), self._guess)
        for piece in pieces:
            while not self._there(piece, whole):
                await self._conductor.waits.until(piece, OWNER)
        data = b""
        while len(data) < span.size:
            here = span.start + len(data)
            data += await asyncio.to_thread(read_span, FileSpan(self._path, here, span.end - here))
        return data

    def _there(self, piece: int, whole: Span) -> bool:
        """Whether the part of the piece that lies in the span is in the file."""
        if self._conductor.torrent.have[piece]:
            return True
        self._used.add(piece)
        bounds = self._layout.span_of(piece)
        start = max(whole.start, bounds.start) - bounds.start
        needed = min(whole.end, bounds.end) - bounds.start - start
        return self._conductor.early.run(piece, start, trusted_only=False) >= needed
