"""Padding (BEP 47) in ``Readiness``: libtorrent never asks for blocks that hold nothing else."""

from __future__ import annotations

from headrace.core.pieces import BLOCK, FileEntry, Layout
from headrace.engine.readiness import Readiness

PIECE = 4 * BLOCK


def padded(size: int, pad: int, tail: int = 0) -> Readiness:
    """A file, padding, and perhaps another file."""
    files = (FileEntry(0, "a", size, 0), FileEntry(1, ".pad/1", pad, size, pad=True))
    last = (FileEntry(2, "b", tail, size + pad),) if tail else ()
    made = Readiness()
    made.start(Layout("p", PIECE, size + pad + tail, (*files, *last)), {})
    return made


def ask(readiness: Readiness, piece: int, blocks: range) -> None:
    for block in blocks:
        readiness.asked(piece, block)


def write(readiness: Readiness, piece: int, blocks: range) -> list[bool]:
    return [readiness.written(piece, block) for block in blocks]


def test_blocks_of_nothing_but_padding_are_not_waited_for() -> None:
    made = padded(2 * BLOCK + 1, 2 * BLOCK - 1, PIECE)
    assert [made.asked(0, block) for block in range(3)] == [False, False, True]
    for block in range(3):
        assert not made.written(0, block)
    assert made.passed(0)
    ask(made, 1, range(4))
    assert write(made, 1, range(3)) == [False] * 3
    assert not made.passed(1)
    assert write(made, 1, range(3, 4)) == [True]


def test_padding_at_the_end_of_the_torrent() -> None:
    made = padded(PIECE + 1, BLOCK)
    ask(made, 1, range(1))
    assert write(made, 1, range(1)) == [False]
    assert made.passed(1)


def test_a_piece_of_nothing_but_padding() -> None:
    made = padded(PIECE, PIECE, PIECE)
    assert made.passed(1)
    assert made.have == b"\0\1\0"


def test_padding_that_ends_within_a_piece_is_fetched_like_any_bytes() -> None:
    made = padded(PIECE - BLOCK, 2 * BLOCK, PIECE)
    ask(made, 0, range(4))
    assert write(made, 0, range(3)) == [False] * 3
    assert not made.passed(0)
    assert write(made, 0, range(3, 4)) == [True]
