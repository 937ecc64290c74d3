from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import BLOCK, Layout
from headrace.engine.readiness import Readiness

BLOCKS = 3
PIECES = 4
LAYOUT = Layout("t", BLOCKS * BLOCK, (PIECES - 1) * BLOCKS * BLOCK + BLOCK + 1, ())
"""Three whole pieces, and a last one of a block and a byte."""


@pytest.fixture
def ready() -> Readiness:
    made = Readiness()
    made.start(LAYOUT, {})
    return made


def fetch(ready: Readiness, piece: int, blocks: int = BLOCKS, sender: object = None) -> list[bool]:
    for block in range(blocks):
        ready.asked(piece, block)
    return [ready.written(piece, block, sender) for block in range(blocks)]


def test_nothing_is_had_before_the_metadata_and_nothing_at_first_after_it() -> None:
    made = Readiness()
    assert made.have == b""
    have = made.have
    made.start(LAYOUT, {})
    assert have is made.have, "who looked before the metadata sees the pieces too"
    assert have == bytes(PIECES)


def test_a_piece_that_passed_waits_for_its_writes(ready: Readiness) -> None:
    for block in range(BLOCKS):
        ready.asked(1, block)
    assert [ready.written(1, 0), ready.written(1, 2)] == [False, False]
    assert not ready.passed(1)
    assert not ready.have[1]
    assert ready.written(1, 1)
    assert ready.have == bytes([0, 1, 0, 0])


def test_a_piece_that_is_written_waits_for_its_hash(ready: Readiness) -> None:
    assert fetch(ready, 2) == [False] * BLOCKS
    assert ready.passed(2)
    assert ready.have[2]


def test_the_last_piece_has_fewer_blocks(ready: Readiness) -> None:
    assert fetch(ready, PIECES - 1, 2) == [False, False]
    assert ready.passed(PIECES - 1)


def test_ready_is_told_once(ready: Readiness) -> None:
    fetch(ready, 0)
    assert ready.passed(0)
    assert not ready.passed(0)
    assert not ready.written(0, 1)
    assert ready.have[0] == 1


def test_a_block_that_is_asked_for_again_is_void(ready: Readiness) -> None:
    fetch(ready, 0)
    ready.asked(0, 1)
    assert not ready.passed(0)
    assert ready.written(0, 1)


def test_of_a_wrong_piece_only_what_is_asked_for_again_must_be_written_again(ready: Readiness) -> None:
    """v2 knows which blocks were wrong (BEP 52): libtorrent keeps the others."""
    fetch(ready, 0)
    ready.failed(0)
    assert not ready.have[0]
    ready.asked(0, 2)
    assert not ready.written(0, 2), "written again, but not checked again"
    assert ready.passed(0)


def test_a_pass_before_the_failure_counts_no_more(ready: Readiness) -> None:
    for block in range(BLOCKS):
        ready.asked(0, block)
    ready.written(0, 0)
    ready.passed(0)
    ready.failed(0)
    assert not ready.written(0, 1)
    assert not ready.written(0, 2)
    assert ready.passed(0)


# flushing
def test_a_flush_makes_ready_what_had_passed_when_it_began(ready: Readiness) -> None:
    assert not ready.flush_begins(), "nothing is waited for"
    for block in range(BLOCKS):
        ready.asked(1, block)
    ready.passed(1)
    assert ready.flush_begins()
    ready.asked(2, 0)
    ready.passed(2)
    assert ready.flushed() == [1]
    assert ready.have == bytes([0, 1, 0, 0])
    assert ready.flushed() == []
    assert ready.flush_begins(), "the other is waited for still"


def test_a_piece_that_failed_during_a_flush_is_not_ready_by_it(ready: Readiness) -> None:
    fetch(ready, 0)
    ready.asked(0, 1)
    ready.passed(0)
    ready.flush_begins()
    ready.failed(0)
    ready.asked(0, 2)
    ready.passed(0)
    assert ready.flushed() == []
    ready.written(0, 1)
    assert ready.written(0, 2)


