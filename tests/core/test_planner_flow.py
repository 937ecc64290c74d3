"""The planner in motion: readers and a tiny engine in a small world, from the first plan to the last piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import planner
from headrace.core.heads import Head
from headrace.core.pieces import FileEntry, Layout
from headrace.core.planner import NO_RATES, Plan, Rates, World, diff, plan
from headrace.core.spans import Span

PIECE = 16
SMALL = {
    "CRITICAL_BYTES": 24,
    "SEEK_BYTES": 40,
    "TIER1_BYTES": 48,
    "TIER2_BYTES": 96,
    "START_BYTES": 40,
    "FLOOR_BYTES": 32,
    "CEILING_BYTES": 112,
    "ASSUMED_BITRATE": 16,
}
STEP = 0.25
"""Seconds from one piece to the next."""


@pytest.fixture(scope="module", autouse=True)
def small_world() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(planner, name, value)
        yield


@dataclass
class Reader:
    """Reads on as soon as it can, a piece at a time."""

    id: int
    position: int
    end: int
    since: float = 0.0
    waiting: bool = False
    fresh: bool = True
    waited: int = 0
    longest: int = 0


@dataclass
class Flow:
    """An engine that asks for the pieces that it is handed in index order, ``depth`` at once, and gets them in turn."""

    total: int
    readers: list[Reader]
    depth: int = 1
    pins: tuple[Span, ...] = ()
    rates: Rates = NO_RATES
    goals: tuple[range, ...] = ()
    now: float = 0.0
    plan: Plan = field(default_factory=Plan)
    wanted: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    most: int = 0

    def __post_init__(self) -> None:
        self.layout = Layout("t", PIECE, self.total, (FileEntry(0, "t", self.total, 0),))
        self.have = bytearray(self.layout.num_pieces)
        self.goals = self.goals or (range(self.layout.num_pieces),)

    def replan(self) -> None:
        heads = tuple(Head(r.id, r.position, r.end, r.since, r.waiting, r.fresh) for r in self.readers)
        world = World(self.layout, self.have, heads, self.pins, (), self.goals, self.rates, set(self.asked))
        new = plan(world, self.now)
        step = diff(self.plan, new, self.have)
        self.plan = new
        self.wanted = (self.wanted | set(step.want)) - set(step.drop)
        assert self.wanted == set(new.wanted)
        self.asked = [] if step.jump is not None else [piece for piece in self.asked if piece in self.wanted]

    def ask(self) -> None:
        for piece in sorted(self.wanted - set(self.asked))[: self.depth - len(self.asked)]:
            self.asked.append(piece)
            self.replan()

    def read(self) -> None:
        """Every reader reads what is there for it, at most one piece; who cannot read waits."""
        for reader in self.readers:
            if reader.position >= reader.end:
                reader.waiting = False
            elif self.have[reader.position // PIECE]:
                reader.position = min(reader.end, (reader.position // PIECE + 1) * PIECE)
                reader.waiting = reader.fresh = False
                reader.waited = 0
            else:
                reader.waiting = True
                reader.waited += 1
                reader.longest = max(reader.longest, reader.waited)

    def step(self) -> None:
        self.read()
        self.replan()
        self.ask()
        self.most = max(self.most, len(self.wanted))
        self.now += STEP
        if self.asked:
            piece = self.asked.pop(0)
            self.have[piece] = 1
            self.wanted.discard(piece)
            self.order.append(piece)
            self.replan()
        assert self.wanted or not any(0 in self.have[goal.start : goal.stop] for goal in self.goals), "it ran dry"

    def run(self) -> None:
        for _ in range(4 * len(self.have)):
            self.step()
            if all(self.have):
                break
        assert all(self.have), "it came to a stop"
        for _ in self.have:
            self.read()
        self.replan()


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    total = draw(st.integers(1, 400))
    readers = [Reader(n, draw(st.integers(0, total)), total) for n in range(draw(st.integers(0, 3)))]
    pins = draw(st.sampled_from([(), (Span(0, 1), Span(total - 1, total))]))
    rates = draw(st.sampled_from([Rates(), Rates(PIECE / STEP), Rates(PIECE / STEP, 40.0)]))
    return Flow(total, readers, draw(st.integers(1, 8)), pins, rates)


@given(flows())
def test_every_reader_gets_to_its_end_and_every_piece_comes_once(flow: Flow) -> None:
    flow.run()
    assert sorted(flow.order) == list(range(flow.layout.num_pieces))
    assert all(reader.position == reader.end for reader in flow.readers)
    assert flow.plan.wanted == ()


@given(flows())
def test_a_reader_waits_for_what_is_in_flight_and_little_more(flow: Flow) -> None:
    flow.depth = 20  # an engine with room in its peers' queues
    flow.run()
    heads = len(flow.readers)
    alone = planner.FRESH_SECONDS / STEP * heads
    for reader in flow.readers:
        assert reader.longest <= flow.most + 2 * heads + alone + 1, (reader, flow.order)


@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("begin", [0, 1000])
def test_one_reader_gets_its_file_in_order(depth: int, begin: int) -> None:
    total = 200 * PIECE
    flow = Flow(total, [Reader(1, begin, total)], depth, (Span(0, 1), Span(total - 1, total)), Rates(PIECE / STEP))
    flow.run()
    rising = sum(after == before + 1 for before, after in pairwise(flow.order))
    assert rising > 0.95 * len(flow.order)
    assert flow.order.index(begin // PIECE) < depth + 2


@given(st.lists(st.integers(0, 199 * PIECE), min_size=20, max_size=20), st.integers(0, 3))
def test_after_many_seeks_only_the_last_window_is_wanted(places: Sequence[int], deliveries: int) -> None:
    total = 200 * PIECE
    reader = Reader(1, 0, total)
    flow = Flow(total, [reader], 4, goals=(range(0),))
    for place in places:
        reader.position, reader.since, reader.fresh, reader.waiting = place, flow.now, True, False
        for _ in range(deliveries):
            flow.step()
        flow.read()
        flow.replan()
        flow.now += 0.1
    window = flow.layout.pieces_of(Span(reader.position, reader.position + planner.TIER2_BYTES).clip(total))
    assert flow.wanted <= set(window)
    assert flow.wanted or all(flow.have[window.start : window.stop])


def test_a_seek_is_served_before_anything_that_was_not_in_flight() -> None:
    total = 200 * PIECE
    reader = Reader(1, 0, total)
    flow = Flow(total, [reader], 4, rates=Rates(PIECE / STEP))
    for _ in range(10):
        flow.step()
    reader.position, reader.since, reader.fresh = 150 * PIECE, flow.now, True
    flow.step()
    assert flow.order[-1] == 150
