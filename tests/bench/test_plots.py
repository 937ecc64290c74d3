"""Plots: what needs no matplotlib always, drawing where it is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench.arrivals import Block, packed
from bench.figures import NEVER, by_tool
from bench.model import Seek
from bench.plots import MOST_PANELS, draw_all, label
from bench.targets import Bench
from tests.bench.rows import LIMIT, SCENARIO, run, runs


def test_labels_of_bars() -> None:
    assert label(1.234, 5.0) == "1.23"
    assert label(12.34, 5.0) == "12.3 →"
    assert label(NEVER, 5.0) == "never"


def test_nothing_to_draw_needs_nothing(tmp_path: Path) -> None:
    assert draw_all([Bench(SCENARIO, by_tool(runs("a", None)), None)], {}, tmp_path) == []


def test_plots_are_small_and_their_text_is_text(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [run(tool, 1.0, 0.5, NEVER, 1.0, launched=100.0, arrivals="log") for tool in ("headrace", "btfs")]
    for row in rows:
        row.seeks[0] = Seek(0.5, 0.5, at=1.5)
    blocks = [Block(100.2 + number / 1000, number % 12, 0, number // 64, number % 64) for number in range(1500)]
    (tmp_path / "log").write_bytes(b"".join(map(packed, blocks)))
    scenarios = [replace(SCENARIO, id=f"S{number}") for number in range(1, MOST_PANELS + 2)]
    benches = [Bench(scenario, by_tool(rows), LIMIT) for scenario in scenarios]
    names = draw_all(benches, {"S1": tmp_path}, tmp_path)
    assert set(names) == {"first-frame-1", "first-frame-2", "seeks-1", "seeks-2", "arrivals-S1"}
    for name in names:
        assert (tmp_path / f"{name}.png").stat().st_size < 300_000
        text = (tmp_path / f"{name}.svg").read_text()
        assert len(text) < 300_000
        assert "<text" in text
