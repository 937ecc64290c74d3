"""Tables and verdicts from rows."""

from __future__ import annotations

from bench.serving_report import grouped, page, spread
from bench.serving_rows import GIB, ColdRow, RangeRow, ViewersRow


def ranged(server, seconds, cpu, clients=1):
    return RangeRow(server, "drain", clients, clients * 2 * GIB, seconds, cpu, 0.1)


def cold(worst, loop=None, disk="slow"):
    return ColdRow("headrace", disk, 1.0, 2e7, 1e9, 0.01, 3000, 0.0005, 0.004, worst, loop)


def viewed(stalls):
    return ViewersRow("headrace", "whole", 50, 625_000.0, 60.0, stalls, 0.0, 1.9, 0.2, 1_900_000_000, 4.0)


def verdicts(rows):
    """The first table of the page: target and verdict by what is judged."""
    table = page(rows, []).partition("|--:|")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return {cell[0]: (cell[2], cell[-1]) for cell in cells[2:] if len(cell) == 4}


def test_medians_are_compared():
    rows = [ranged("headrace", s, 0.6) for s in (1.0, 1.25, 9.0)] + [ranged("nginx", 1.0, 0.4)]
    found = verdicts(rows)
    assert found["throughput, drain"] == ("0.80", "kept")
    assert found["processor time, drain"] == ("1.50", "kept")


def test_what_is_missed_is_said():
    found = verdicts([ranged("headrace", 2.0, 1.0), ranged("nginx", 1.0, 0.4), cold(0.06, 0.04), viewed(0), viewed(1)])
    assert found["throughput, drain"] == ("0.50", "**missed**")
    assert found["processor time, drain"] == ("2.50", "**missed**")
    assert found["cold, disk slow: longest answer to a probe"] == ("60.0 ms", "**missed**")
    assert found["cold, disk slow: longest stall of the loop"] == ("40.0 ms", "kept")
    assert found["50 viewers, whole"] == ("1 stalls", "**missed**")


def test_the_worst_of_all_runs_counts():
    found = verdicts([cold(0.001, 0.002), cold(0.049), cold(0.003, 0.051)])
    assert found["cold, disk slow: longest answer to a probe"] == ("49.0 ms", "kept")
    assert found["cold, disk slow: longest stall of the loop"] == ("51.0 ms", "**missed**")


def test_each_part_has_its_table():
    text = page([ranged("headrace", 1.0, 0.6, 4), ranged("nginx", 1.0, 0.6, 4), cold(0.001), viewed(0)], ["Somewhere."])
    assert "Somewhere." in text
    assert "| drain | headrace | 4 | 8.00 | 0.075 | 0.10 | 1 |" in text
    assert "| slow | headrace | 20 | 1000 | 100 % | 0.50 | 4.0 | 1.0 | 10.0 |  | 0 | 1 |" in text
    assert "| whole | 50 | 0 | 0.0 | 1.90 | 0.20 | 31.7 | 0.07 | 100 %, 100 % | 1 |" in text


def test_without_rows_there_are_no_tables():
    assert "##" not in page([], [])


def test_spread_and_groups():
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0–3.0)"
    assert spread([1.0], 2) == "1.00"
    assert grouped([viewed(1), viewed(2), viewed(1)], lambda row: row.stalls) == [
        (1, [viewed(1), viewed(1)]),
        (2, [viewed(2)]),
    ]
