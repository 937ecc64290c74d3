"""Runs: what is asked for, what is repeated, what is said. The lab is a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import run
from bench.lab import LabFailed
from bench.model import Peers, Row, Scenario, Seek, Stall, read_rows
from bench.order import Run
from bench.run import Place, brief, main, measure, run_all, scenarios_of
from bench.tools.base import Tool

RUN = Run(1, Scenario("S1", "healthy", "index-last-1m", (Peers(12, 8),)), "tool")
TOOL = Tool("tool", lambda _: ["tool"], lambda _, __: None, lambda: "")


def late_by(monkeypatch: pytest.MonkeyPatch, *seconds: float | None) -> list[int]:
    """Runs whose emulator is late by so much, one after another; None: the lab cannot be built."""
    left, attempts = list(seconds), []

    def once(place: Place, one: Run, tool: Tool, attempt: int = 0) -> Row:
        attempts.append(attempt)
        late = left.pop(0)
        if late is None:
            raise LabFailed("no namespaces")
        return Row(one.scenario.id, tool.name, rep=one.rep, late=late)

    monkeypatch.setattr(run, "once", once)
    return attempts


def rows_in(folder: Path) -> list[float]:
    return [row.late for row in read_rows(folder.joinpath("rows.jsonl").read_text().splitlines())]


def test_a_late_emulator_is_given_two_more_chances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = late_by(monkeypatch, 0.1, 0.0)
    assert [row.late for row in measure(Place(tmp_path, tmp_path), RUN, TOOL)] == [0.1, 0.0]
    assert attempts == [0, 1]
    late_by(monkeypatch, 0.1, 0.2, 0.3)
    measure(Place(tmp_path, tmp_path), RUN, TOOL)
    assert rows_in(tmp_path) == [0.1, 0.0, 0.1, 0.2, 0.3]


def test_a_lab_that_cannot_be_built_is_tried_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late_by(monkeypatch, None, 0.0, None, None)
    assert len(measure(Place(tmp_path, tmp_path), RUN, TOOL)) == 1
    with pytest.raises(LabFailed):
        measure(Place(tmp_path, tmp_path), RUN, TOOL)
    assert rows_in(tmp_path) == [0.0]


def test_all_rows_are_told_and_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late_by(monkeypatch, 0.0, 0.0)
    told: list[Row] = []
    run_all(Place(tmp_path, tmp_path / "out"), [RUN, Run(2, RUN.scenario, "tool")], {"tool": TOOL}, told.append)
    assert [row.rep for row in told] == [1, 2]
    assert capsys.readouterr().err.startswith("1 runs left, about ")
    assert tmp_path.joinpath("out", "arrivals").is_dir()


def test_a_row_for_people() -> None:
    row = Row("S1", "tool", first_frame=1.234, seeks=[Seek(0.5, 0.6), Seek(0.8, None)], rep=2)
    row.stalls, row.played, row.received, row.memory = [Stall(3, 1.5)], 30, 5_000_000, 60_000_000
    assert brief(row) == (
        "S1 tool 2: first frame 1.23 s; seek to 50% 0.60 s; played 30 s, 1 stalls of 1.5 s in all; "
        "5 MB, 0.0 s of processor, 60 MB of memory"
    )
    row.error, row.late = "no URL", 0.0123
    assert "FAILED: no URL" in brief(row)
    assert brief(row).endswith("emulator late by 12.3 ms")


def test_scenarios_by_name() -> None:
    assert [scenario.id for scenario in scenarios_of(["S3", "S1"], None)] == ["S3", "S1"]
    assert len(scenarios_of([], None)) > 10
    assert scenarios_of(["S17"], 20)[0].seconds == 20
    with pytest.raises(LookupError, match="no scenario S99; there are S1,"):
        scenarios_of(["S99"], None)


def test_what_cannot_be_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["S99"]) == 2
    assert main(["S1", "--tools", "vlc"]) == 2
    assert "no tool vlc" in capsys.readouterr().err
