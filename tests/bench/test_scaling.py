"""What is made of rows: how they grow, what is claimed of them, and the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bench import alerts, scaling
from bench.scaling import Claim, Row


def rows() -> list[Row]:
    """A cost in each cell that grows by nothing but heads, and half as fast as these."""
    return [
        Row(what, scene, pieces, heads, 10, 0.1 * (1 + heads) / 2, 0.2, 0.4, pieces + 1000)
        for what in ("plan", *alerts.KINDS)
        for scene in scaling.SCENES
        for pieces in scaling.PIECES
        for heads in scaling.HEADS
    ]


def test_a_row_says_what_many_times_say() -> None:
    """The median of the quietest pass; the rest of all passes."""
    made = scaling.row(("plan", "empty", 1000, 1), [[30.0, 10.0, 20.0], [3.0, 1.0, 2.0]], 7)
    assert made == Row("plan", "empty", 1000, 1, 6, 2.0, 20.0, 30.0, 7)


def test_growth_is_found_per_scene_and_along_one_axis() -> None:
    found = scaling.growth(rows(), "plan", "heads", 1, 10)
    assert [ratio for ratio, _ in found] == pytest.approx([5.5] * 9)
    assert {place for _, place in found} >= {"empty, 1,000 pieces", "nearly_whole, 100,000 pieces"}
    assert [ratio for ratio, _ in scaling.growth(rows(), "plan", "pieces", 10_000, 100_000)] == [1.0] * 9


def test_what_grows_little_is_claimed() -> None:
    made = scaling.claims(rows())
    assert [one.text for one in made if not one.holds] == []
    assert len(made) == 2 + 2 * 8 + 4 + 1


@pytest.mark.parametrize(
    ("what", "axis", "factor", "missed"),
    [
        ("plan", "pieces", 2.0, "plan: 10,000 to 100,000 pieces, times"),
        ("ready", "heads", 5.0, "ready: 10 to 50 heads, times"),
        ("stats", "pieces", 20.0, "stats: 10,000 to 100,000 pieces, times"),
    ],
)
def test_what_grows_too_fast_is_missed(what: str, axis: str, factor: float, missed: str) -> None:
    """One cell alone that costs more than it may."""
    most = {"pieces": 100_000, "heads": 50}[axis]
    worse = [
        replace(one, median=one.median * factor)
        if (one.what, one.scene, getattr(one, axis)) == (what, "scattered", most)
        else one
        for one in rows()
    ]
    assert [one.text for one in scaling.claims(worse) if not one.holds] == [missed]


def test_a_plan_may_not_take_longer_or_more_than_is_promised() -> None:
    slow = [replace(one, nearly_most=6.0) for one in rows()]
    assert [one.text for one in scaling.claims(slow) if not one.holds] == ["99 of 100 re-plans, ms"]
    large = [replace(one, memory=60_000_000) for one in rows()]
    assert [one.text for one in scaling.claims(large) if not one.holds] == ["Memory of planning, MB"]


def test_the_report_has_every_claim_and_every_cell() -> None:
    verdicts = [*scaling.claims(rows()), Claim("one that fails, times", 9.0, 1.0, "empty")]
    text = scaling.markdown(rows(), verdicts, scaling.machine())
    for one in verdicts:
        assert f"| {one.text} | {one.worst:g} |" in text
    assert text.count("**no**") == 1
    assert "| nearly whole | 50 | 2.550 (0.200) | 2.550 (0.200) | 2.550 (0.200) | 0.10 |" in text
    for kind, what in alerts.KINDS.items():
        assert f"| {kind} | {what} | 100.0 |" in text
    columns = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert set(columns) == {6, 7, 8, 9}


def test_it_is_drawn_in_both_formats(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    scaling.draw(rows(), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"scaling-{name}.{kind}" for name in ("plan", "alerts") for kind in ("png", "svg")}
    assert b"linear" in (tmp_path / "scaling-plan.svg").read_bytes()
    assert min(path.stat().st_size for path in tmp_path.iterdir()) > 10_000


def test_a_small_run_writes_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scaling, "measure", lambda rounds: iter(rows() if rounds == 3 else []))
    monkeypatch.setattr(scaling, "draw", lambda *_: None)
    assert scaling.main(["--rounds", "3", "--out", str(tmp_path / "new")]) == 0
    lines = (tmp_path / "new" / "scaling.jsonl").read_text().splitlines()
    assert [Row(**json.loads(line)) for line in lines] == rows()
    assert (tmp_path / "new" / "scaling.md").read_text().startswith("# How costs grow\n")
    assert len(capsys.readouterr().out.splitlines()) == len(rows())


def test_one_that_does_not_hold_is_told_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scaling, "measure", lambda _: iter([replace(one, nearly_most=9.0) for one in rows()]))
    monkeypatch.setattr(scaling, "draw", lambda *_: None)
    assert scaling.main(["--out", str(tmp_path)]) == 1
    assert "does not hold: 99 of 100 re-plans, ms: 9, at most 5" in capsys.readouterr().out


def test_measuring_covers_every_cell() -> None:
    made = list(scaling.measure(4, (1_000,), (1, 2)))
    assert {one.count for one in made if one.what == "plan"} == {4 * scaling.PASSES}
    assert len(scaling.cells(made)) == len(made) == (1 + len(alerts.KINDS)) * len(scaling.SCENES) * 2
