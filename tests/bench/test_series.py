"""What plots show, as numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.arrivals import Block
from bench.figures import FIRST_FRAME, NEVER, Figure, by_tool
from bench.model import Row, Seek
from bench.series import (
    AHEAD,
    MOST_PLACES,
    Bar,
    Dot,
    Wait,
    axis_of,
    bars,
    dots,
    extent,
    fold,
    kind_of,
    labels,
    pair,
    place,
    reach,
    thin,
    touched,
    typical,
    waits,
)
from bench.targets import Bench
from tests.bench.rows import LIMIT, SCENARIO, run, runs

MIB = 1 << 20


def bar(tool: str, median: float, limit: float | None = None, high: float | None = None) -> Bar:
    return Bar(tool, kind_of(tool), Figure(median, median, high or median, 5), limit)


def test_kinds() -> None:
    tools = ("headrace", "headrace-eager", "btfs", "reference-window")
    assert [kind_of(tool) for tool in tools] == ["ours", "eager", "rival", "mark"]


def test_bars_of_what_was_measured() -> None:
    bench = Bench(SCENARIO, by_tool([*runs("headrace", 1.0), *runs("btfs", None)]), LIMIT)
    assert bars(bench, FIRST_FRAME) == [Bar("headrace", "ours", Figure(1.0, 1.0, 1.0, 1), 1.0)]


def test_an_axis_shows_all_but_what_is_far_too_slow() -> None:
    assert reach([bar("headrace", 1.0, 0.5), bar("btfs", 4.0, 0.5, 5.0)]) == pytest.approx(5.25)
    assert reach([bar("headrace", 1.0, 0.5), bar("btfs", 40.0, 0.5)]) == pytest.approx(6.3)
    assert reach([bar("headrace", 1.0, 0.5), bar("btfs", NEVER, 0.5, NEVER)]) == pytest.approx(1.05)
    assert reach([bar("btfs", NEVER, None, NEVER)]) == 1.0


def test_the_typical_run_is_nearest_the_median() -> None:
    rows = [run("headrace", first, launched=5.0, arrivals="x") for first in (1.0, 1.2, 9.0)]
    assert typical(rows) is rows[1]
    assert typical([replace(rows[1], arrivals="")]) is None
    assert typical([replace(rows[1], late=1.0)]) is None


def test_a_diagram_is_of_ours_and_the_best_rival() -> None:
    rows = [run(tool, first, launched=5.0, arrivals="x") for tool, first in (("headrace", 1.0), ("btfs", 2.0))]
    assert [row.tool for row in pair(Bench(SCENARIO, by_tool([*rows, *runs("peerflix", 3.0)]), None))] == [
        "headrace", "btfs"
    ]  # fmt: skip


def test_waits_of_a_run() -> None:
    row = Row("S1", "a", first_frame=1.0, seeks=[Seek(0.5, 0.5, at=1.5), Seek(0.8, None, at=2.5)])
    start, seek = waits(row, LIMIT)
    assert (start.begin, start.end) == (0.0, 1.0)
    assert start.pieces == ((0.0, 500_000 / MIB),)
    assert (seek.begin, seek.end) == (1.5, 2.0)
    assert waits(row, None)[1] == Wait("to 50%", 1.5, 2.0, ())
    assert extent(row) == 3.0
    assert extent(Row("S1", "a")) == 1.0


def test_labels_that_are_near_are_one() -> None:
    found = [Wait("first frame", 0.0, 1.0, ()), Wait("to 0%", 3.0, 3.5, ()), Wait("to 50%", 3.1, 4.0, ())]
    assert labels(found, 10.0) == [(0.0, "first frame\n1.00 s"), (3.0, "to 0% 0.50 s\nto 50% 0.90 s")]
    assert labels(found, 2.0) == [(0.0, "first frame\n1.00 s")]


def test_dots_count_from_the_launch() -> None:
    blocks = [Block(9.0, 0, 0, 3, 0), Block(10.5, 1, 0, 3, 32), Block(13.0, 0, 0, 4, 0)]
    assert dots(blocks, 10.0, MIB, until=2.0) == [Dot(0.5, 3.5, 1)]


def test_thinning_is_even() -> None:
    found = [Dot(float(at), 0.0, 0) for at in range(10)]
    assert [dot.at for dot in thin(found, 5)] == [0, 2, 4, 6, 8]
    assert thin(found, 100) == found


def test_empty_stretches_are_folded_away() -> None:
    first, second = fold([0, 1, 2, 3, 500, 501, 502, 503])
    assert (first.first, first.last, second.first, second.last) == (0, 3, 500, 503)
    assert first.scale == pytest.approx(second.scale)
    assert place([first, second], 0.0) == 0
    assert place([first, second], 504.0) == pytest.approx(1.0)
    assert place([first, second], 250.0) is None
    assert fold([]) == []


def test_short_stretches_have_room_for_their_label() -> None:
    one, many = fold([0, *range(100, 600)])
    assert one.scale > 10 * many.scale
    assert len(fold(range(0, 1000, 10))) == MOST_PLACES


def test_a_player_touches_what_it_reads_and_what_follows() -> None:
    ahead = AHEAD // MIB
    found = touched(LIMIT, last=700)
    assert {0, 38, 39, 38 + ahead} <= found
    assert 39 + ahead + 1 not in found
    assert max(touched(LIMIT, last=40)) == 40


def test_the_axis_holds_the_places_that_are_read() -> None:
    near, far = [Dot(0.1, 0.0, 0), Dot(0.2, 1.0, 0)], [Dot(0.1, 600.0, 0)]
    assert place(axis_of(LIMIT, [near, far]), 600.0) is None
    assert place(axis_of(LIMIT, [far, near]), 600.0) is not None
