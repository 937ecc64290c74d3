"""Half-open byte ranges: ``start <= byte < end``."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of bytes ``[start, end)``."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of bytes, never negative."""
        return max(0, self.end - self.start)

    def clip(self, size: int) -> Span:
        """The part of this span that lies in ``[0, size)``; may be empty."""
        start = min(max(0, self.start), size)
        return Span(start, max(start, min(self.end, size)))

    def shift(self, offset: int) -> Span:
        """This span moved by ``offset`` bytes."""
        return Span(self.start + offset, self.end + offset)
