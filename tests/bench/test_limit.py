"""The sum of the physical limit, on numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench.limit import (
    PAYLOAD,
    Film,
    Reading,
    bandwidth,
    cells,
    film_of,
    launch_trips,
    limit_of,
    read_limits,
    seek_costs,
    size_of,
    summary,
    write_limits,
)
from bench.model import Peers, Scenario

MIB = 1 << 20
FILM = Film(Path("film"), offset=500_000, total=10 * MIB + 100, piece_length=MIB, duration=100.0)
SCENARIO = Scenario("S1", "small", "x", (Peers(4, 2.0),), rtt=0.1, down=50)
START = Reading(((0, 1000), (9 * MIB, 9 * MIB + 10)), 0.25)
SEEK = Reading(((0, 1000), (3 * MIB, 3 * MIB + 10)), 0.2)


def test_the_narrowest_place_counts() -> None:
    assert bandwidth(SCENARIO) == pytest.approx(8e6 / 8 * PAYLOAD)
    assert bandwidth(replace(SCENARIO, down=4)) == pytest.approx(4e6 / 8 * PAYLOAD)


def test_a_launch_asks_the_tracker_and_then_the_nearest_peer() -> None:
    assert launch_trips(SCENARIO) == pytest.approx(0.8)
    near = replace(SCENARIO, peers=(Peers(1, 2.0, rtt=0.01), Peers(3, 2.0, rtt=0.5)))
    assert launch_trips(near) == pytest.approx(2 * 0.1 + 6 * 0.01)


def test_ranges_become_the_pieces_that_hold_them() -> None:
    assert cells([(0, MIB - 500_000)], FILM, MIB) == {0}
    assert cells([(0, MIB - 500_000 + 1)], FILM, MIB) == {0, 1}
    assert cells([(5, 5)], FILM, MIB) == set()


def test_the_last_piece_is_short() -> None:
    assert size_of([0, 10], FILM, MIB) == MIB + 100


def test_what_is_there_costs_nothing_again() -> None:
    assert seek_costs(FILM, [START, SEEK, SEEK], MIB) == [2 * MIB, MIB, 0]


def test_a_limit_is_trips_and_bytes_and_ffmpeg() -> None:
    limit = limit_of(SCENARIO, FILM, START, {0.5: SEEK, 0.25: SEEK})
    rate = bandwidth(SCENARIO)
    assert limit.first_byte == pytest.approx(0.8 + MIB / rate)
    assert limit.first_frame == pytest.approx(0.8 + 2 * MIB / rate + 0.25)
    assert limit.first_frame_bytes == 2 * MIB
    assert limit.seeks == {"0.5": pytest.approx(0.1 + MIB / rate + 0.2), "0.25": pytest.approx(0.3)}
    assert limit.first_frame_blocks == pytest.approx(0.8 + 2 * 16384 / rate + 0.25)
    assert limit.seeks_blocks["0.5"] == pytest.approx(0.1 + 16384 / rate + 0.2)
    assert limit.heads["0.5"] == list(SEEK.spans)


def test_limits_are_kept_in_a_file(tmp_path: Path) -> None:
    limit = limit_of(SCENARIO, FILM, START, {0.5: SEEK})
    write_limits(tmp_path / "limits.json", {"S1": limit})
    assert read_limits(tmp_path / "limits.json") == {"S1": limit}


def test_a_pad_file_at_the_end_is_never_sent() -> None:
    media = pytest.importorskip("bench.media")
    files = (media.File("film/a", 10), media.File("film/b", 90), media.File("film/.pad/28", 28))
    torrent = media.Torrent("k", Path("t"), "", "", None, files, 1, 64, 2, 5.0, Path("/media"))
    assert film_of(torrent) == Film(Path("/media/film/b"), 10, 100, 64, 5.0)


def test_a_limit_in_one_line() -> None:
    line = summary(limit_of(SCENARIO, FILM, START, {0.5: SEEK}))
    assert line.startswith("S1: first byte 1.90 s, first frame 3.26 s (2.1 MB")
    assert "seek to 50% 1.40 s" in line
