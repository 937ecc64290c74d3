"""The order of runs, and how long they take."""

from __future__ import annotations

from bench.model import Peers, Scenario
from bench.order import OVERHEAD, Forecast, expected, rotated, schedule, shortened, span

HEALTHY = Scenario("S1", "healthy", "index-last-1m", (Peers(12, 8),))
LONG = Scenario("S17", "playback", "index-last-1m", (Peers(8, 1),), story="playback", seconds=600)


def test_rotation_keeps_all() -> None:
    assert rotated("abc", 4) == ["b", "c", "a"]
    assert rotated([], 4) == []


def test_each_repetition_meets_all_and_begins_with_another_tool() -> None:
    runs = [(run.rep, run.scenario.id, run.tool) for run in schedule([HEALTHY, LONG], ["a", "b"], 2)]
    assert runs == [
        (1, "S1", "a"), (1, "S1", "b"), (1, "S17", "a"), (1, "S17", "b"),
        (2, "S1", "b"), (2, "S1", "a"), (2, "S17", "b"), (2, "S17", "a"),
    ]  # fmt: skip


def test_stories_are_shortened_never_lengthened() -> None:
    assert shortened(LONG, None) == LONG
    assert shortened(LONG, 30).seconds == 30
    assert shortened(LONG, 900).seconds == 600
    assert shortened(HEALTHY, 30) == HEALTHY


def test_the_forecast_learns_from_what_is_done() -> None:
    runs = list(schedule([HEALTHY, LONG], ["a", "b"], 1))
    forecast = Forecast(list(runs))
    assert forecast.left() == 2 * OVERHEAD + 2 * (OVERHEAD + 600)
    forecast.done(runs[0], 9)
    assert forecast.left() == 9 + 2 * expected(LONG)


def test_spans_are_for_people() -> None:
    assert [span(seconds) for seconds in (7.4, 90, 1500, 11_100)] == ["7 s", "2 min", "25 min", "3 h 5 min"]
