"""A file as far as it is there: read without waiting, and without making anybody fetch.

Rules: only bytes that were checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headrace.core.pieces import missing_in
from headrace.core.spans import Span
from headrace.streaming.reader import FileSpan, read_span
from headrace.streaming.torrent import File


class There:
    """A ``probe.Source`` that never waits. ``absent`` makes the error for bytes that are not there."""

    def __init__(self, file: File, absent: Callable[[File], Exception]) -> None:
        self.size, self._file, self._absent, self._position = file.size, file, absent, 0

    def seek(self, offset: int) -> int:
        """Move to a byte."""
        self._position = offset
        return offset

    async def read(self, n: int) -> bytes:
        """Bytes from there that were checked; the error when the next one was not."""
        count = self.run(self._position, n)
        if not count:
            if min(self.size, self._position + n) > self._position:
                raise self._absent(self._file)
            return b""
        path = self._file.torrent.handle.path_of(self._file.index)
        data = await asyncio.to_thread(read_span, FileSpan(path, self._position, count))
        self._position += len(data)
        return data

    def run(self, position: int, n: int) -> int:
        """How many of the next ``n`` bytes are there."""
        end = min(self.size, position + n)
        layout, have = self._file.torrent.layout, self._file.torrent.handle.have
        if end <= position or layout is None or not have:
            return 0
        wanted = Span(position, end).shift(self._file.entry.offset)
        gap = next(missing_in(have, layout.pieces_of(wanted)), None)
        stop = wanted.end if gap is None else min(wanted.end, layout.span_of(gap).start)
        return max(0, stop - wanted.start)


class Gapped:
    """The same, ending where it is not there any more, or when ``most`` bytes were read."""

    def __init__(self, file: File, most: int) -> None:
        self._there, self._left = There(file, lambda _: LookupError()), most
        self.size = file.size

    def seek(self, offset: int) -> int:
        """Move to a byte."""
        return self._there.seek(offset)

    async def read(self, n: int) -> bytes:
        """Bytes from there; none at the end, at a gap, or when enough were read."""
        try:
            data = await self._there.read(min(n, self._left))
        except LookupError:
            return b""
        self._left -= len(data)
        return data
