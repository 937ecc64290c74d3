"""Rows, scenarios and limits for the tests of the bench."""

from __future__ import annotations

from typing import Any

from bench.model import Limit, Peers, Row, Scenario, Seek

SCENARIO = Scenario("S1", "healthy", "index-last-1m", (Peers(12, 8.0),), what="12 seeds")
LIMIT = Limit(
    "S1", 0.5, 1.0, 0.8, 2_000_000, {"0.5": 0.5, "0.8": 0.5, "0.25": 1.0}, {"0.5": 0.3, "0.8": 0.3, "0.25": 0.6},
    {"start": [(0, 500_000)], "0.5": [(40_000_000, 41_500_000)]}, 0, 1 << 20,
)  # fmt: skip


def run(tool: str, first: float | None, *seeks: float | None, **more: Any) -> Row:
    """A run with seeks to the places of ``SCENARIO``."""
    found = [Seek(to, seconds) for to, seconds in zip((0.5, 0.8, 0.25), seeks, strict=False)]
    return Row("S1", tool, first_frame=first, seeks=found, **more)


def runs(tool: str, *firsts: float | None, **more: Any) -> list[Row]:
    """As many runs."""
    return [run(tool, first, rep=rep, **more) for rep, first in enumerate(firsts)]
