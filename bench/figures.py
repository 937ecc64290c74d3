"""Figures of rows: what is measured in a scenario, and the median and range of each tool.

Rules: arithmetic only. Times in seconds. A tool that failed or never showed the frame counts as infinitely slow, so
that failing cannot make a median better; what was not measured does not count. Rows whose emulator was late are left
out and counted. After a seek that never showed a frame the seeks of that run do not count: half a minute has gone by,
and the next place is no fresh region any more. Rivals are all tools but ours and the marks (``reference…``: small
streamers that say what is possible with the same engine); one that mostly failed is no rival in that scenario.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.model import Limit, Row, Scenario

OURS, EAGER = "headrace", "headrace-eager"
ENOUGH = 5
"""Sound rows that a median needs before a target may be called met."""
STALE = 0.95
"""Share of the physical limit below which nothing can have been fetched meanwhile: limits are measured in part."""
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that a row says about a run. ``of`` is None where it was not measured."""

    key: str
    title: str
    of: Callable[[Row], float | None]
    limit: Callable[[Limit], float | None] = lambda limit: None
    digits: int = 2
    less: bool = True
    """Whether less is better."""
    player: str = "ffmpeg"
    """In rows with which player it is measured."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Median and range over ``count`` sound rows."""

    median: float
    low: float
    high: float
    count: int


def is_ours(tool: str) -> bool:
    """Headrace in one of its settings."""
    return tool.startswith(OURS)


def is_rival(tool: str) -> bool:
    """A tool that people use instead of Headrace."""
    return not is_ours(tool) and not tool.startswith("reference")


def time_of(row: Row, seconds: float | None) -> float | None:
    """A time of a row: in a run that failed, one that is missing was never reached."""
    if seconds is not None:
        return seconds
    return NEVER if row.error else None


def seek_of(row: Row, share: float) -> float | None:
    """The seek to ``share`` of the playing time, if all seeks before it came to an end."""
    for seek in row.seeks:
        if math.isclose(seek.to, share):
            return NEVER if seek.seconds is None else seek.seconds
        if seek.seconds is None:
            return None
    return time_of(row, None)


def seek_measure(share: float, title: str | None = None) -> Measure:
    """The seek to ``share``."""
    return Measure(
        f"seek-{share:g}",
        title or f"seek to {share:.0%}",
        lambda row: seek_of(row, share),
        lambda limit: limit.seeks.get(f"{share:g}"),
    )


FIRST_FRAME = Measure(
    "first-frame", "first frame", lambda row: time_of(row, row.first_frame), lambda limit: limit.first_frame
)


def seek_measures(scenario: Scenario) -> list[Measure]:
    """The seeks of a story that are measured: of rapid seeking, only the last one is waited for."""
    if scenario.story in ("watch", "viewers"):
        return [seek_measure(share) for share in scenario.seeks]
    if scenario.story == "rapid":
        return [seek_measure(scenario.seeks[-1], f"last of {len(scenario.seeks)} seeks")]
    return []


def times(scenario: Scenario) -> list[Measure]:
    """How long the viewer of a story waits."""
    return [
        Measure("first-byte", "first byte", lambda row: time_of(row, row.first_byte), lambda limit: limit.first_byte),
        FIRST_FRAME,
        Measure("first-frame-mpv", "first frame, mpv", lambda row: time_of(row, row.first_frame_mpv), player="mpv"),
        Measure("second-start", "second start", lambda row: time_of(row, row.second_start)),
        *seek_measures(scenario),
    ]


BEFORE = Measure(
    "before", "MB before the first frame", lambda row: _positive(row, row.received_first_frame, 1e6),
    lambda limit: limit.first_frame_bytes / 1e6, 1,
)  # fmt: skip
CPU = Measure("cpu", "CPU s", lambda row: _positive(row, row.cpu))
MEMORY = Measure("memory", "memory MB", lambda row: _positive(row, row.memory, 1e6), digits=0)
STALLS = Measure("stalls", "stalls", lambda row: float(len(row.stalls)) if row.played else None, digits=0)
COSTS = (
    STALLS,
    Measure("stalled", "stalled s", lambda row: sum(stall.seconds for stall in row.stalls) if row.played else None),
    BEFORE,
    Measure("received", "MB in all", lambda row: _positive(row, row.received, 1e6), digits=1),
    Measure("per-byte", "bytes per byte played", lambda row: _positive(row, row.received, row.played_bytes)),
    Measure("wasted", "wasted %", lambda row: 100 * row.wasted / row.sent if row.sent else None, digits=1),
    Measure(
        "in-order", "in order %", lambda row: None if row.in_order is None else 100 * row.in_order, digits=0, less=False
    ),
    CPU,
    MEMORY,
)
"""What a run costs. A run that failed says nothing about it, nor does a zero: nothing is had for nothing."""


def _positive(row: Row, value: float, unit: float = 1.0) -> float | None:
    return value / unit if value > 0 and unit > 0 and not row.error else None


def sound(rows: Iterable[Row]) -> list[Row]:
    """Those whose emulator kept its times."""
    return [row for row in rows if row.sound]


def figure(rows: Iterable[Row], measure: Measure) -> Figure | None:
    """Over the sound rows in which it was measured; None if there are none."""
    played = [row for row in sound(rows) if row.player == measure.player]
    values = [value for row in played if (value := measure.of(row)) is not None]
    if not values:
        return None
    return Figure(statistics.median(values), min(values), max(values), len(values))


def by_tool(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Ours first, then rivals, then marks; each in alphabetical order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.tool, []).append(row)
    return dict(sorted(found.items(), key=lambda item: (not is_ours(item[0]), not is_rival(item[0]), item[0])))


def best_rival(
    tools: Mapping[str, Sequence[Row]], measure: Measure, limit: Limit | None = None
) -> tuple[str, Figure] | None:
    """The rival with the least median; None when no rival was measured or none got there in most of its runs.

    With a ``limit``, who is well below it at a seek does not count: rivals check whole pieces too, so what was shown
    sooner than the line can bring it had been fetched before, and the seek was none into a fresh region.
    """
    least = (limit and measure.key.startswith("seek-") and measure.limit(limit)) or 0.0
    found = [(tool, figure(rows, measure)) for tool, rows in tools.items() if is_rival(tool)]
    known = [(tool, entry) for tool, entry in found if entry is not None and STALE * least <= entry.median != NEVER]
    return min(known, key=lambda item: item[1].median, default=None)


def ratio(ours: float, other: float) -> float | None:
    """``ours`` over ``other``; None when there is nothing to divide by."""
    return ours / other if other else None
