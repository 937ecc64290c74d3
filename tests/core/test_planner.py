"""Every plan of the planner, in a small world: 200 bytes in pieces of 16, with tiers and budgets that bite."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from plankit import PIECE, PIECES, TOTAL, head, layout_of, small_world

from headrace.core import planner
from headrace.core.heads import Head
from headrace.core.planner import Plan, Rates, World, diff, handed_bytes, plan, tier_reach
from headrace.core.spans import Span

__all__ = ["small_world"]

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
    begun = not missing(world, [Span(pin.start, pin.start + min(pin.size, 1)) for pin in world.pins[:1]])
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


def test_a_pin_behind_the_end_does_not_take_a_seek_for_a_start() -> None:
    seeks = World(layout_of(), bytearray(PIECES), (head(9, since=5.0, fresh=True),), (Span(TOTAL, TOTAL + 1),))
    assert plan(seeks, 5.0).wanted[:4] == (0, 1, 2, 3), "all of SEEK_BYTES, not of CRITICAL_BYTES alone"
    assert plan(seeks, 5.0) == plan(replace(seeks, pins=()), 5.0)


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
    can_be_asked_for = not set(made.wanted) <= world.taken
    alone = has_swarm_alone(world, now) and (can_be_asked_for or not world.rates.delivery)
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
    before_last = (len(made.wanted) - 1) * PIECE
    if len(made.wanted) > len(must) and before_last >= handed_bytes(world):
        newest = newest_waiting(world)
        assert newest is not None
        assert newest.fresh, "more after a seek only"
        assert set(made.wanted[:-1]) <= world.taken, "and while peers were asked for all of it"
        assert before_last < handed_bytes(world) + (now - newest.since) * world.rates.delivery


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
    assert diff(made, made, world.have) == ((), (), None, ())


def test_a_jump_is_told_once_and_only_when_requests_are_in_the_way() -> None:
    have = bytearray(PIECES)
    old, new = Plan((0, 1), (1, 1)), Plan((9, 10), (1, 1), jump=9)
    assert diff(old, new, have).jump == 9
    assert diff(Plan((0, 9), (1, 1), jump=9), new, have).jump is None, "told already"
    assert diff(Plan((9,), (1,)), new, have).jump is None, "nothing is in its way"
    assert diff(Plan((0, 1), (1, 1), jump=3), new, have) == ((9, 10), (0, 1), 9, ()), "another seek"
    pinned = Plan((0, 9, 11, 12), (1, 0, 0, 0))
    assert diff(pinned, Plan((9, 10, 11), (1, 1, 1), jump=9), have).keep == (9, 11), "pins that are wanted still"
    assert diff(pinned, Plan((9, 10, 11), (1, 1, 1)), have).keep == (), "nothing is withdrawn"
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


@given(worlds, times)
def test_looking_at_few_withheld_wishes_costs_no_urgent_one(world: World, now: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "MOST_REFUSED", 1)
        made, must = plan(world, now), critical(world, now)
        assert set(made.wanted[: len(must)]) == must
        assert set(made.wanted) <= classes(world, now).keys()
        assert bool(made.wanted) == bool(classes(world, now)), "and the engine does not run dry"
