"""The log of the blocks that the lab's peers sent, and what can be said from it.

Rules: reading and arithmetic only. A record is written when a peer hands a block to its network stack: a block that was
cancelled or cut off on its way counts as sent. Times are those of CLOCK_MONOTONIC, in seconds; a block is 16 KiB.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

RECORD = struct.Struct("<dHHIH")
"""Time, number of the peer, flags, piece, block in the piece."""
SENT, LEFT, STALLED, CHOKED, UNCHOKED = range(5)
"""Flags of a record. All but the first say what a peer did; piece and block are 0 then."""
BLOCK = 1 << 14


class Block(NamedTuple):
    """One record: a block that was sent, mostly."""

    at: float
    peer: int
    flags: int
    piece: int
    block: int
    """In its piece, from 0."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Over all peers."""

    sent: int
    """Bytes, each as often as it was sent."""
    wasted: int
    """Of that, what had been sent before."""
    in_order: float | None
    """See ``in_order``."""


def packed(block: Block) -> bytes:
    """One record of the log."""
    return RECORD.pack(*block)


def records_from(data: bytes) -> list[Block]:
    """In order of time. A record at the end that is not whole is left out: the log may still be written."""
    whole = len(data) - len(data) % RECORD.size
    return sorted(Block(*record) for record in RECORD.iter_unpack(data[:whole]))


def read_blocks(path: Path) -> list[Block]:
    """All blocks that were sent."""
    return [record for record in records_from(path.read_bytes()) if record.flags == SENT]


def read_events(path: Path) -> list[Block]:
    """All else that peers did: they left, stalled, choked, unchoked."""
    return [record for record in records_from(path.read_bytes()) if record.flags != SENT]


def block_size(block: Block, piece_length: int, total: int) -> int:
    """Bytes of a block: the torrent's last one may be short."""
    return min(BLOCK, piece_length - block.block * BLOCK, total - block.piece * piece_length - block.block * BLOCK)


def stats(blocks: Sequence[Block], piece_length: int, total: int) -> Stats:
    """``piece_length`` and ``total``, the size of all files, in bytes."""
    seen: set[tuple[int, int]] = set()
    sent = wasted = 0
    for block in blocks:
        size = block_size(block, piece_length, total)
        sent += size
        if (block.piece, block.block) in seen:
            wasted += size
        seen.add((block.piece, block.block))
    return Stats(sent, wasted, in_order(blocks))


def between(blocks: Iterable[Block], start: float, end: float) -> list[Block]:
    """Those that were sent in a span of time."""
    return [block for block in blocks if start <= block.at < end]


def in_order(blocks: Iterable[Block]) -> float | None:
    """Share of pieces whose first block was sent in rising order: the longest rising sequence among all pieces in the
    order of their first blocks. A few pieces from elsewhere (the index) cost no more than themselves. None: no pieces.
    """
    pieces = list(dict.fromkeys(block.piece for block in sorted(blocks)))
    if not pieces:
        return None
    ends: list[int] = []  # ends[n]: the least piece that a rising sequence of n + 1 pieces can end with
    for piece in pieces:
        place = bisect_left(ends, piece)
        ends[place : place + 1] = [piece]
    return len(ends) / len(pieces)
