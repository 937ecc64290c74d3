"""The planner in a small world: 200 bytes in pieces of 16, with tiers and budgets that bite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import planner
from headrace.core.heads import Head
from headrace.core.pieces import FileEntry, Layout
from headrace.core.planner import Plan, Rates, World, buffered, diff, handed_bytes, plan, tier_reach
from headrace.core.spans import Span

PIECE, TOTAL = 16, 200
PIECES = -(-TOTAL // PIECE)
SMALL = {
    "CRITICAL_BYTES": 24,
    "SEEK_BYTES": 40,
    "TIER1_BYTES": 48,
    "TIER1_SECONDS": 2.0,
    "TIER2_BYTES": 96,
    "TIER2_SECONDS": 6.0,
    "START_BYTES": 40,
    "FLOOR_BYTES": 32,
    "CEILING_BYTES": 112,
    "HANDED_SECONDS": 0.5,
    "READING_FACTOR": 2.0,
    "COMFORTABLE_FACTOR": 3.0,
    "ASSUMED_BITRATE": 16,
    "FRESH_SECONDS": 2.0,
    "HINT_DELAY": 4.0,
}
PLENTY = Rates(delivery=1e9)


@pytest.fixture(scope="module", autouse=True)
def small_world() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(planner, name, value)
        yield


def layout_of(total: int = TOTAL) -> Layout:
    return Layout("t", PIECE, total, (FileEntry(0, "t", total, 0),))


def world(have: Iterable[int] = (), heads: Iterable[Head] = (), total: int = TOTAL, **more: object) -> World:
    layout = layout_of(total)
    there = set(have)
    return World(layout, bytearray(p in there for p in range(layout.num_pieces)), tuple(heads), **more)  # type: ignore[arg-type]


def head(position: int, *, since: float = 0.0, id: int = 1, fresh: bool = False, **more: bool) -> Head:
    return Head(id, position, TOTAL, since, fresh=fresh, **more)


spans = st.builds(lambda start, size: Span(start, start + size), st.integers(0, TOTAL), st.integers(0, 40))
ranges = st.builds(lambda start, size: range(start, min(PIECES, start + size)), st.integers(0, 12), st.integers(0, 13))


@st.composite
def heads_of(draw: st.DrawFn) -> tuple[Head, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        position = draw(st.integers(0, TOTAL - 1))
        end = draw(st.sampled_from([TOTAL, position, min(TOTAL, position + 30)]))
        since = draw(st.sampled_from([0.0, 1.0, 2.0, 5.0]))
        found.append(Head(number, position, end, since, end > position and draw(st.booleans()), draw(st.booleans())))
    return tuple(found)


worlds = st.builds(
    World,
    layout=st.just(layout_of()),
    have=st.lists(st.booleans(), min_size=PIECES, max_size=PIECES).map(bytearray),
    heads=heads_of(),
    pins=st.lists(spans, max_size=2).map(tuple),
    hints=st.lists(spans, max_size=2).map(tuple),
    goals=st.lists(ranges, max_size=2).map(tuple),
    rates=st.builds(Rates, st.sampled_from([0.0, 20.0, 100.0, 1e9]), st.sampled_from([0.0, 8.0, 40.0])),
    idle=st.booleans(),
    taken=st.sets(st.integers(0, PIECES - 1), max_size=5),
)
times = st.sampled_from([5.0, 6.0, 7.5, 60.0])


def missing(world: World, spans: Iterable[Span]) -> set[int]:
    clipped = [world.layout.pieces_of(span.clip(world.layout.total_size)) for span in spans]
    return {piece for pieces in clipped for piece in pieces if not world.have[piece]}


def ahead(head: Head, reach: int) -> Span:
    return Span(head.position, min(head.end, head.position + reach))


def waits(world: World, head: Head) -> bool:
    """It is blocked on a piece, or will be at its first read."""
    return head.position < head.end and not world.have[head.position // PIECE] and (head.waiting or head.fresh)


def newest_waiting(world: World) -> Head | None:
    waiting = sorted((head for head in world.heads if waits(world, head)), key=lambda head: (head.since, head.id))
    return waiting[-1] if waiting else None


def has_swarm_alone(world: World, now: float) -> bool:
    """A seek whose first byte is not there, lately, and not the start of the file: its first pin came."""
    newest = newest_waiting(world)
    begun = not missing(world, [Span(pin.start, pin.start + pin.size and pin.start + 1) for pin in world.pins[:1]])
    return begun and newest is not None and newest.fresh and now < newest.since + planner.FRESH_SECONDS


def waited_for(world: World, now: float) -> set[int]:
    newest = newest_waiting(world)
    if newest is not None and has_swarm_alone(world, now):
        return missing(world, [ahead(newest, planner.SEEK_BYTES)])
    return missing(world, [ahead(head, planner.CRITICAL_BYTES) for head in world.heads if waits(world, head)])


def critical(world: World, now: float) -> set[int]:
    """What must come first: by the words of the module's rules, written down once more."""
    return waited_for(world, now) | missing(world, world.pins)


