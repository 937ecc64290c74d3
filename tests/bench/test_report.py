"""The report as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import report
from bench.limit import write_limits
from bench.model import Row, read_rows
from bench.report import Run, benches, facts, folders_of, main, picture, read_run, read_sources, render, versions, when
from tests.bench.rows import LIMIT, SCENARIO, run, runs


def out(folder: Path, rows: list[Row]) -> Path:
    folder.mkdir()
    (folder / "rows.jsonl").write_text("".join(row.line() + "\n" for row in rows))
    return folder


def test_rows_of_a_scenario_are_of_one_run(tmp_path: Path) -> None:
    old = out(tmp_path / "old", [*runs("headrace", 1.0), Row("S2", "btfs"), Row("S1", "btfs", player="mpv")])
    new = out(tmp_path / "new", runs("headrace", 2.0))
    found = read_sources([old, new])
    assert {key: [row.first_frame for row in source.rows] for key, source in found.items()} == {
        ("S1", "ffmpeg"): [2.0], ("S2", "ffmpeg"): [None], ("S1", "mpv"): [None]
    }  # fmt: skip
    assert folders_of(found) == {"S1": new, "S2": old}
    assert read_sources([new / "rows.jsonl"])[("S1", "ffmpeg")].folder == new


def test_benches_are_in_the_order_of_scenarios(tmp_path: Path) -> None:
    found = read_sources([out(tmp_path / "a", [Row("S1", "x"), Row("S1", "y", player="mpv"), Row("S9", "z")])])
    (bench,) = benches({"S0": SCENARIO, "S1": SCENARIO}, found, {"S1": LIMIT})
    assert list(bench.tools) == ["x", "y"]
    assert bench.limit == LIMIT


def test_machine_date_and_versions(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"command": "python -m bench run S1", "machine": {"cores": "2"}}))
    told = read_run(tmp_path / "run.json")
    assert told == Run("python -m bench run S1", {"cores": "2"})
    assert read_run(tmp_path / "none.json") == Run()
    rows = [run("btfs", 1.0, version="2.24", at="2026-01-02T10:00:00"), run("btfs", 1.0, at="2026-01-03T10:00:00")]
    found = [report.Bench(SCENARIO, report.by_tool(rows), None)]
    assert versions(found) == {"btfs": "2.24"}
    assert when(found) == "2026-01-02 to 2026-01-03"
    text = facts([told, told], found)
    assert "- cores: 2" in text
    assert "btfs 2.24" in text
    assert text.count("python -m bench run S1") == 1


def test_the_report_has_everything() -> None:
    rows = [*runs("headrace", 1.0), *runs("btfs", None, error="no frame")]
    found = [report.Bench(SCENARIO, report.by_tool(rows), LIMIT)]
    text = render(found, [Run()], "Written by hand.", ["first-frame-1", "arrivals-S1", "arrivals-S10"], ["serving.md"])
    assert "Written by hand." in text
    assert text.index("## Targets") < text.index("Written by hand.") < text.index("## Scenarios")
    assert picture("first-frame-1") in text
    assert picture("arrivals-S1") in text
    assert picture("arrivals-S10") not in text
    assert "[serving](serving.md)" in text
    assert "Failed runs: btfs: no frame." in text
    assert "### S1 healthy" in text


def test_the_verb_writes_the_report_and_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*runs("headrace", 1.0, 2.0), *runs("btfs", 3.0)]
    source = out(tmp_path / "out", rows)
    (source / "run.json").write_text(json.dumps({"command": "python -m bench run", "machine": {"cores": "2"}}))
    write_limits(tmp_path / "limits.json", {"S1": LIMIT})
    docs = tmp_path / "docs"
    words = [str(source), "--limits", str(tmp_path / "limits.json"), "--docs", str(docs), "--no-plots"]
    assert main(words) == 0
    text = (docs / "README.md").read_text()
    assert "| S1 healthy | 1.50 (1.00–2.00) | 3.00 btfs | 0.50 | 1.00 | 1.50 |" in text
    assert list(read_rows((docs / "rows.jsonl").read_text().splitlines())) == rows
    assert "1 scenarios, 0 plots" in capsys.readouterr().out
