"""That what is measured is what the product does: alerts by hand lead to pieces had, plans and words to users."""

from __future__ import annotations

import random
from pathlib import Path

import libtorrent as lt
import pytest
from bench import alerts, planner

from headrace.core.events import Progress
from headrace.testing.clock import virtual_time


def world(heads: int = 2) -> alerts.World:
    return alerts.World(1_000, heads, planner.scattered(random.Random(1), 1_000))


@virtual_time
async def test_what_lay_on_the_disk_is_had() -> None:
    made = world()
    assert made.torrent.layout is not None
    assert made.torrent.handle.have == planner.scattered(random.Random(1), 1_000)
    assert len(made.conductor.places) == 2
    made.close()


@virtual_time
async def test_the_alerts_of_a_piece_bring_it_and_a_new_plan() -> None:
    made = world()
    piece = made.next_piece()
    assert piece is not None
    before, changed = made.conductor.plan, made.handle.changed
    costs = made.fetch(piece)
    assert made.torrent.handle.have[piece] == 1
    assert piece not in made.conductor.plan.wanted
    assert made.conductor.plan != before
    assert made.handle.changed > changed, "and libtorrent was told"
    assert set(costs) == set(alerts.KINDS) - {"stats", "seek", "peer"}
    assert min(costs.values()) > 0
    made.close()


@virtual_time
async def test_counters_are_told_and_a_seek_moves_the_window() -> None:
    import asyncio

    made, told = world(1), []
    made.torrent.subscribe(told.append)
    await asyncio.sleep(1)
    made.stats()
    made.downloaded += 10_000_000
    await asyncio.sleep(1)
    assert made.stats() > 0
    assert [note.down_rate for note in told if isinstance(note, Progress)] == [100_000_000] * 2
    assert made.conductor.rates.delivery == pytest.approx(10e6)
    before = made.conductor.plan.wanted
    made.seek()
    assert made.conductor.plan.wanted[0] != before[0]
    made.close()


def test_a_measurement_has_every_kind() -> None:
    costs = alerts.times(planner.scattered, 1_000, 1, 10)
    assert set(costs) == set(alerts.KINDS)
    assert len(costs["ready"]) == 10


def test_memory_is_measured() -> None:
    assert 1_000 < alerts.memory(planner.scattered, 1_000, 1, 10) < 1_000_000


def test_libtorrent_has_alerts_of_these_names() -> None:
    made = [kind for kind in vars(alerts) if kind.endswith("_alert")]
    assert len(made) == 5
    assert [kind for kind in made if not hasattr(lt, kind)] == []


def test_a_piece_takes_as_long_as_all_its_alerts() -> None:
    costs = dict.fromkeys(alerts.KINDS, 1000.0) | {"request": 1.0, "taken": 0.1, "block": 2.0, "ready": 0.2}
    assert alerts.BLOCKS == 31
    assert alerts.of_piece(costs) == pytest.approx(30 + 0.1 + 62 + 0.2)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    alerts.times(planner.empty, 1_000, 1, 10)
    assert list(tmp_path.iterdir()) == []