# resume
def test_blocks_that_lay_on_the_disk_need_not_come_again() -> None:
    made = Readiness()
    made.start(LAYOUT, {1: [True, False, True], 0: []})
    assert made.asked(1, 1), "all that was missing is asked for"
    made.written(1, 1)
    assert made.passed(1)
    assert fetch(made, 0) == [False] * BLOCKS


def test_what_checking_found_is_ready_at_once(ready: Readiness) -> None:
    assert ready.found([0, 3]) == [0, 3]
    assert ready.have == bytes([1, 0, 0, 1])


def test_what_was_asked_for_meanwhile_is_not_found(ready: Readiness) -> None:
    """Between the check and its answer a piece may have come and passed, with blocks still to be written."""
    for block in range(BLOCKS):
        ready.asked(1, block)
    ready.passed(1)
    assert ready.found([0, 1]) == [0]
    assert [ready.written(1, block) for block in range(BLOCKS)] == [False, False, True]


def test_what_was_ready_is_not_found_again(ready: Readiness) -> None:
    fetch(ready, 0)
    ready.passed(0)
    assert ready.found(iter([0, 2])) == [2]
    assert ready.found([0, 2]) == []


def test_finding_a_piece_ends_what_was_known_of_its_blocks() -> None:
    made = Readiness()
    made.start(LAYOUT, {0: [True, False, False]})
    assert made.found([0]) == [0]
    assert not made.passed(0)


# what peers were asked for
def test_taken_is_told_with_the_last_block(ready: Readiness) -> None:
    assert [ready.asked(0, block) for block in (2, 0, 1)] == [False, False, True]
    assert not ready.asked(0, 1), "a second peer is asked for the same block"
    assert ready.in_flight() == (0,)


def test_written_blocks_count_as_asked_for(ready: Readiness) -> None:
    ready.asked(0, 0)
    ready.written(0, 0)
    ready.asked(0, 1)
    ready.withdrawn([0])
    assert [ready.asked(0, 1), ready.asked(0, 2)] == [False, True]


def test_taken_is_told_again_after_a_withdrawal_or_a_failure(ready: Readiness) -> None:
    for end in (lambda: ready.withdrawn([0, 2]), lambda: ready.failed(0)):
        assert [ready.asked(0, block) for block in range(BLOCKS)][-1]
        end()
        assert ready.in_flight() == ()
    assert [ready.asked(0, block) for block in range(BLOCKS)] == [False, False, True]


def test_a_ready_piece_is_in_flight_no_more(ready: Readiness) -> None:
    ready.asked(1, 0)
    fetch(ready, 0)
    ready.passed(0)
    assert ready.in_flight() == (1,)


# whom to trust
def test_trust_is_earned_by_a_right_piece_and_lost_by_a_wrong_one(ready: Readiness) -> None:
    assert not ready.trusted("ann")
    fetch(ready, 0, sender="ann")
    assert not ready.trusted("ann"), "not checked yet"
    ready.passed(0)
    assert ready.trusted("ann")
    assert not ready.trusted("bob")
    fetch(ready, 1, sender="bob")
    ready.written(1, 0, "ann")
    ready.failed(1)
    assert not ready.trusted("ann")
    assert not ready.trusted("bob")
    fetch(ready, 2, sender="ann")
    ready.passed(2)
    assert not ready.trusted("ann"), "once wrong is enough"


def test_only_who_sent_something_of_the_piece_is_judged_by_it(ready: Readiness) -> None:
    fetch(ready, 0, sender="ann")
    ready.written(1, 0, "bob")
    ready.passed(0)
    ready.failed(1)
    assert ready.trusted("ann")
    assert not ready.trusted("bob")
    assert not ready.trusted(None)


# any course of events
@dataclass
class Model:
    """What is so, kept in the plainest way."""

    on_disk: set[tuple[int, int]] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    ready: set[int] = field(default_factory=set)

    def settle(self) -> None:
        for piece in range(PIECES):
            blocks = {(piece, block) for block in range(2 if piece == PIECES - 1 else BLOCKS)}
            if piece in self.passed and blocks <= self.on_disk:
                self.ready.add(piece)


