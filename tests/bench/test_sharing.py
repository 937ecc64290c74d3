"""Viewers of several torrents on one link: what counts as a stall, and who has which seeds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from bench import sharing
from bench.sharing import CASES, STEP, Case, Row, Swarm, View, describe, hosts, watch

from headrace.testing.clock import run

RATE = STEP * 4.0
"""Bytes per second of film: four reads are a second."""


class Reader:
    """Gives ``STEP`` bytes a read; before the reads that ``waits`` names it takes so many seconds."""

    def __init__(self, waits: dict[int, float], reads: int = 10_000) -> None:
        self._waits, self._left, self.reads = waits, reads, 0

    async def read(self, size: int) -> bytes:
        await asyncio.sleep(self._waits.get(self.reads, 0.0))
        self.reads += 1
        self._left -= 1
        return bytes(size) if self._left >= 0 else b""


def seen(waits: dict[int, float], seconds: float = 20.0, **how: Any) -> tuple[View, Reader]:
    view, reader = View(0), Reader(waits, **how)
    run(watch(reader, view, RATE, seconds))
    return view, reader


def test_a_viewer_with_enough_never_stalls_and_reads_at_the_films_pace() -> None:
    view, reader = seen({0: 0.5})
    assert view.stalls == []
    assert view.start == pytest.approx(0.5)
    assert view.shown == pytest.approx(20 - 0.5 + sharing.AHEAD, abs=0.6)
    assert reader.reads == pytest.approx(view.shown * 4, abs=2)


def test_a_stall_is_what_goes_beyond_the_films_three_seconds() -> None:
    view, _ = seen({40: 5.0})
    assert view.stalls == [pytest.approx(5.0 - sharing.AHEAD, abs=0.5)]
    assert seen({40: sharing.AHEAD - 0.5})[0].stalls == []


def test_who_never_sees_a_picture_waited_all_the_time() -> None:
    view, _ = seen({1: 99.0})
    assert (view.start, view.shown, view.stalls) == (20.0, 0.0, [])


def test_the_films_end_ends_the_viewer() -> None:
    view, _ = seen({}, reads=12)
    assert view.shown == 3.0


def addresses(swarms: Sequence[Swarm]) -> list[list[str]]:
    return [[host.address for host in group] for group in hosts(Case("", 1.0, tuple(swarms)))]


def test_every_seed_has_an_address_of_its_own() -> None:
    for case in CASES.values():
        every = [address for group in addresses(case.swarms) for address in group]
        assert len(every) == len(set(every)) == sum(swarm.seeds for swarm in case.swarms)
    assert addresses([Swarm(1), Swarm(2)]) == [["198.18.10.1"], ["198.18.11.1", "198.18.11.2"]]


def test_a_round_in_words() -> None:
    row = Row("stock", [View(1, 2.0, [1.5, 0.5], 30.0)], [20_000_000, 2_500_000], 45.0)
    assert describe(row).splitlines() == [
        "stock: 4.0 of 4 Mbit/s",
        "   40 seeds   3.6 Mbit/s  ",
        "    2 seeds   0.4 Mbit/s  start 2.0, 2 stalls, 2.0 s",
        "  stalled 1 of 1: sum 2.0, most 2.0 s; start median 2.0, most 2.0 s",
    ]