def classes(world: World, now: float) -> dict[int, int]:
    """Every missing piece that is wanted at all, with how urgent it is: 0 critical, 1 soon, 2 later, 3 some day."""
    near, far = tier_reach(world.rates)
    found = {piece: 3 for goal in world.goals for piece in goal if not world.have[piece]}
    for one in world.heads:
        for piece in missing(world, [ahead(one, far)]):
            found[piece] = min(found.get(piece, 3), 1 if piece * PIECE - one.position < near else 2)
    found.update(dict.fromkeys(missing(world, world.hints), 1))
    return {**found, **dict.fromkeys(critical(world, now), 0)}


# every plan
@given(worlds, times)
def test_only_missing_pieces_are_planned_and_each_once(world: World, now: float) -> None:
    made = plan(world, now)
    assert len(set(made.wanted)) == len(made.wanted) == len(made.tiers)
    assert set(made.wanted) <= classes(world, now).keys()
    assert set(made.tiers) <= {0, 1, 2, 3}


@given(worlds, times)
def test_what_is_critical_is_planned_before_all_else(world: World, now: float) -> None:
    must = critical(world, now)
    assert set(plan(world, now).wanted[: len(must)]) == must


@given(worlds, times)
def test_the_newest_waiting_head_comes_first(world: World, now: float) -> None:
    newest = newest_waiting(world)
    if newest is None:
        return
    reach = planner.SEEK_BYTES if has_swarm_alone(world, now) else planner.CRITICAL_BYTES
    first = sorted(missing(world, [ahead(newest, reach)]))
    assert list(plan(world, now).wanted[: len(first)]) == first


@given(worlds, times)
def test_nothing_lies_before_what_is_more_urgent(world: World, now: float) -> None:
    made, urgency = plan(world, now), classes(world, now)
    for piece in made.wanted:
        for other in set(made.wanted) - world.taken:
            assert not (urgency[other] < urgency[piece] and piece < other), (piece, other)


@given(worlds, times)
def test_a_piece_is_withheld_only_for_a_reason(world: World, now: float) -> None:
    made, urgency = plan(world, now), classes(world, now)
    spent = len(made.wanted) * PIECE >= handed_bytes(world)
    alone = has_swarm_alone(world, now) and not set(made.wanted) <= world.taken
    for piece in urgency.keys() - set(made.wanted):
        behind = [p for p in made.wanted if p not in world.taken and p > piece and urgency[p] < urgency[piece]]
        assert spent or alone or behind, piece


@given(worlds, times)
def test_the_engine_never_runs_dry(world: World, now: float) -> None:
    assert bool(plan(world, now).wanted) == bool(classes(world, now))


@given(worlds, times)
def test_a_seek_has_the_swarm_to_itself_while_there_is_anything_to_ask_for(world: World, now: float) -> None:
    must = critical(world, now)
    if has_swarm_alone(world, now):
        handed = plan(world, now).wanted
        assert must
        assert set(handed) == must or (must <= world.taken and set(handed[:-1]) <= world.taken)


@given(worlds, times)
def test_no_more_is_handed_than_the_budget_and_what_is_critical(world: World, now: float) -> None:
    made, must = plan(world, now), critical(world, now)
    rest = len(made.wanted) - len(must)
    assert rest == 0 or (len(made.wanted) - 1) * PIECE < handed_bytes(world)


