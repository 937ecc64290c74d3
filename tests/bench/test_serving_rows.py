"""Rows keep what they are told; a player stands still from an empty buffer to a full one."""

from __future__ import annotations

import pytest
from bench.serving_rows import GIB, ColdRow, Player, RangeRow, ViewersRow, line, read_rows

RATE = 1000.0


@pytest.mark.parametrize(
    "row",
    [
        RangeRow("nginx", "curl", 1, 2 * GIB, 0.5, 0.4, 0.3),
        ColdRow("headrace", "as it is", 1.0, 2e8, 1e9, 0.01, 3000, 0.0005, 0.004, 0.009, 0.006),
        ViewersRow("headrace", "whole", 50, 625_000.0, 60.0, 1, 0.5, 0.0, 1.5, 1_900_000_000, 4.0, 0.0, 0.9),
    ],
)
def test_rows_are_read_back(row):
    assert read_rows([line(row), "\n"]) == [row]


def test_unknown_fields_are_left_out():
    row = RangeRow("nginx", "curl", 1, 10, 0.5, 0.4, 0.3)
    assert read_rows([line(row).replace("{", '{"later": 1, ', 1)]) == [row]


def test_rates():
    row = RangeRow("headrace", "drain", 4, 8 * GIB, 4.0, 2.0, 1.0)
    assert row.rate == 2 * GIB
    assert row.cpu_per_gib == 0.25


def filled(at=1.0):
    player = Player(0.0, RATE, 2.0)
    player.take(at, 2000)
    return player


def test_it_plays_when_its_buffer_is_full():
    player = Player(10.0, RATE, 2.0)
    assert player.room(10.0) == 2000
    player.take(10.5, 1500)
    assert player.started is None
    assert player.room(11.0) == 500
    player.take(11.5, 500)
    assert (player.started, player.start) == (11.5, 1.5)


def test_bytes_in_time_are_no_stall():
    player = filled()
    for step in range(1, 100):
        now = 1.0 + step / 10
        assert player.room(now) in (99, 100)
        player.take(now, 100)
    player.end(11.0)
    assert player.stalls == 0
    assert player.lowest == pytest.approx(1.9, abs=0.01)


def test_late_bytes_within_the_buffer_are_no_stall():
    player = filled()
    player.take(2.9, 2000)
    player.end(3.0)
    assert (player.stalls, player.stalled) == (0, 0.0)
    assert player.lowest == pytest.approx(0.1)


def test_an_empty_buffer_is_a_stall_until_it_is_full_again():
    player = filled()
    player.take(4.0, 1000)  # empty since 3.0
    assert player.stalls == 1
    player.take(5.0, 1000)
    player.end(5.5)
    assert player.stalls == 1
    assert player.stalled == pytest.approx(2.0)
    assert player.lowest == 0.0


def test_a_stall_that_lasts_counts_up_to_the_end():
    player = filled()
    player.end(4.5)
    assert (player.stalls, player.stalled) == (1, pytest.approx(1.5))


def test_a_viewer_that_never_started_is_a_stall():
    player = Player(0.0, RATE, 2.0)
    player.take(1.0, 100)
    player.end(60.0)
    assert (player.stalls, player.stalled, player.start, player.lowest) == (1, 60.0, 60.0, 0.0)
