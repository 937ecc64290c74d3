"""The table of two revisions."""

from __future__ import annotations

from bench.model import Row, Seek
from bench.quick import table


def row(tool: str, first_frame: float | None, seek: float | None, late: float = 0.0) -> Row:
    return Row("S1", tool, first_frame=first_frame, seeks=[Seek(0.5, seek)], received=30_000_000, cpu=1.0, late=late)


def test_medians_of_sound_rows_and_their_ratio() -> None:
    rows = [row("old", 2.0, 1.0), row("old", 4.0, 1.0), row("old", 3.0, 1.0), row("old", 90.0, 90.0, late=0.5)]
    rows += [row("new", 1.5, None)]
    assert table(rows, "old", "new").splitlines() == [
        "| scenario | | old | new | ratio |",
        "|---|---|---:|---:|---:|",
        "| S1 | first frame, s | 3.00 | 1.50 | 0.50 |",
        "| S1 | seek to 50%, s | 1.00 | never |  |",
        "| S1 | received, MB | 30.00 | 30.00 | 1.00 |",
        "| S1 | processor, s | 1.00 | 1.00 | 1.00 |",
    ]
