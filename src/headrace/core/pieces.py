"""Where files lie in a torrent's pieces.

Rules: a torrent is one run of bytes, cut into pieces of ``piece_length`` (the last may be shorter); files follow
one another in it (BEP 3; pad files of BEP 47 included, so that offsets add up). File indexes are the torrent's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from headrace.core.spans import Span

BLOCK = 16 * 1024
"""Bytes in one request (BEP 3)."""


class FileEntry(Struct, frozen=True):
    """One file of a torrent. ``path`` is relative, with ``/`` between parts; ``size`` and ``offset`` in bytes."""

    index: int
    path: str
    size: int
    offset: int
    pad: bool = False

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def span(self) -> Span:
        """The file's bytes in the torrent."""
        return Span(self.offset, self.offset + self.size)


class Layout(Struct, frozen=True):
    """A torrent's metadata as far as streaming needs it. Sizes in bytes."""

    name: str
    piece_length: int
    total_size: int
    files: tuple[FileEntry, ...]

    @property
    def num_pieces(self) -> int:
        """How many pieces the torrent has."""
        return -(-self.total_size // self.piece_length)

    def piece_at(self, offset: int) -> int:
        """The piece that holds the torrent's byte ``offset``."""
        return offset // self.piece_length

    def pieces_of(self, span: Span) -> range:
        """The pieces that hold a span of the torrent's bytes; empty for an empty span."""
        if span.end <= span.start:
            return range(0)
        return range(span.start // self.piece_length, (span.end - 1) // self.piece_length + 1)

    def span_of(self, piece: int) -> Span:
        """The torrent's bytes that one piece covers."""
        return Span(piece * self.piece_length, min((piece + 1) * self.piece_length, self.total_size))

    def file(self, index: int) -> FileEntry:
        """The file with the torrent's index ``index``; ``KeyError`` when there is none."""
        for entry in self.files:
            if entry.index == index:
                return entry
        raise KeyError(index)

    def listed(self) -> Iterator[FileEntry]:
        """The files that a person would list: all but pad files."""
        return (entry for entry in self.files if not entry.pad)


def missing_in(have: bytearray | bytes, pieces: range) -> Iterator[int]:
    """Which of these pieces are not there, in order; ``have`` is one byte per piece, 1 where it is."""
    piece = have.find(0, pieces.start, pieces.stop)
    while piece >= 0:
        yield piece
        piece = have.find(0, piece + 1, pieces.stop)
