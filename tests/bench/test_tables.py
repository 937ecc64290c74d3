"""Rows as Markdown."""

from __future__ import annotations

from bench.figures import NEVER, Figure, by_tool
from bench.model import Row
from bench.tables import DASH, cell, close, costs_table, number, overview, rows_cell, targets_table, times_table
from bench.targets import Bench, verdicts
from tests.bench.rows import LIMIT, SCENARIO, run, runs

ROWS = [
    *[run("headrace", 1.2, 0.6, 0.6, 1.1, cpu=1.0) for _ in range(5)],
    *[run("peerflix", first, 1.0, 1.0, 1.5, cpu=3.0) for first in (2.0, 2.0, 2.4, 2.4, 2.6)],
    run("btfs", None, error="no frame after 60 s"),
    run("headrace", 9.0, late=0.01),
]
BENCH = Bench(SCENARIO, by_tool(ROWS), LIMIT)


def line(text: str, name: str) -> list[str]:
    """The cells of the line that begins so."""
    return next(cells for cells in map(cells_of, text.splitlines()) if cells[0] == name)


def cells_of(text: str) -> list[str]:
    return [part.strip() for part in text.strip("|").split("|")]


def test_cells() -> None:
    assert number(None) == DASH
    assert number(NEVER) == "never"
    assert cell(None) == DASH
    assert cell(Figure(1.0, 1.0, 1.0, 1)) == "1.00"
    assert cell(Figure(1.0, 0.5, NEVER, 3)) == "1.00 (0.50–never)"
    assert cell(Figure(1.0, 0.5, 2.0, 3), count=3) == "1.00 (0.50–2.00)"
    assert cell(Figure(1.0, 0.5, 2.0, 3), count=5) == "1.00 (0.50–2.00) of 3"


def test_rows_that_count_and_that_do_not() -> None:
    assert rows_cell(runs("a", 1.0, 2.0)) == "2"
    assert (
        rows_cell([*runs("a", 1.0), *runs("a", 1.0, late=0.1), *runs("a", None, error="x")]) == "2 (1 late, 1 failed)"
    )
    assert rows_cell([*runs("a", 1.0), Row("S1", "a", player="mpv")]) == "1"


def test_times() -> None:
    text = times_table(BENCH)
    assert cells_of(text.splitlines()[0]) == [
        "seconds", "rows", "first frame", "seek to 50%", "seek to 80%", "seek to 25%"
    ]  # fmt: skip
    assert line(text, "**headrace**") == ["**headrace**", "5 (1 late)", "1.20", "0.60", "0.60", "1.10"]
    assert line(text, "btfs") == ["btfs", "1 (1 failed)", *["never"] * 4]
    assert line(text, "*physical limit*")[2:] == ["1.00", "0.50", "0.50", "1.00"]
    assert line(text, "*limit in blocks*")[2:] == ["0.80", "0.30", "0.30", "0.60"]
    assert line(text, "headrace ÷ best rival")[2] == "0.50 (peerflix)"
    assert line(text, "headrace ÷ limit")[2:] == ["1.20", "1.20", "1.20", "1.10"]


def test_costs_that_nobody_measured_have_no_column() -> None:
    text = costs_table(BENCH)
    assert cells_of(text.splitlines()[0]) == ["cost", "rows", "CPU s"]
    assert line(text, "btfs")[2] == DASH
    assert line(text, "headrace ÷ best rival")[2] == "0.33 (peerflix)"
    assert "limit" not in text
    assert costs_table(Bench(SCENARIO, by_tool(runs("a", 1.0)), LIMIT)) == ""


def test_overview() -> None:
    found = line(overview([BENCH]), "S1 healthy")
    assert found[1:] == ["1.20", "2.40 peerflix", "0.50", "1.00", "1.20", DASH, DASH]
    bare = Bench(SCENARIO, by_tool(runs("btfs", 1.0)), None)
    assert line(overview([bare]), "S1 healthy")[1:] == [DASH, "1.00 btfs", *[DASH] * 5]


def test_a_miss_by_less_than_rounding_shows_a_digit_more() -> None:
    assert close(0.652, 0.65) == "0.652"
    assert close(0.65, 0.65) == "0.65"
    assert close(0.7, 0.65) == "0.70"
    assert close(100.4, 100) == "100.4"
    assert close(60.0, 100) == "60"


def test_targets_name_what_was_missed() -> None:
    text = targets_table(verdicts([BENCH]))
    assert line(text, "first frame ÷ best rival") == [
        "first frame ÷ best rival", "≤ 0.6", "met", "S1 0.50", DASH, DASH, DASH
    ]  # fmt: skip
    seeks = line(text, "each fresh seek ÷ best rival")
    assert seeks[2:6] == ["met", "S1 0.60, 0.60", DASH, "S1 seek to 25% 0.73 of peerflix, physics 0.67"]
    near = line(text, "first frame and seeks ÷ physical limit, S1 to S4")
    assert near[2:5] == ["met", "S1 1.20, 1.20, 1.20, 1.10", DASH]
    assert {text.count("|") for text in text.splitlines()} == {8}
