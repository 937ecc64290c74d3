"""Medians, ranges, rivals."""

from __future__ import annotations

from dataclasses import replace

from bench.figures import (
    BEFORE,
    COSTS,
    CPU,
    FIRST_FRAME,
    NEVER,
    STALLS,
    Figure,
    Measure,
    best_rival,
    by_tool,
    figure,
    is_rival,
    ratio,
    seek_measure,
    seek_measures,
    times,
)
from bench.model import Row, Seek, Stall
from tests.bench.rows import LIMIT, SCENARIO, run, runs


def cost(key: str) -> Measure:
    return next(measure for measure in COSTS if measure.key == key)


def test_median_and_range() -> None:
    assert figure(runs("a", 3.0, 1.0, 2.0), FIRST_FRAME) == Figure(2.0, 1.0, 3.0, 3)
    assert figure([], FIRST_FRAME) is None


def test_late_rows_do_not_count() -> None:
    assert figure([*runs("a", 1.0), *runs("a", 9.0, late=0.004)], FIRST_FRAME) == Figure(1.0, 1.0, 1.0, 1)


def test_who_fails_is_infinitely_slow() -> None:
    found = figure([*runs("a", 1.0), *runs("a", None, None, error="no frame")], FIRST_FRAME)
    assert found == Figure(NEVER, 1.0, NEVER, 3)


def test_what_was_not_measured_does_not_count() -> None:
    assert figure(runs("a", None, 2.0), FIRST_FRAME) == Figure(2.0, 2.0, 2.0, 1)


def test_a_seek_without_a_frame_never_came() -> None:
    measure = seek_measure(0.5)
    assert measure.of(run("a", 1.0, None)) == NEVER
    assert measure.of(run("a", 1.0, 0.7)) == 0.7
    assert measure.of(run("a", 1.0)) is None
    assert measure.of(run("a", 1.0, error="it died")) == NEVER
    assert measure.limit(LIMIT) == 0.5


def test_after_a_failed_seek_no_region_is_fresh() -> None:
    row = run("a", 1.0, None, 0.1, 0.1)
    assert [seek_measure(to).of(row) for to in SCENARIO.seeks] == [NEVER, None, None]


def test_of_rapid_seeking_the_last_counts() -> None:
    rapid = replace(SCENARIO, story="rapid")
    (measure,) = seek_measures(rapid)
    assert measure.title == "last of 3 seeks"
    assert measure.of(Row("S1", "a", seeks=[Seek(0.25, 1.5)])) == 1.5
    assert seek_measures(replace(SCENARIO, story="playback")) == []


def test_mpv_has_rows_of_its_own() -> None:
    rows = [*runs("a", 1.0), Row("S1", "a", player="mpv", first_frame_mpv=1.4, first_byte=0.1)]
    mpv = next(measure for measure in times(SCENARIO) if measure.key == "first-frame-mpv")
    assert figure(rows, mpv) == Figure(1.4, 1.4, 1.4, 1)
    assert figure(rows, FIRST_FRAME) == Figure(1.0, 1.0, 1.0, 1)


def test_costs_are_of_runs_that_did_not_fail() -> None:
    row = run("a", 1.0, cpu=2.0, received=300, played_bytes=200, received_first_frame=3_000_000, sent=100, wasted=10)
    assert (CPU.of(row), BEFORE.of(row)) == (2.0, 3.0)
    assert (cost("per-byte").of(row), cost("wasted").of(row)) == (1.5, 10.0)
    assert cost("received").of(replace(row, error="it died")) is None
    assert cost("per-byte").of(replace(row, played_bytes=0)) is None


def test_stalls_are_of_runs_that_played() -> None:
    assert STALLS.of(Row("S17", "a", played=60.0)) == 0
    row = Row("S17", "a", played=60.0, stalls=[Stall(3.0, 1.0), Stall(9.0, 0.5)])
    assert (STALLS.of(row), cost("stalled").of(row)) == (2, 1.5)
    assert STALLS.of(Row("S1", "a")) is None


def test_ours_come_first_and_marks_last() -> None:
    rows = [run(tool, 1.0) for tool in ("webtorrent", "reference", "headrace-eager", "btfs", "headrace")]
    assert list(by_tool(rows)) == ["headrace", "headrace-eager", "btfs", "webtorrent", "reference"]
    assert [tool for tool in by_tool(rows) if is_rival(tool)] == ["btfs", "webtorrent"]


def test_the_best_rival_is_no_mark() -> None:
    rows = [*runs("headrace", 1.0), *runs("reference", 1.1), *runs("btfs", 3.0), *runs("peerflix", 2.0)]
    found = best_rival(by_tool(rows), FIRST_FRAME)
    assert found is not None
    assert found[0] == "peerflix"
    assert best_rival(by_tool(runs("headrace", 1.0)), FIRST_FRAME) is None


def test_a_seek_to_what_was_there_before_is_no_rival() -> None:
    """The limit of the seek to 50 % is half a second."""
    tools = by_tool([run("btfs", 30.0, 0.1), run("peerflix", 2.0, 0.9), run("rqbit", 9.0, 0.49)])
    fresh, first = best_rival(tools, seek_measure(0.5), LIMIT), best_rival(tools, FIRST_FRAME, LIMIT)
    assert fresh is not None
    assert fresh[0] == "rqbit", "limits are not exact"
    assert first is not None
    assert first[0] == "peerflix"
    assert best_rival(by_tool([run("btfs", 30.0, 0.1)]), seek_measure(0.5), LIMIT) is None


def test_who_never_gets_there_is_no_rival() -> None:
    assert best_rival(by_tool(runs("btfs", 1.0, None, None, error="it died")), FIRST_FRAME) is None


def test_ratios() -> None:
    assert ratio(1.0, 2.0) == 0.5
    assert ratio(NEVER, 2.0) == NEVER
    assert ratio(1.0, 0.0) is None
