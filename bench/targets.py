"""What Headrace is to reach, and whether it does.

Rules: arithmetic only. A target is a bound on a ratio (or a figure) of medians in one scenario's rows, which are of one
run. It is met with at least ``ENOUGH`` sound rows on both sides. Against a rival it is out of reach where the physical
limit itself divided by the rival is above the bound: then no tool can meet it, and that is said instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.figures import (
    BEFORE,
    CPU,
    EAGER,
    ENOUGH,
    FIRST_FRAME,
    MEMORY,
    NEVER,
    OURS,
    STALLS,
    Measure,
    best_rival,
    figure,
    seek_measures,
    sound,
)
from bench.model import Limit, Row, Scenario

State = Literal["met", "missed", "out of reach", "too few rows"]
Tools = Mapping[str, Sequence[Row]]

NEAR, FAR = ("S1", "S2", "S3", "S4"), ("S5", "S6", "S7", "S8")
"""Scenarios with the strict and with the wide bound on the distance from the physical limit."""


@dataclass(frozen=True, slots=True)
class Case:
    """One target in one scenario, for one measure."""

    scenario: str
    title: str
    value: float
    state: State
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """All that is known of one scenario."""

    scenario: Scenario
    tools: Tools
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, and where it is looked at."""

    title: str
    bound: float
    cases: Callable[[Bench, float], Iterator[Case]]
    scenarios: tuple[str, ...] = ()
    """None named: all."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target with its cases."""

    target: Target
    cases: tuple[Case, ...]

    @property
    def state(self) -> str:
        """Over all cases: met only where nothing is missed, or left open by too few rows."""
        states = {case.state for case in self.cases}
        if not states:
            return "not measured"
        if "missed" in states:
            return "not met"
        if "too few rows" in states:
            return "open"
        return "met" if "met" in states else "out of reach"

    def of(self, state: State) -> list[Case]:
        """The cases with this outcome."""
        return [case for case in self.cases if case.state == state]


def verdicts(benches: Sequence[Bench]) -> list[Verdict]:
    """Every target, looked at in every scenario that it holds for."""
    return [
        Verdict(
            target,
            tuple(
                case
                for bench in benches
                if not target.scenarios or bench.scenario.id in target.scenarios
                for case in target.cases(bench, target.bound)
            ),
        )
        for target in TARGETS
    ]


def judge(value: float, bound: float, counts: Sequence[int], best: float = 0.0) -> State:
    """``best`` is the least value that physics allows. A miss is a miss with few rows, too."""
    if value > bound:
        return "out of reach" if best > bound else "missed"
    return "met" if min(counts) >= ENOUGH else "too few rows"


def _against_rival(bench: Bench, measures: Sequence[Measure], bound: float) -> Iterator[Case]:
    for measure in measures:
        ours, rival = figure(bench.tools.get(OURS, ()), measure), best_rival(bench.tools, measure, bench.limit)
        if ours is None or rival is None:
            continue
        name, theirs = rival
        value = ours.median / theirs.median
        least = bench.limit and measure.limit(bench.limit)
        best = (least or 0.0) / theirs.median
        state = judge(value, bound, (ours.count, theirs.count), best)
        note = f"of {name}" + (f", physics {best:.2f}" if state == "out of reach" else "")
        yield Case(bench.scenario.id, measure.title, value, state, note)


def _against_limit(bench: Bench, measures: Sequence[Measure], bound: float, tool: str) -> Iterator[Case]:
    for measure in measures:
        ours = figure(bench.tools.get(tool, ()), measure)
        least = bench.limit and measure.limit(bench.limit)
        if ours is None or not least:
            continue
        value = ours.median / least
        yield Case(bench.scenario.id, measure.title, value, judge(value, bound, (ours.count,)))


def _fresh_seeks(bench: Bench) -> list[Measure]:
    return seek_measures(bench.scenario) if bench.scenario.story in ("watch", "rapid") else []


def _start_to_rival(bench: Bench, bound: float) -> Iterator[Case]:
    return _against_rival(bench, [FIRST_FRAME], bound)


def _seeks_to_rival(bench: Bench, bound: float) -> Iterator[Case]:
    return _against_rival(bench, _fresh_seeks(bench), bound)


def _to_limit(bench: Bench, bound: float) -> Iterator[Case]:
    return _against_limit(bench, [FIRST_FRAME, *_fresh_seeks(bench)], bound, OURS)


def _eager_to_limit(bench: Bench, bound: float) -> Iterator[Case]:
    return _against_limit(bench, [FIRST_FRAME, *_fresh_seeks(bench)], bound, EAGER)


def _bytes_to_limit(bench: Bench, bound: float) -> Iterator[Case]:
    return _against_limit(bench, [BEFORE], bound, OURS)


def _cpu_to_peerflix(bench: Bench, bound: float) -> Iterator[Case]:
    ours, theirs = figure(bench.tools.get(OURS, ()), CPU), figure(bench.tools.get("peerflix", ()), CPU)
    if ours is not None and theirs is not None:
        value = ours.median / theirs.median
        yield Case(bench.scenario.id, CPU.title, value, judge(value, bound, (ours.count, theirs.count)))


def _memory(bench: Bench, bound: float) -> Iterator[Case]:
    ours = figure(bench.tools.get(OURS, ()), MEMORY)
    if ours is not None:
        yield Case(bench.scenario.id, MEMORY.title, ours.median, judge(ours.median, bound, (ours.count,)))


def _stalls(bench: Bench, bound: float) -> Iterator[Case]:
    """The worst of all runs, not the median: a stall in any of them is one. A run that failed did not play on."""
    rows = sound(bench.tools.get(OURS, ()))
    counts = [NEVER if row.error else STALLS.of(row) for row in rows]
    known = [count for count in counts if count is not None]
    if known:
        yield Case(bench.scenario.id, STALLS.title, max(known), judge(max(known), bound, (len(known),)))


TARGETS = (
    Target("first frame ÷ best rival", 0.6, _start_to_rival),
    Target("each fresh seek ÷ best rival", 0.65, _seeks_to_rival),
    Target("first frame and seeks ÷ physical limit, S1 to S4", 1.3, _to_limit, NEAR),
    Target("first frame and seeks ÷ physical limit, S5 to S8", 2.0, _to_limit, FAR),
    Target("the same with `--eager` ÷ physical limit, everywhere", 1.0, _eager_to_limit),
    Target("stalls in the playback scenario (worst run)", 0, _stalls, ("S17",)),
    Target("bytes before the first frame ÷ what the limit counts", 1.5, _bytes_to_limit),
    Target("CPU ÷ peerflix", 0.5, _cpu_to_peerflix),
    Target("peak memory, MB", 100.0, _memory),
)