pieces = st.integers(0, PIECES - 1)
blocks = st.tuples(pieces, st.integers(0, BLOCKS - 1)).filter(lambda at: at != (PIECES - 1, BLOCKS - 1))
courses = st.lists(
    st.tuples(st.sampled_from(["asked", "written"]), blocks) | st.tuples(st.sampled_from(["passed", "failed"]), pieces),
    max_size=60,
)


@given(courses)
def test_a_piece_is_ready_when_it_passed_and_all_that_was_asked_for_is_written(
    course: list[tuple[str, tuple[int, int] | int]],
) -> None:
    made, model = Readiness(), Model()
    made.start(LAYOUT, {})
    for what, where in course:
        piece = where[0] if isinstance(where, tuple) else where
        if piece in model.ready:
            continue  # libtorrent says nothing more of it
        arguments = where if isinstance(where, tuple) else (where,)
        told = getattr(made, what)(*arguments)
        if what == "asked":
            model.on_disk.discard(where)  # type: ignore[arg-type]
            model.passed.discard(piece)
        elif what == "written":
            model.on_disk.add(where)  # type: ignore[arg-type]
        elif what == "passed":
            model.passed.add(piece)
        else:
            model.passed.discard(piece)
        model.settle()
        assert {p for p in range(PIECES) if made.have[p]} == model.ready
        if what in ("written", "passed"):
            assert told == (piece in model.ready)


def test_a_flush_proves_nothing_of_what_passed_before_a_write_failed(ready: Readiness) -> None:
    ready.asked(1, 0)
    ready.passed(1)
    ready.disk_failed()
    assert ready.flush_begins()
    assert ready.flushed() == [], "the block that could not be written may be one of it"
    ready.passed(1)
    assert ready.flush_begins()
    assert ready.flushed() == [1], "it was fetched and checked once more"


def test_what_a_failed_write_left_in_doubt_is_looked_for_on_the_disk(ready: Readiness) -> None:
    ready.found([])
    for piece in range(PIECES):
        ready.asked(piece, 0)
        ready.passed(piece)
        assert not ready.in_doubt
    ready.disk_failed()
    assert ready.in_doubt, "libtorrent has all of them, and asks for nothing more"
    ready.flush_begins()
    ready.checks_anew()
    assert not ready.in_doubt
    assert ready.flushed() == [], "what was asked before is answered, and says nothing"
    assert fetch(ready, 1) == [False] * BLOCKS
    assert ready.found([0, 1, 2]) == [0, 2], "of what was asked for since, the files say nothing yet"
    assert ready.passed(1)


def test_a_piece_that_is_fetched_anew_must_pass_anew(ready: Readiness) -> None:
    """After a failed write libtorrent fetches a piece that had passed once more, perhaps from somebody who lies."""
    assert fetch(ready, 1, BLOCKS - 1) == [False] * (BLOCKS - 1)
    ready.asked(1, BLOCKS - 1)
    assert not ready.passed(1)
    ready.disk_failed()
    assert fetch(ready, 1) == [False] * BLOCKS
    assert not ready.flush_begins()
    assert ready.passed(1)


def test_who_has_passed_last_is_asked_about_although_libtorrent_was_finished_before(ready: Readiness) -> None:
    """It may be one that is not wanted any more; of its last blocks libtorrent, a seed by then, tells nothing."""
    for piece in (1, 2):
        fetch(ready, piece)
        assert ready.passed(piece)
    ready.asked(3, 0)
    ready.passed(3)
    ready.finished()
    assert not ready.all_passed
    assert ready.flush_begins() == 2
    ready.asked(0, 0)
    ready.passed(0)
    assert ready.all_passed
    assert ready.flush_begins() == 0
    assert ready.flushed() == []
    assert ready.flushed() == [3]
    assert ready.flush_again
    assert ready.flush_begins() == 2, "one answer may still be due"
    assert ready.flushed() == []
    assert ready.flushed() == [0]
