from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import BLOCK
from headrace.streaming.eager import EarlyBlocks
from headrace.streaming.waits import StreamFailed

arrivals = st.dictionaries(st.integers(0, 4), st.booleans())


@given(arrivals, st.integers(0, 6 * BLOCK), st.booleans())
def test_a_run_ends_at_the_first_block_that_is_not_there(
    blocks: dict[int, bool], offset: int, trusted_only: bool
) -> None:
    early = EarlyBlocks()
    for block, trusted in blocks.items():
        early.arrived(7, block, trusted)
    usable = {block for block, trusted in blocks.items() if trusted or not trusted_only}
    stop = offset // BLOCK
    while stop in usable:
        stop += 1
    assert early.run(7, offset, trusted_only=trusted_only) == max(0, stop * BLOCK - offset)
    assert early.run(8, offset, trusted_only=trusted_only) == 0


def test_who_was_served_from_a_wrong_piece_is_told_once() -> None:
    early, told = EarlyBlocks(), []
    early.arrived(1, 0, False)
    early.arrived(2, 0, True)
    early.served(1, told.append)
    early.served(1, told.append)
    early.served(2, print)
    for owner in early.disproven(1):
        owner(StreamFailed("wrong"))
    assert len(told) == 1
    assert early.disproven(1) == set()
    assert early.run(1, 0, trusted_only=False) == 0, "its blocks are void"
    assert early.run(2, 0, trusted_only=True) == BLOCK


def test_a_right_piece_clears_who_was_served() -> None:
    early = EarlyBlocks()
    early.arrived(1, 0, True)
    early.served(1, print)
    early.proven([1, 5])
    assert early.disproven(1) == set()
    assert early.run(1, 0, trusted_only=True) == 0