@given(worlds, times, st.integers(0, PIECES - 1))
def test_what_nobody_asked_for_changes_nothing(world: World, now: float, piece: int) -> None:
    near = missing(replace(world, have=bytearray(PIECES)), [Span(head.position, head.end) for head in world.heads])
    if piece in classes(replace(world, have=bytearray(PIECES)), now) or piece in near:
        return
    turned = bytearray(world.have)
    turned[piece] ^= 1
    assert plan(replace(world, have=turned), now) == plan(world, now)


@given(worlds, times)
def test_equal_worlds_have_equal_plans_and_stay_as_they_are(world: World, now: float) -> None:
    have = bytes(world.have)
    assert plan(world, now) == plan(replace(world, have=have), now)
    assert world.have == have


@given(worlds, times)
def test_nothing_is_planned_when_all_is_there_or_nothing_is_known(world: World, now: float) -> None:
    assert plan(replace(world, have=bytes([1]) * PIECES), now).wanted == ()
    assert plan(replace(world, have=b""), now) == Plan()


@given(worlds, times)
def test_tiers_are_told_as_they_are(world: World, now: float) -> None:
    made, urgency = plan(world, now), classes(world, now)
    waited, hinted = waited_for(world, now), missing(world, world.hints)
    for piece, tier in zip(made.wanted, made.tiers, strict=True):
        if urgency[piece] == 0:
            assert tier in ({0, 1} if piece in waited else {0})
        else:
            assert tier == urgency[piece] or (tier == 0 and urgency[piece] == 1 and piece in hinted)


# from plan to plan
@given(worlds, worlds, times)
def test_the_difference_leads_from_one_plan_to_the_next(before: World, after: World, now: float) -> None:
    old, new = plan(before, now), plan(after, now)
    step = diff(old, new, after.have)
    assert set(step.want).isdisjoint(step.drop)
    engine = {piece for piece in old.wanted if not after.have[piece]}
    assert set(step.drop) <= engine, "what came meanwhile needs no dropping"
    assert set(step.want).isdisjoint(engine), "nothing is asked for twice"
    assert (engine | set(step.want)) - set(step.drop) == set(new.wanted)
    assert list(step.want) == sorted(step.want)
    assert list(step.drop) == sorted(step.drop)


@given(worlds, times)
def test_the_same_plan_again_changes_nothing(world: World, now: float) -> None:
    made = plan(world, now)
    assert diff(made, made, world.have) == ((), (), None)


def test_a_jump_is_told_once_and_only_when_requests_are_in_the_way() -> None:
    have = bytearray(PIECES)
    old, new = Plan((0, 1), (1, 1)), Plan((9, 10), (1, 1), jump=9)
    assert diff(old, new, have).jump == 9
    assert diff(Plan((0, 9), (1, 1), jump=9), new, have).jump is None, "told already"
    assert diff(Plan((9,), (1,)), new, have).jump is None, "nothing is in its way"
    assert diff(Plan((0, 1), (1, 1), jump=3), new, have) == ((9, 10), (0, 1), 9), "another seek"
    assert diff(old, replace(new, jump=None), have).jump is None


@given(worlds, times)
def test_a_jump_goes_to_the_newest_waiting_head_until_its_first_byte(world: World, now: float) -> None:
    newest = newest_waiting(world)
    jump = plan(world, now).jump
    expected = newest.position // PIECE if newest is not None and newest.fresh else None
    assert jump == expected


@given(worlds, times, st.integers(0, TOTAL - 1))
def test_a_seek_drops_the_old_window_in_the_same_step(world: World, now: float, position: int) -> None:
    one = replace(world, heads=(head(20, waiting=True, fresh=True),), goals=(), pins=(), hints=())
    sought = replace(one, heads=(head(position, waiting=True, fresh=True, since=now),))
    old, new = plan(one, now), plan(sought, now)
    reach = max(tier_reach(world.rates)[1], planner.SEEK_BYTES)
    window = missing(sought, [ahead(sought.heads[0], reach)])
    assert set(new.wanted) <= window
    assert set(diff(old, new, one.have).drop) >= set(old.wanted) - window


# one plan, read closely
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


@given(worlds, times)
def test_looking_at_few_withheld_wishes_costs_no_urgent_one(world: World, now: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "MOST_REFUSED", 1)
        made, must = plan(world, now), critical(world, now)
        assert set(made.wanted[: len(must)]) == must
        assert set(made.wanted) <= classes(world, now).keys()
        assert bool(made.wanted) == bool(classes(world, now)), "and the engine does not run dry"
