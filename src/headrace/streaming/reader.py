"""A read head on one file of a torrent.

Rules: only checked bytes leave (unless ``eager`` was asked for); a read that cannot be served waits, it never ends
short of the file's end with nothing; a read ends at a piece border rather than wait for the next piece; what is wanted
follows from the position alone, so a seek only sets it.
"""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from headrace.core.pieces import FileEntry, Layout
from headrace.streaming.conductor import Conductor
from headrace.streaming.waits import ReaderClosed, StreamFailed

__all__ = ["FileSpan", "Reader", "ReaderClosed", "StreamFailed"]

READ_MOST = 1 << 20
"""Bytes that one ``read`` returns at most: an executor hop is only worth it for large ones."""


class FileSpan(NamedTuple):
    """Bytes of a file on disk that may be sent now."""

    path: Path
    offset: int
    size: int


class Reader:
    """Reads one file from ``position`` on. Not for several tasks at once; close it, or its window stays wanted.

    ``eager``: ``off``, ``trusted`` (unchecked blocks of peers whose earlier pieces were right) or ``all``. ``aside``:
    for nobody who watches, so that those who do come first.
    """

    def __init__(
        self,
        conductor: Conductor,
        layout: Layout,
        entry: FileEntry,
        path: Path,
        position: int = 0,
        eager: str = "off",
        *,
        aside: bool = False,
    ) -> None:
        self.size = entry.size
        self.path = path
        self._entry, self._layout, self._conductor, self._eager = entry, layout, conductor, eager
        self._failure: StreamFailed | None = None
        self._closed = False
        position = max(0, position)
        self._past_end = max(0, position - self.size)
        self._place = conductor.enter(entry.offset + min(position, self.size), entry.span.end, aside=aside)

    def tell(self) -> int:
        """The next byte to read."""
        return self._place.position - self._entry.offset + self._past_end

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a byte of the file, as ``io.IOBase.seek``; past the end is allowed and reads nothing there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size}.get(whence)
        if self._closed:
            raise ReaderClosed("the reader is closed")
        if base is None:
            raise ValueError(f"whence is 0, 1 or 2, not {whence}")
        if base + offset < 0:
            raise ValueError("a seek cannot go before the start of the file")
        target = base + offset
        if target != self.tell():
            self._past_end = max(0, target - self.size)
            self._conductor.move(self._place, self._entry.offset + min(target, self.size))
        return target

    async def ready(self, limit: int) -> FileSpan:
        """Wait for at least one byte at the position; at most ``limit`` bytes; of size 0 only at the file's end.

        Raises ``StreamFailed`` if it can never come, ``ReaderClosed`` when closed meanwhile.
        """
        position = self._place.position - self._entry.offset
        if position >= self.size or limit <= 0:
            self._check()
            return FileSpan(self.path, min(position, self.size), 0)
        try:
            while not (count := self._available(limit)):
                await self._conductor.wait(self._place)
        except ReaderClosed:
            self._check()  # woken by what failed this reader alone, or closed indeed
            raise
        finally:
            self._conductor.served(self._place)
        return FileSpan(self.path, position, count)

    def advance(self, count: int) -> None:
        """``count`` bytes of what ``ready`` gave were used."""
        self._conductor.advance(self._place, count)

    async def read(self, n: int = -1) -> bytes:
        """Up to ``n`` bytes (1 MiB if negative); fewer at piece borders; none only at the end of the file."""
        span = await self.ready(READ_MOST if n < 0 else min(n, READ_MOST))
        if not span.size:
            return b""
        data = await asyncio.to_thread(read_span, span)
        self._check()
        self.advance(len(data))
        return data

    @property
    def waiting_since(self) -> float | None:
        """When the present wait began (the event loop's time), or None."""
        return self._place.waiting_since

    def close(self) -> None:
        """End the head at once: its wishes are dropped, a wait in it ends."""
        self._closed = True
        self._conductor.leave(self._place)

    async def aclose(self) -> None:
        """As ``close``."""
        self.close()

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self) -> None:
        if self._closed:
            raise ReaderClosed("the reader is closed")
        if self._failure is not None:
            raise self._failure

    def _available(self, limit: int) -> int:
        self._check()
        here, layout, have = self._place.position, self._layout, self._conductor.torrent.have
        piece, last = layout.piece_at(here), layout.piece_at(self._place.end - 1)
        stop = min(self._place.end, here + limit)
        if have[piece]:
            gap = have.find(0, piece, min(last, layout.piece_at(stop - 1)) + 1)
            return (stop if gap < 0 else min(stop, gap * layout.piece_length)) - here
        if self._conductor.waits.failure is not None:
            raise self._conductor.waits.failure
        return 0 if self._eager == "off" else self._unchecked(piece, here, stop)

    def _unchecked(self, piece: int, here: int, stop: int) -> int:
        start = self._layout.span_of(piece)
        run = self._conductor.early.run(piece, here - start.start, trusted_only=self._eager == "trusted")
        count = min(run, stop - here, start.end - here)
        if count > 0:
            self._conductor.early.served(piece, self._fail)
        return max(0, count)

    def _fail(self, error: StreamFailed) -> None:
        self._failure = error
        self._conductor.waits.close(self._place.id)


def read_span(span: FileSpan) -> bytes:
    """The span's bytes from the disk (blocking); ``StreamFailed`` when the disk does not give them."""
    try:
        with span.path.open("rb", buffering=0) as file:
            file.seek(span.offset)
            data = file.read(span.size)
    except OSError as error:
        raise StreamFailed(f"{span.path.name} cannot be read: {error.strerror}.", kind="disk") from error
    if not data:
        raise StreamFailed(f"{span.path.name} is shorter on disk than what was checked.", "Was it changed meanwhile?")
    return data
