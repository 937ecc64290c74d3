"""Rates of what passes."""

from __future__ import annotations

import pytest

from headrace.streaming.meter import Meter


@pytest.mark.parametrize("seconds", [2, 10, 60])
def test_a_steady_flow_has_its_rate_from_the_beginning(seconds: int) -> None:
    meter = Meter(100.0)
    for tenth in range(seconds * 10):
        meter.count(1000, 100.0 + (tenth + 1) / 10)
    assert meter.total == seconds * 10_000
    assert meter.rate(100.0 + seconds) == pytest.approx(10_000, rel=0.05)


def test_what_stopped_fades() -> None:
    meter = Meter(0.0)
    meter.count(50_000, 1.0)
    rates = [meter.rate(now) for now in (1.0, 5.0, 20.0, 60.0)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1
    assert Meter(0.0).rate(0.0) == 0.0


def test_a_clock_that_stands_still_does_no_harm() -> None:
    meter = Meter(5.0)
    meter.count(10, 5.0)
    meter.count(10, 4.9)
    assert meter.total == 20
    assert meter.rate(5.0) > 0
