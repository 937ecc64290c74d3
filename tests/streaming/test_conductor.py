from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.core import planner
from headrace.core.pieces import BLOCK
from headrace.core.planner import Rates
from headrace.core.spans import Span
from headrace.streaming.conductor import IDLE_SECONDS
from headrace.streaming.place import HUNGER_SECONDS
from headrace.streaming.waits import ReaderClosed, StreamFailed
from headrace.testing.clock import run, virtual_time

PIECE, TOTAL = 16, 640
PIECES = TOTAL // PIECE
Make = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("small_planner")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def window(position: int) -> set[int]:
    return set(range(position // PIECE, (position + planner.TIER2_BYTES - 1) // PIECE + 1))


def test_nothing_is_asked_for_before_the_metadata(stage: Make) -> None:
    one = stage([TOTAL], PIECE, clock=Clock(), start=False)
    assert one.conductor.world() is None
    one.conductor.enter(0, TOTAL)
    one.conductor.pin("key", [Span(0, 1)])
    one.conductor.set_goals(one.layout.files)
    one.conductor.set_rates(1e6, 0)
    assert one.handle.changes == []
    one.conductor.start(one.layout)
    assert 0 in one.handle.wanted


def test_a_reader_is_asked_for_when_it_enters_and_dropped_when_it_leaves(stage: Make) -> None:
    one = stage([TOTAL], PIECE, clock=Clock())
    place = one.conductor.enter(100, TOTAL)
    assert one.handle.wanted
    assert min(one.handle.wanted) == 100 // PIECE
    one.conductor.leave(place)
    assert one.handle.wanted == set()
    assert one.conductor.places == {}
    one.conductor.leave(place)
    assert len(one.handle.changes) == 2, "leaving twice is leaving once"


@virtual_time
async def test_a_seek_drops_the_old_window_in_the_same_step(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    place = one.conductor.enter(0, TOTAL)
    wait = asyncio.create_task(one.conductor.wait(place))
    await asyncio.sleep(1)
    one.conductor.move(place, 320)
    assert min(one.handle.wanted) == 20
    assert one.handle.changes[-1].jump == 20
    assert set(one.handle.changes[-1].drop) & {0, 1} == {0, 1}
    wait.cancel()


@virtual_time
async def test_of_many_seeks_only_the_last_window_is_wanted(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    place = one.conductor.enter(0, TOTAL)
    place.waiting_since = 0.0
    for number in range(20):
        await asyncio.sleep(0.1)
        one.conductor.move(place, number * 31 % 40 * PIECE)
        assert one.handle.changes[-1].jump in (None, place.position // PIECE)
    assert one.handle.wanted
    assert one.handle.wanted <= window(place.position)


def test_reading_on_plans_at_the_next_event(stage: Make) -> None:
    clock = Clock()
    one = stage([TOTAL], PIECE, clock=clock)
    place = one.conductor.enter(0, TOTAL)
    before = len(one.handle.changes)
    one.conductor.advance(place, 40)
    assert (place.position, place.fresh) == (40, False)
    assert len(one.handle.changes) == before
    one.come(0)
    assert 0 not in one.handle.wanted
    assert min(one.handle.wanted) == 2


def test_a_pin_replaces_what_its_owner_pinned_before(stage: Make) -> None:
    one = stage([TOTAL], PIECE, clock=Clock())
    one.conductor.pin("a", [Span(0, 1)])
    one.conductor.pin("b", [Span(639, 640)], hints=[Span(300, 301)])
    world = one.conductor.world()
    assert set(world.pins) == {Span(0, 1), Span(639, 640)}
    assert world.hints == (Span(300, 301),)
    one.conductor.pin("a", (span for span in [Span(50, 51)]))
    one.conductor.pin("b", [])
    assert one.conductor.world().pins == (Span(50, 51),)
    assert one.conductor.world().hints == ()
    assert one.handle.wanted == {3}


def test_goals_are_fetched_whole_in_their_order(stage: Make) -> None:
    one = stage([100, 200, 340], PIECE, clock=Clock())
    one.conductor.set_goals([one.layout.file(2), one.layout.file(0)])
    assert one.conductor.world().goals == (range(18, 40), range(0, 7))
    assert min(one.handle.wanted) == 18
    one.come(*range(18, 40))
    assert min(one.handle.wanted) == 0
    one.come(*range(7))
    assert one.handle.wanted == set()


def test_rates_go_into_the_plan(stage: Make) -> None:
    one = stage([TOTAL], PIECE, clock=Clock())
    one.conductor.advance(one.conductor.enter(0, TOTAL), 1)
    one.conductor.replan()
    few = len(one.handle.wanted)
    one.conductor.set_rates(1e9, 20.0)
    assert one.conductor.world().rates == Rates(1e9, 20.0)
    assert len(one.handle.wanted) > few


def test_what_peers_were_asked_for_withholds_nothing(stage: Make) -> None:
    one = stage([TOTAL], PIECE, clock=Clock())
    one.conductor.set_rates(1e9, 0.0)
    one.conductor.pin("last", [Span(639, 640)])
    one.conductor.set_goals(one.layout.files)
    assert one.handle.wanted == {39}
    one.conductor.pieces_taken([39])
    assert 0 in one.handle.wanted
    one.conductor.piece_failed(39)
    one.conductor.replan()
    assert one.handle.wanted == {39}, "it must be asked for again"
    one.conductor.pieces_taken([39])
    one.come(39)
    assert one.conductor.world().taken == set()


def test_dropped_pieces_are_not_taken_any_more(stage: Make) -> None:
    one = stage([TOTAL], PIECE, clock=Clock())
    place = one.conductor.enter(0, TOTAL)
    one.conductor.pieces_taken([0, 1])
    assert one.conductor.world().taken == {0, 1}
    one.conductor.leave(place)
    assert one.conductor.world().taken == set()


@virtual_time
async def test_a_piece_holds_up_its_reader_once_all_of_it_was_asked_for(stage: Make) -> None:
    clock = Clock()
    one = stage([TOTAL], PIECE, clock=clock)
    assert one.conductor.held_up() is None
    old = one.conductor.enter(0, TOTAL)
    clock.now = 1.0
    new = one.conductor.enter(320, TOTAL)
    one.conductor.pieces_taken([0, 20])
    assert one.conductor.held_up() is None, "nobody waits"
    old.waiting_since = new.waiting_since = 1.0
    assert one.conductor.held_up() == 20, "the newest one's"
    one.conductor.served(new)
    assert one.conductor.held_up() == 0
    one.come(0)
    assert one.conductor.held_up() is None
    one.conductor.advance(old, PIECE)
    assert one.conductor.held_up() is None, "not all of it was asked for"


@virtual_time
async def test_a_jump_takes_back_every_request_but_those_for_its_own_piece(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    one.conductor.pin("last", [Span(639, 640)])
    place = one.conductor.enter(0, TOTAL)
    place.waiting_since = 0.0
    one.conductor.replan()
    one.conductor.pieces_taken([0, 1, 39])
    one.conductor.move(place, 320)
    assert one.handle.changes[-1].jump == 20
    assert one.conductor.world().taken == {39}, "a pin that is wanted still is left alone"
    assert one.handle.changes[-1].keep == (39,)
    one.conductor.pieces_taken([20, 21])
    one.conductor.move(place, 325)
    assert one.handle.changes[-1].jump == 20
    assert one.conductor.world().taken >= {20}


@virtual_time
async def test_a_wait_tells_the_planner_and_ends_with_the_piece(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    place = one.conductor.enter(100, TOTAL)
    await asyncio.sleep(2)
    wait = asyncio.create_task(one.conductor.wait(place))
    await asyncio.sleep(1)
    assert place.waiting_since == 2.0
    assert place.head().waiting
    assert one.conductor.plan.jump == 6, "a plan was made for it"
    one.come(5)
    await asyncio.sleep(1)
    assert not wait.done()
    one.come(6)
    await wait
    again = asyncio.create_task(one.conductor.wait(place))
    await asyncio.sleep(1)
    assert place.waiting_since == 2.0, "it is one wait until bytes were served"
    one.conductor.served(place)
    assert not place.head().waiting
    again.cancel()


@virtual_time
async def test_leaving_ends_the_wait_at_once(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    place = one.conductor.enter(0, TOTAL)
    wait = asyncio.create_task(one.conductor.wait(place))
    await asyncio.sleep(1)
    one.conductor.leave(place)
    with pytest.raises(ReaderClosed):
        await wait
    assert asyncio.get_running_loop().time() == 1


@virtual_time
async def test_a_failure_ends_all_waits(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    places = [one.conductor.enter(position, TOTAL) for position in (0, 100)]
    waits = [asyncio.create_task(one.conductor.wait(place)) for place in places]
    await asyncio.sleep(1)
    one.conductor.fail(StreamFailed("removed"))
    for wait in waits:
        with pytest.raises(StreamFailed, match="removed"):
            await wait


@virtual_time
async def test_a_block_wakes_who_may_read_it_early(stage: Make) -> None:
    one = stage([4 * BLOCK], 2 * BLOCK)
    place = one.conductor.enter(0, 4 * BLOCK)
    wait = asyncio.create_task(one.conductor.wait(place))
    await asyncio.sleep(1)
    one.block(0, 0)
    await wait
    assert one.conductor.early.run(0, 0, trusted_only=False) == BLOCK
    told: list[StreamFailed] = []
    one.conductor.early.served(0, told.append)
    one.conductor.piece_failed(0)
    assert "Piece 0" in told[0].message
    one.block(1, 0)
    one.come(1)
    assert one.conductor.early.run(1, 0, trusted_only=False) == 0


moves = st.lists(
    st.tuples(
        st.sampled_from(["enter", "move", "leave", "advance", "come", "taken", "fail", "wait"]), st.integers(0, 99)
    ),
    max_size=40,
)


@given(moves)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engine_always_has_the_plan(stage: Make, moves: list[tuple[str, int]]) -> None:
    run(_moved(stage, moves))


async def _moved(stage: Make, moves: list[tuple[str, int]]) -> None:
    clock = Clock()
    one = stage([TOTAL], PIECE, clock=clock)
    one.conductor.set_goals(one.layout.files)
    conductor = one.conductor
    for what, number in moves:
        clock.now += 0.3
        places = list(conductor.places.values())
        if what == "enter":
            conductor.enter(number * 6, TOTAL)
        elif what == "come" and one.handle.wanted:
            one.come(sorted(one.handle.wanted)[number % len(one.handle.wanted)])
        elif what == "taken" and one.handle.wanted:
            conductor.pieces_taken([sorted(one.handle.wanted)[number % len(one.handle.wanted)]])
        elif what == "fail" and one.handle.wanted:
            conductor.piece_failed(sorted(one.handle.wanted)[number % len(one.handle.wanted)])
        elif places:
            place = places[number % len(places)]
            if what == "move":
                conductor.move(place, number * 6)
            elif what == "leave":
                conductor.leave(place)
            elif what == "advance":
                conductor.advance(place, min(number, place.end - 1 - place.position))
            elif what == "wait":
                place.waiting_since = clock.now
        assert one.handle.wanted == {piece for piece in conductor.plan.wanted if not one.handle.have[piece]}
        assert one.handle.wanted or all(one.handle.have), "there is something to ask for until all is there"


def test_who_waited_a_moment_ago_is_hungry_and_nobody_for_a_while_is_idle(stage: Make) -> None:
    clock = Clock()
    one = stage([TOTAL], PIECE, clock=clock)
    assert one.conductor.world().idle, "nobody ever read"
    place = one.conductor.enter(0, TOTAL)
    assert not one.conductor.world().idle
    assert not one.conductor.world().heads[0].hungry
    place.waiting_since = clock()
    assert one.conductor.world().heads[0].hungry
    one.conductor.served(place)
    clock.now += 0.9 * HUNGER_SECONDS
    assert one.conductor.world().heads[0].hungry
    clock.now += 0.2 * HUNGER_SECONDS
    assert not one.conductor.world().heads[0].hungry
    one.conductor.leave(place)
    clock.now += 0.9 * IDLE_SECONDS
    assert not one.conductor.world().idle, "another one may come"
    clock.now += 0.2 * IDLE_SECONDS
    assert one.conductor.world().idle


# who reads aside
@virtual_time
async def test_who_reads_aside_withdraws_nothing_of_a_viewers(stage: Make) -> None:
    one = stage([TOTAL], PIECE)
    place = one.conductor.enter(0, TOTAL)
    wait = asyncio.create_task(one.conductor.wait(place))
    await asyncio.sleep(0.1)
    before, wanted = len(one.handle.changes), set(one.handle.wanted)
    aside = one.conductor.enter(608, TOTAL, aside=True)
    reads = asyncio.create_task(one.conductor.wait(aside))
    await asyncio.sleep(0.1)
    one.conductor.move(aside, 320)
    assert wanted <= one.handle.wanted
    assert all(not change.drop and change.jump is None for change in one.handle.changes[before:])
    assert one.conductor.world().heads == (place.head(one.conductor.clock()),)
    assert one.conductor.plan.jump == 0
    for task in (wait, reads):
        task.cancel()


def test_a_little_is_wanted_where_somebody_reads_aside(stage: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.streaming.conductor.ASIDE_BYTES", 24)
    one = stage([TOTAL], PIECE, clock=Clock())
    aside = one.conductor.enter(320, TOTAL, aside=True)
    assert one.handle.wanted == {20, 21}
    one.conductor.move(aside, 632)
    assert one.handle.wanted == {39}
    viewer = one.conductor.enter(0, TOTAL)
    assert min(one.handle.wanted) == 0
    one.come(*range(8))
    assert 39 in one.handle.wanted, "the viewer has his next seconds"
    one.conductor.leave(viewer)
    one.conductor.leave(aside)
    assert one.handle.wanted == set()


def test_who_reads_aside_is_no_viewer(stage: Make) -> None:
    clock = Clock()
    one = stage([TOTAL], PIECE, clock=clock)
    viewer = one.conductor.enter(0, TOTAL)
    one.conductor.leave(viewer)
    aside = one.conductor.enter(320, TOTAL, aside=True)
    aside.waiting_since = 0.0
    clock.now = IDLE_SECONDS
    assert one.conductor.world().idle
    assert one.conductor.viewers == []
    one.conductor.pieces_taken([20])
    assert one.conductor.held_up() is None
    one.conductor.leave(aside)
    assert one.conductor.world().idle, "it was no viewer who left"


async def test_who_begins_to_wait_is_told_once(stage: Make) -> None:
    one = stage([400], 16)
    told: list[float | None] = []
    reader = one.reader(0)
    (place,) = one.conductor.places.values()
    one.conductor.waited = lambda: told.append(place.waiting_since)
    waiting = asyncio.ensure_future(reader.read(1))
    await asyncio.sleep(0)
    assert told == [place.waiting_since] != [None]
    one.come(3)
    one.come(0)
    await waiting
    assert len(told) == 1
