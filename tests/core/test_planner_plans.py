"""Single plans, read closely: what is handed, in which order and at which tier, in the same small world."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace
from plankit import PIECE, PIECES, PLENTY, TOTAL, head, small_world, world

from headrace.core import planner
from headrace.core.heads import Head
from headrace.core.pieces import Layout
from headrace.core.planner import Plan, Rates, World, buffered, handed_bytes, plan, tier_reach
from headrace.core.spans import Span

__all__ = ["small_world"]


def test_a_start_asks_for_the_first_bytes_then_the_pins_and_what_lies_behind_them() -> None:
    start = world(heads=[head(0, waiting=True, fresh=True)], pins=(Span(199, 200),), goals=(range(PIECES),))
    assert plan(start, 0.0) == Plan((0, 1, 12), (1, 1, 0), jump=0)
    asked = replace(start, taken=frozenset({0, 1, 12}), rates=PLENTY)
    assert plan(asked, 0.0).wanted == (0, 1, 12, 2, 3, 4, 5, 6), "what was asked for whole withholds nothing"


def test_tiers_follow_the_distance_from_the_head() -> None:
    reading = world(heads=[head(8)], rates=PLENTY, goals=(range(PIECES),))
    assert plan(reading, 9.0) == Plan((0, 1, 2, 3, 4, 5, 6, 7), (1, 1, 1, 1, 2, 2, 2, 3))
    assert plan(replace(reading, have=world(have=range(7)).have), 9.0) == Plan(
        (7, 8, 9, 10, 11, 12), (3, 3, 3, 3, 3, 3)
    )


def test_tiers_reach_further_when_the_bitrate_asks_for_it() -> None:
    assert tier_reach(Rates(0.0, 0.0)) == (48, 96)
    assert tier_reach(Rates(0.0, 20.0)) == (48, 120)
    assert tier_reach(Rates(0.0, 30.0)) == (60, 180)
    fast = world(heads=[head(0)], rates=Rates(1e9, 30.0))
    assert plan(fast, 0.0).tiers == (1, 1, 1, 1, 2, 2, 2, 2)


def test_what_is_handed_follows_the_delivery() -> None:
    assert handed_bytes(world()) == 40, "the start, while nothing is known"
    assert handed_bytes(replace(world(total=4000), layout=Layout("t", 32, 4000, ()))) == 64, "two pieces at least"
    assert handed_bytes(world(rates=Rates(0.5))) == 32 + PIECE
    assert handed_bytes(world(rates=Rates(20.0))) == 32 + PIECE
    assert handed_bytes(world(rates=Rates(100.0))) == 50 + PIECE
    assert handed_bytes(world(rates=Rates(1e6))) == 112 + PIECE


SEEKING, READING, COMFORTABLE = 40, 80, 120
"""Bytes that are handed of 80 a second."""


@pytest.mark.parametrize(
    ("have", "heads", "expected"),
    [
        (range(3), [head(0)], COMFORTABLE),
        (range(2), [head(0)], READING),
        (range(3), [head(1)], READING),
        (range(3), [head(0, waiting=True)], READING),
        (range(3), [head(0, fresh=True)], SEEKING),
        (range(3), [head(0), head(100, id=2)], READING),
        (range(3), [head(0), head(100, id=2, fresh=True)], SEEKING),
        ([*range(3), 11, 12], [head(0), head(180, id=2)], COMFORTABLE),
        ([12], [head(TOTAL - 1)], COMFORTABLE),
        ([], [Head(1, 32, 32, 0.0, fresh=False)], COMFORTABLE),
        (range(3), [head(0), head(100, id=2, hungry=True)], COMFORTABLE),
        (range(3), [head(0, fresh=True), head(100, id=2, hungry=True)], SEEKING),
        (range(3), [], SEEKING),
    ],
)
def test_more_is_handed_while_heads_read_on_and_most_once_they_need_throughput(
    have: Iterable[int], heads: list[Head], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "CEILING_BYTES", 1000)
    one = world(have, heads, rates=Rates(80.0))
    assert handed_bytes(one) == expected + PIECE
    assert handed_bytes(replace(one, idle=True)) == COMFORTABLE + PIECE, "nobody reads: no seek is likely"


@pytest.mark.parametrize(
    ("position", "end", "have", "ready"),
    [
        (0, TOTAL, [], 0),
        (0, TOTAL, [0], 16),
        (5, TOTAL, [0, 1, 3], 27),
        (5, 20, [0, 1], 15),
        (5, 20, [0], 11),
        (TOTAL, TOTAL, [12], 0),
        (199, TOTAL, range(PIECES), 1),
        (0, TOTAL, range(PIECES), TOTAL),
        (0, 16, [0], 16),
        (0, 17, [0], 16),
        (40, 40, [], 0),
    ],
)
def test_buffered_counts_what_lies_ready_without_a_gap(
    position: int, end: int, have: Iterable[int], ready: int
) -> None:
    assert buffered(world(have), Head(1, position, end, 0.0)) == ready


def test_a_fresh_seek_has_the_swarm_to_itself_for_a_moment() -> None:
    old = head(0, waiting=True, since=1.0, id=1)
    sought = head(160, waiting=True, fresh=True, since=10.0, id=2)
    both = world(heads=[old, sought])
    assert plan(both, 10.0 + planner.FRESH_SECONDS - 0.1).wanted == (10, 11, 12)
    assert plan(both, 10.0 + planner.FRESH_SECONDS).wanted == (10, 11, 0, 1)
    served = replace(both, heads=(old, replace(sought, fresh=False)))
    assert plan(served, 10.0).wanted == (10, 11, 0, 1), "its first byte came: the others' turn"


def test_after_a_seek_one_piece_more_is_handed_when_peers_were_asked_for_all_of_it() -> None:
    sought = head(96, waiting=True, fresh=True, since=5.0)
    one = world(heads=[sought], goals=(range(PIECES),), rates=PLENTY)
    assert plan(one, 5.0) == Plan((6, 7, 8), (1, 1, 1), jump=6)
    assert plan(replace(one, taken=frozenset({6, 8})), 5.0).wanted == (6, 7, 8)
    assert plan(replace(one, heads=(replace(sought, position=100),)), 5.0).wanted == (6, 7, 8), "not all of tier 1"
    assert plan(replace(one, taken=frozenset({6, 7, 8})), 5.0).wanted == (6, 7, 8, 9)
    assert plan(replace(one, taken=frozenset({6, 7, 8, 9})), 5.0).wanted == (6, 7, 8, 9, 10)
    assert plan(replace(one, heads=(replace(sought, waiting=False, fresh=False),)), 5.0).wanted[3:] == (9, 10, 11, 12)
    assert plan(replace(one, have=world(have=[6]).have), 5.0).wanted[:4] == (7, 8, 9, 10), "its piece is there"
    end = replace(one, heads=(replace(sought, position=192),))
    assert plan(end, 5.0).wanted == (12,)
    assert plan(replace(end, taken=frozenset({12})), 5.0).wanted == (12, 0, 1, 2, 3, 4, 5, 6), (
        "of the rest, all at once"
    )


def test_the_first_seek_has_the_swarm_to_itself_until_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "START_BYTES", 100)
    sought = head(96, waiting=True, fresh=True, since=5.0)
    one = world(heads=[sought], goals=(range(PIECES),), taken=frozenset({6, 7, 8}))
    assert plan(one, 5.0).wanted == (6, 7, 8), "what was on its way would be asked for twice"
    assert plan(replace(one, rates=Rates(80.0)), 5.0).wanted == (6, 7, 8, 9)
    assert len(plan(one, 5.0 + planner.FRESH_SECONDS).wanted) > 3
    assert len(plan(replace(one, heads=(replace(sought, waiting=False, fresh=False),)), 5.0).wanted) > 3


def test_after_a_seek_more_is_handed_as_time_goes_by_while_all_of_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "CEILING_BYTES", 1000)
    sought = head(0, waiting=True, fresh=True, since=5.0)
    one = world(heads=[sought], rates=Rates(80.0), goals=(range(PIECES),), taken=frozenset(range(PIECES)))
    budget = SEEKING + PIECE

    def handed(world: World, now: float) -> int:
        return len(plan(world, now).wanted) * PIECE

    assert handed(one, 5.0) == handed(one, 4.0) == budget + 8, "56 bytes, rounded up"
    assert handed(one, 5.1) == budget + 8
    assert handed(one, 5.12) == budget + 24, "80 bytes a second for 0.12 s"
    assert handed(one, 5.5) == budget + 40
    assert handed(one, 6.0) == handed(one, 90.0) == budget + 88, "no more than for who needs throughput: 40 × 3"
    assert handed(replace(one, taken=one.taken - {3}), 90.0) == budget + 8, "some peer can be asked for piece 3"
    assert handed(replace(one, taken=one.taken - {5}), 90.0) == budget + 40
    reads = replace(sought, fresh=False)
    assert handed(replace(one, heads=(reads,)), 90.0) == READING + PIECE, "its first byte came"
    there = replace(one, heads=(replace(sought, waiting=False),), have=world([0]).have)
    assert handed(there, 90.0) == budget + 8, "nobody waits"
    monkeypatch.setattr(planner, "CEILING_BYTES", 50)
    assert handed(one, 90.0) == budget + 56, "the ceiling holds for what comes later as well"


def test_a_start_is_no_seek_until_the_first_pins_first_piece_is_there() -> None:
    old = head(0, waiting=True, since=1.0, id=1)
    sought = head(160, waiting=True, fresh=True, since=10.0, id=2)
    both = world(heads=[old, sought], pins=(Span(64, 96), Span(199, 200)))
    assert set(plan(both, 10.0).wanted) == {0, 1, 4, 5, 10, 11, 12}
    begun = replace(both, have=world(have=[4]).have)
    assert set(plan(begun, 10.0).wanted) == {5, 10, 11, 12}


def test_the_newest_of_the_waiting_comes_first_then_the_others_by_age() -> None:
    heads = [head(0, waiting=True, since=1.0, id=1), head(64, waiting=True, since=3.0, id=2)]
    heads += [head(128, waiting=True, since=2.0, id=3), head(192, since=9.0, id=4)]
    assert plan(world(heads=heads), 20.0).wanted == (4, 5, 8, 9, 0, 1)
    same = [head(0, waiting=True, id=1), head(64, waiting=True, id=2)]
    assert plan(world(heads=same), 20.0).wanted == (4, 5, 0, 1), "the one that opened last"


def test_heads_share_by_when_they_need_it() -> None:
    two = world(heads=[head(0, id=1), head(96, id=2)], rates=Rates(60.0))
    assert plan(two, 0.0).wanted == (0, 6, 1, 7, 2), "side by side while both read"
    waiting = replace(two, heads=(head(0, waiting=True, id=1), head(96, id=2)))
    assert plan(waiting, 0.0).wanted == (0, 1, 6, 2, 7), "a second later for who does not wait: (1) and (6) are due"
    late = replace(two, heads=(head(0, id=1), head(104, id=2)), rates=Rates(60.0, 40.0))
    assert plan(late, 0.0).wanted == (0, 6, 7, 1, 8), "the nearer piece first, at any bitrate"


def test_a_hint_comes_when_what_is_played_before_it_is_there() -> None:
    hinted = world(heads=[head(0)], hints=(Span(192, 200),), rates=Rates(1e9, 7.0))
    assert plan(hinted, 0.0).wanted == (0, 1, 12, 2), "piece 2 is due after four seconds and a half"
    assert plan(hinted, 0.0).tiers == (1, 1, 0, 1), "tier 2 is withheld behind the hint"
    faster = replace(hinted, rates=Rates(1e9, 9.0))
    assert plan(faster, 0.0).wanted == (0, 1, 2, 12)


# the rest of the files
def test_the_rest_goes_on_from_the_newest_head_and_then_from_the_start() -> None:
    first, second = Head(1, 0, 16, 1.0, fresh=False), Head(2, 128, 144, 2.0, fresh=False)
    both = world([0, 8], [first, second], goals=(range(PIECES),), rates=PLENTY)
    assert plan(both, 9.0).wanted == (9, 10, 11, 12, 1, 2, 3, 4)
    assert set(plan(both, 9.0).tiers) == {3}
    moved = replace(both, heads=(replace(first, since=3.0), second))
    assert plan(moved, 9.0).wanted == (1, 2, 3, 4, 5, 6, 7, 9)
    older = replace(both, heads=(replace(first, id=3), replace(second, since=1.0)))
    assert plan(older, 9.0).wanted == (1, 2, 3, 4, 5, 6, 7, 9), "of two as old the one that opened last"
    assert plan(replace(both, heads=()), 9.0).wanted == (1, 2, 3, 4, 5, 6, 7, 9)


def test_the_rest_goes_on_from_who_waits() -> None:
    waits, reads = Head(1, 0, 16, 1.0, waiting=True, fresh=False), Head(2, 128, 144, 2.0, fresh=False)
    both = world([8], [waits, reads], goals=(range(PIECES),), rates=PLENTY)
    assert plan(both, 9.0).wanted == (0, 1, 2, 3, 4, 5, 6, 7)


def test_the_file_that_is_watched_comes_before_the_other_goals() -> None:
    reads = Head(1, 128, 144, 2.0, fresh=False)
    goals = (range(0, 3), range(6, 10), range(11, 13))
    assert plan(world([8], [reads], goals=goals, rates=PLENTY), 9.0).wanted == (9, 6, 7, 0, 1, 2, 11, 12)


def test_goals_come_in_their_order_while_nobody_reads() -> None:
    assert plan(world(goals=(range(5, 8), range(0, 3)), rates=PLENTY), 9.0).wanted == (5, 6, 7, 0, 1, 2)


def test_the_rest_stays_behind_what_was_not_asked_for_yet() -> None:
    pinned = world(pins=(Span(96, 97),), goals=(range(PIECES),), rates=PLENTY)
    assert plan(pinned, 0.0).wanted == (6, 7, 8, 9, 10, 11, 12)
    assert plan(replace(pinned, taken=frozenset({6})), 0.0).wanted == (6, 0, 1, 2, 3, 4, 5, 7)


def test_the_rest_is_handed_to_the_last_byte_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = world(heads=[Head(1, 0, 32, 0.0, fresh=False)], goals=(range(PIECES),))
    monkeypatch.setattr(planner, "START_BYTES", 33)
    assert plan(reading, 0.0).wanted == (0, 1, 2)
    monkeypatch.setattr(planner, "START_BYTES", 32)
    assert plan(reading, 0.0).wanted == (0, 1)


def test_the_rest_is_not_handed_once_the_budget_is_spent() -> None:
    reading = world(heads=[Head(1, 0, 48, 0.0, fresh=False)], goals=(range(PIECES),))
    assert plan(reading, 0.0).wanted == (0, 1, 2), "40 bytes, rounded up"
    assert plan(replace(reading, heads=(Head(1, 0, 32, 0.0, fresh=False),)), 0.0).wanted == (0, 1, 2)
    assert plan(replace(reading, pins=(Span(150, 200),)), 0.0).wanted == (9, 10, 11, 12)


# the cost
class Counted(bytearray):
    """A have-map that counts how often it is searched."""

    searches = 0

    def find(self, *arguments: int) -> int:  # type: ignore[override]
        self.searches += 1
        return super().find(*arguments)


@pytest.mark.parametrize("taken", [frozenset(), frozenset({9_999})])
def test_the_cost_follows_what_is_handed_not_how_far_windows_reach(
    taken: frozenset[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "TIER2_BYTES", 5_000 * PIECE)
    total = 10_000 * PIECE
    have = Counted(10_000)
    heads = tuple(Head(n, n * 300 * PIECE, total, 0.0, fresh=False) for n in range(10))
    last = Span(total - 1, total)
    one = World(Layout("t", PIECE, total, ()), have, heads, (last,), goals=(range(10_000),), rates=PLENTY, taken=taken)
    handed = len(plan(one, 9.0).wanted)
    assert handed == (8 if taken else 1)
    assert have.searches < planner.MOST_REFUSED + 10 * (handed + len(heads))
