"""Rates and queues."""

from __future__ import annotations

import math

from headrace.core.pieces import BLOCK
from headrace.testing.fake_link import Gate, Link, Meter, Partial, Request
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


def gate() -> tuple[Gate, list[int], list[tuple[float, object, tuple[object, ...]]]]:
    through: list[int] = []
    timers: list[tuple[float, object, tuple[object, ...]]] = []
    made = Gate(
        lambda at, call, *args: timers.append((at, call, args)), lambda _, request: through.append(request.block)
    )
    return made, through, timers


def test_without_a_limit_blocks_pass_at_once() -> None:
    made, through, timers = gate()
    made.put(link(1.0), Request(0, 7, BLOCK, 0), 1.0)
    assert (through, timers) == ([7], [])


def test_a_limit_lets_one_after_another_pass() -> None:
    made, through, timers = gate()
    made.set(BLOCK / 2, 0.0)
    for block in range(3):
        made.put(link(1.0), Request(0, block, BLOCK, 0), 1.0)
    passed = []
    while timers:
        at, call, args = timers.pop()
        call(*args)  # type: ignore[operator]
        passed.append((at, list(through)))
    assert passed == [(3.0, [0]), (5.0, [0, 1]), (7.0, [0, 1, 2])]


def test_another_limit_counts_from_then_on() -> None:
    made, through, timers = gate()
    made.set(1.0, 0.0)
    made.put(link(1.0), Request(0, 5, BLOCK, 0), 1.0)
    made.set(math.inf, 2.0)
    assert [at for at, _, _ in timers] == [1.0 + BLOCK, 2.0]
    for _, call, args in timers:
        call(*args)  # type: ignore[operator]
    assert through == [5], "once"
