"""A player's clock over a film of 1,000 bytes per second."""

from __future__ import annotations

import pytest
from bench.model import Stall
from bench.playback import AHEAD, RESUME, Playback


def played(seconds: float = 100.0) -> Playback:
    return Playback(rate=1000, length=seconds, now=0.0)


def test_it_starts_when_enough_is_there() -> None:
    playback = played()
    playback.advance(1.0, int(1000 * RESUME) - 1)
    assert playback.started is None
    playback.advance(2.0, int(1000 * RESUME))
    assert playback.started == 2.0
    playback.advance(3.0, 9000)
    assert playback.position == 1.0
    assert playback.stalls == []


def test_a_short_film_starts_when_it_is_whole() -> None:
    playback = played(1.0)
    playback.advance(1.0, 1000)
    playback.advance(3.0, 1000)
    assert playback.over
    playback.end(5.0)
    assert playback.stalls == []


def test_it_stalls_to_the_moment_and_goes_on_with_enough() -> None:
    playback = played()
    playback.advance(0.0, 5000)
    playback.advance(4.0, 5000)
    playback.advance(5.5, 5000)
    assert playback.position == 5.0
    playback.advance(7.0, 6999)
    assert playback.stalls == []
    playback.advance(8.0, 7000)
    assert playback.stalls == [Stall(5.0, 3.0)]
    playback.advance(9.0, 9000)
    assert playback.position == 6.0


def test_a_stall_at_the_end_counts() -> None:
    playback = played()
    playback.advance(0.0, 2000)
    playback.advance(3.0, 2000)
    playback.end(10.0)
    assert playback.stalls == [Stall(2.0, 8.0)]


def test_it_reads_only_so_far_ahead() -> None:
    playback = played()
    assert playback.wants
    playback.advance(0.0, int(1000 * AHEAD))
    assert not playback.wants
    playback.advance(1.0, int(1000 * AHEAD))
    assert playback.wants


def test_nothing_moves_in_a_pause() -> None:
    playback = played()
    playback.advance(0.0, 5000)
    playback.pause(1.0, 5000)
    assert not playback.wants
    playback.advance(100.0, 9000)
    assert playback.position == 1.0
    playback.go_on(600.0)
    playback.advance(601.0, 9000)
    assert playback.position == 2.0
    assert playback.stalls == []


def test_a_stall_is_cut_by_a_pause() -> None:
    playback = played()
    playback.advance(0.0, 2000)
    playback.advance(3.0, 2000)
    playback.pause(4.0, 2000)
    playback.go_on(100.0)
    playback.advance(101.0, 4000)
    assert playback.stalls == [Stall(2.0, 2.0), Stall(100.0, 1.0)]


@pytest.mark.parametrize("step", [0.1, 0.5, 1.0])
def test_a_swarm_slower_than_the_film_shows_what_it_can(step: float) -> None:
    """At 0.8 of the film's rate, a fifth of the time is stalls, whatever the steps."""
    playback = played(1000)
    steps = int(500 / step)
    for number in range(steps + 1):
        playback.advance(number * step, int(number * step * 800))
    playback.end(500.0)
    waited = sum(stall.seconds for stall in playback.stalls)
    assert playback.started is not None
    assert playback.position + waited + playback.started == pytest.approx(500.0, abs=1e-6)
    assert 0.15 < waited / 500 < 0.22
