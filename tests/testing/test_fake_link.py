"""Rates and queues."""

from __future__ import annotations

from headrace.core.pieces import BLOCK
from headrace.testing.fake_link import Link, Meter, Partial, Request
from headrace.testing.fake_swarm import FakePeer


def link(rate: float) -> Link:
    return Link(FakePeer(rate=rate), b"\1")


def test_meter_counts_one_second() -> None:
    meter = Meter()
    meter.add(0.0, 100)
    meter.add(0.5, 50)
    assert meter.rate(0.9) == 150
    assert meter.rate(1.2) == 50
    assert meter.rate(9) == 0
    assert meter.total == 150


def test_slow_start_grows_by_one_per_block() -> None:
    one = link(100 * BLOCK)
    assert one.room(0) == 4
    one.blocks = 3
    assert one.room(0) == 7
    one.requests.append(Request(0, 0, BLOCK, 0))
    assert one.room(0) == 6


def test_queue_is_a_second_of_the_rate() -> None:
    one = link(10 * BLOCK)
    one.blocks = 100
    assert one.room(0) == 10


def test_measured_rate_counts_after_a_second() -> None:
    one = link(100 * BLOCK)
    one.blocks, one.first = 100, 0.0
    one.meter.add(1.5, 5 * BLOCK)
    assert one.room(2.0) == 6


def test_slow_peers_get_two_and_silent_ones_one() -> None:
    one = link(100)
    assert one.room(0) == 2
    one.snubbed = True
    assert one.room(0) == 1


def test_partial() -> None:
    assert Partial(3).free == [0, 1, 2]
