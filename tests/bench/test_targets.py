"""Targets: what is met, missed, out of reach, or not yet shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.figures import by_tool
from bench.model import Limit, Row, Stall
from bench.targets import Bench, Verdict, judge, verdicts
from tests.bench.rows import LIMIT, SCENARIO, runs

FIVE = (1.0,) * 5


def verdict(title: str, rows: Sequence[Row], limit: Limit | None = LIMIT, key: str = "S1") -> Verdict:
    """The target whose title begins so."""
    bench = Bench(replace(SCENARIO, id=key), by_tool(rows), limit)
    return next(one for one in verdicts([bench]) if one.target.title.startswith(title))


def rivals(seconds: float) -> list[Row]:
    return [*runs("peerflix", *[seconds] * 5), *runs("btfs", *[seconds + 9] * 5)]


def test_judgement() -> None:
    assert judge(0.5, 0.6, (5, 5)) == "met"
    assert judge(0.5, 0.6, (5, 4)) == "too few rows"
    assert judge(0.7, 0.6, (5, 5), best=0.5) == "missed"
    assert judge(0.7, 0.6, (5, 5), best=0.65) == "out of reach"
    assert judge(0.7, 0.6, (1, 1)) == "missed"


def test_first_frame_against_the_best_rival() -> None:
    met = verdict("first frame ÷ best", [*runs("headrace", *FIVE), *rivals(2.0)])
    assert met.state == "met"
    assert (met.cases[0].value, met.cases[0].note) == (0.5, "of peerflix")
    assert verdict("first frame ÷ best", [*runs("headrace", *FIVE), *rivals(1.65)]).cases[0].state == "out of reach"
    fast = replace(LIMIT, first_frame=0.1)
    assert verdict("first frame ÷ best", [*runs("headrace", *FIVE), *rivals(1.5)], fast).state == "not met"


def test_few_rows_leave_it_open() -> None:
    found = verdict("first frame ÷ best", [*runs("headrace", 1.0), *rivals(2.0)])
    assert (found.state, found.cases[0].state) == ("open", "too few rows")


def test_without_rows_nothing_is_said() -> None:
    assert verdict("first frame ÷ best", runs("headrace", *FIVE)).state == "not measured"


def test_failing_is_a_miss_but_a_rival_that_fails_is_none() -> None:
    failed = {"error": "no frame"}
    assert verdict("first frame ÷ best", [*runs("headrace", *[None] * 5, **failed), *rivals(2.0)]).state == "not met"
    rows = [*runs("headrace", *FIVE), *runs("peerflix", *[None] * 5, **failed)]
    assert verdict("first frame ÷ best", rows).state == "not measured"


def test_the_bound_to_the_limit_depends_on_the_scenario() -> None:
    rows = runs("headrace", *[1.5] * 5)
    assert verdict("first frame and seeks ÷ physical limit, S1", rows).state == "not met"
    assert verdict("first frame and seeks ÷ physical limit, S5", rows).state == "not measured"
    assert verdict("first frame and seeks ÷ physical limit, S5", rows, key="S5").state == "met"
    assert verdict("first frame and seeks ÷ physical limit, S1", rows, None).state == "not measured"


def test_eager_is_held_to_the_limit_itself() -> None:
    assert verdict("the same with", runs("headrace-eager", *FIVE), key="S12").state == "met"
    assert verdict("the same with", runs("headrace-eager", *[1.1] * 5), key="S12").state == "not met"
    assert verdict("the same with", runs("headrace", *FIVE)).state == "not measured"


def test_one_stall_in_one_run_is_a_stall() -> None:
    rows = [Row("S17", "headrace", played=600.0) for _ in range(5)]
    assert verdict("stalls", rows, key="S17").state == "met"
    rows[2].stalls = [Stall(9.0, 0.4)]
    assert verdict("stalls", rows, key="S17").state == "not met"
    rows[2] = Row("S17", "headrace", error="it died")
    assert verdict("stalls", rows, key="S17").state == "not met"


def test_costs() -> None:
    more = {"cpu": 1.0, "memory": 90_000_000, "received_first_frame": 2_900_000}
    rows = [*runs("headrace", *FIVE, **more), *runs("peerflix", *FIVE, cpu=2.1)]
    assert verdict("CPU", rows).state == "met"
    assert verdict("peak memory", rows).state == "met"
    assert verdict("bytes before", rows).cases[0].value == 1.45
    heavy = [*runs("headrace", *FIVE, cpu=1.2, memory=101_000_000), *runs("peerflix", *FIVE, cpu=2.1)]
    assert verdict("CPU", heavy).state == "not met"
    assert verdict("peak memory", heavy).state == "not met"
