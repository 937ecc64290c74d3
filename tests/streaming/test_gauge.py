from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.core.pieces import FileEntry, Layout
from headrace.engine.base import Peer, Stats
from headrace.streaming.conductor import Conductor
from headrace.streaming.gauge import CELLS, Gauge

LAYOUT = Layout("x", 16, 1600, (FileEntry(0, "x.mp4", 1600, 0),))


class FakeHandle:
    def __init__(self) -> None:
        self.have = bytearray(LAYOUT.num_pieces)

    def apply(self, change: object) -> None:
        pass


class FakeTorrent:
    def __init__(self, duration: float | None = 160.0) -> None:
        self.handle: Any = FakeHandle()
        self.layout: Layout | None = LAYOUT
        self.chosen: Any = SimpleNamespace(entry=LAYOUT.files[0])
        self.conductor: Any = Conductor(self.handle)
        self.conductor.start(LAYOUT)
        self.error = ""
        info = SimpleNamespace(duration=duration)
        self.warm: Any = SimpleNamespace(info=info, pins=(), done=asyncio.Event())
        self.warm.done.set()

    def warm_of(self, file: object) -> Any:
        return self.warm


def stats(downloaded: int) -> Stats:
    return Stats("", "downloading", 1, 0, downloaded, 0, 3, 3)


async def test_a_rate_is_what_came_between_two_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    gauge = Gauge(FakeTorrent())  # type: ignore[arg-type]
    gauge.measure(stats(1000))
    assert gauge.delivery == 0.0
    now[0] += 0.1
    gauge.measure(stats(9000))
    assert gauge.delivery == 0.0, "too soon after the first count"
    now[0] += 0.9
    gauge.measure(stats(5000))
    assert gauge.delivery == pytest.approx(4000)
    now[0] += 1.0
    gauge.measure(stats(5000))
    assert 0 < gauge.delivery < 4000, "a pause lowers it bit by bit"


@pytest.mark.parametrize(("peers", "came", "arrives"), [(0, 0, False), (0, 16, True), (3, 0, True)])
async def test_a_silent_second_without_peers_is_no_delivery(
    monkeypatch: pytest.MonkeyPatch, peers: int, came: int, arrives: bool
) -> None:
    now = [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    gauge = Gauge(FakeTorrent())  # type: ignore[arg-type]
    for downloaded in (1, 10_000, 10_000 + came):
        now[0] += 1.0
        gauge.stats = Stats("", "downloading", 1, 0, downloaded, 0, peers, peers)
        gauge.measure(gauge.stats)
    assert (gauge.sample().down_rate > 0) == arrives  # web seeds are no peers


async def test_what_is_buffered_counts_from_the_newest_reader_or_from_what_is_shown() -> None:
    torrent = FakeTorrent()
    gauge = Gauge(torrent)  # type: ignore[arg-type]
    torrent.handle.have[:10] = bytes([1]) * 10
    assert gauge.buffered() == 160
    torrent.conductor.enter(80, 1600)
    assert gauge.buffered() == 80
    gauge.position = 2.0
    assert gauge.bitrate() == pytest.approx(10)
    assert gauge.buffered() == 140


async def test_the_map_has_a_digit_for_each_part() -> None:
    torrent = FakeTorrent()
    gauge = Gauge(torrent)  # type: ignore[arg-type]
    assert gauge.coarse_map() == "0" * CELLS
    torrent.handle.have[:] = bytes([1]) * 50 + bytes(50)
    half = gauge.coarse_map()
    assert half.startswith("8" * 31)
    assert half.endswith("0" * 31)
    torrent.layout = None
    assert gauge.coarse_map() == ""


async def test_the_needed_bytes_are_the_first_ones_and_the_pins() -> None:
    torrent = FakeTorrent()
    gauge = Gauge(torrent)  # type: ignore[arg-type]
    assert gauge.needed() == 1600
    torrent.handle.have[:] = bytes([1]) * 100
    assert gauge.needed() == 0
    torrent.warm.done.clear()
    assert gauge.needed() == 1, "the index is not known yet"


async def test_the_facts_say_who_has_the_piece_and_who_chokes() -> None:
    torrent = FakeTorrent()
    gauge = Gauge(torrent)  # type: ignore[arg-type]
    place = torrent.conductor.enter(160, 1600)
    place.waiting_since = asyncio.get_running_loop().time()
    nothing, tenth = bytes(100), bytes(10) + b"\1" + bytes(89)
    gauge.facts = (
        Peer("a", "", 0, 0, False, True, True, 1.0, b"", "tracker"),
        Peer("b", "", 0, 0, True, True, False, 0.1, tenth, "dht"),
        Peer("c", "", 0, 0, False, True, False, 0.0, nothing, "pex"),
        Peer("d", "", 0, 0, False, True, True, 1.0, b"", "connecting"),
    )
    sample = gauge.sample()
    assert sample.waiting_piece == 10
    assert [tuple(facts) for facts in sample.facts or ()] == [(True, False), (True, True), (False, False)]
