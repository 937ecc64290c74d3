"""In what order runs are made, and how long they will take.

Rules: pure. Each repetition goes through all scenarios, each scenario through all tools, so that whatever changes with
time (the machine's load, its caches) meets all tools alike; the tool that comes first changes with each repetition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bench.model import Scenario
from bench.stories import AFTER_PAUSE, BEFORE_PAUSE

Item = TypeVar("Item")

OVERHEAD = 15.0
"""Seconds of a run beside what it plays, as long as none was seen: set-up, first frame, seeks, all taken down."""


@dataclass(frozen=True, slots=True)
class Run:
    """One to be made."""

    rep: int
    scenario: Scenario
    tool: str


def rotated(items: Sequence[Item], by: int) -> list[Item]:
    """The same, beginning elsewhere."""
    place = by % len(items) if items else 0
    return [*items[place:], *items[:place]]


def schedule(scenarios: Sequence[Scenario], tools: Sequence[str], reps: int) -> Iterator[Run]:
    """All runs in their order; repetitions count from 1."""
    for rep in range(reps):
        for scenario in scenarios:
            for tool in rotated(tools, rep):
                yield Run(rep + 1, scenario, tool)


def shortened(scenario: Scenario, seconds: float | None) -> Scenario:
    """A story that plays or pauses does so for at most so many seconds."""
    return scenario if seconds is None else replace(scenario, seconds=min(scenario.seconds, seconds))


def expected(scenario: Scenario) -> float:
    """Seconds that a run takes, by what its story plays."""
    around = BEFORE_PAUSE + AFTER_PAUSE if scenario.story == "pause" else 0.0
    return OVERHEAD + scenario.seconds + around


@dataclass(slots=True)
class Forecast:
    """How long the runs that are left will take, by those that are done."""

    runs: list[Run]
    took: dict[str, list[float]] = field(default_factory=dict)

    def done(self, run: Run, seconds: float) -> None:
        """A run has ended, with whatever repetitions it needed."""
        self.runs.remove(run)
        self.took.setdefault(run.scenario.id, []).append(seconds)

    def left(self) -> float:
        """Seconds."""
        return sum(self._one(run.scenario) for run in self.runs)

    def _one(self, scenario: Scenario) -> float:
        seen = self.took.get(scenario.id)
        return sum(seen) / len(seen) if seen else expected(scenario)


def span(seconds: float) -> str:
    """A length of time for people: 45 s, 12 min, 3 h 5 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
