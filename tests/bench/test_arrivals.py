from __future__ import annotations

from pathlib import Path

import pytest
from bench.arrivals import BLOCK, LEFT, SENT, Block, Stats, between, in_order, packed, read_blocks, read_events, stats

PIECE = 4 * BLOCK


def sent(*places: tuple[int, int]) -> list[Block]:
    return [Block(float(at), 0, SENT, piece, block) for at, (piece, block) in enumerate(places)]


def test_a_log_is_read_in_order_of_time_and_without_a_torn_end(tmp_path: Path) -> None:
    log = tmp_path / "blocks"
    records = [Block(2.5, 3, SENT, 70_000, 511), Block(1.25, 65_535, SENT, 1, 0), Block(3.0, 3, LEFT, 0, 0)]
    log.write_bytes(b"".join(map(packed, records)) + b"torn")
    assert read_blocks(log) == [records[1], records[0]]
    assert read_events(log) == [records[2]]


def test_a_block_that_was_sent_before_is_wasted_whoever_sent_it() -> None:
    blocks = [*sent((0, 0), (0, 1)), Block(9.0, 5, SENT, 0, 1)]
    assert stats(blocks, PIECE, 10 * PIECE) == Stats(3 * BLOCK, BLOCK, 1.0)


def test_the_last_block_of_a_torrent_may_be_short() -> None:
    assert stats(sent((1, 0), (1, 1), (1, 1)), PIECE, PIECE + BLOCK + 100) == Stats(BLOCK + 200, 100, 1.0)


def test_the_last_block_of_a_small_piece_may_be_short() -> None:
    assert stats(sent((0, 0)), 1000, 5000).sent == 1000


@pytest.mark.parametrize(
    ("pieces", "share"),
    [
        ([0, 1, 2, 3], 1.0),
        ([3, 2, 1, 0], 0.25),
        ([9, 0, 1, 2], 0.75),  # the index first costs no more than itself
        ([0, 1, 9, 2], 0.75),
        ([0, 1, 0, 2], 1.0),  # a later block of a piece does not count
        ([5], 1.0),
    ],
)
def test_the_share_of_pieces_in_order(pieces: list[int], share: float) -> None:
    assert in_order(sent(*((piece, 0) for piece in pieces))) == share


def test_nothing_sent_is_in_no_order() -> None:
    assert in_order([]) is None
    assert stats([], PIECE, PIECE) == Stats(0, 0, None)


def test_between_takes_the_start_and_leaves_the_end() -> None:
    assert [block.at for block in between(sent((0, 0), (0, 1), (0, 2), (0, 3)), 1, 3)] == [1.0, 2.0]
