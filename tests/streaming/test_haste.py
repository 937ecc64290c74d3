from __future__ import annotations

import asyncio
import math
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from headrace.core.heads import Head
from headrace.core.pieces import Layout
from headrace.core.planner import Rates, World
from headrace.core.stragglers import LOOK_SECONDS
from headrace.streaming.haste import NOT_AGAIN, PATIENT_AFTER, PATIENT_SECONDS, VIEWER_GONE, Haste
from headrace.testing.clock import virtual_time


class Scene:
    """A torrent that writes down when it was told to look after which piece."""

    def __init__(self) -> None:
        self.piece: int | None = None
        self.looks: list[tuple[float, int]] = []
        self.calm: list[tuple[float, bool]] = []
        self.delivery, self.left = 1e6, -math.inf
        self.have = bytearray(10)
        torrent: Any = SimpleNamespace(take_over=self._look, set_calm=self._set_calm)
        self._haste = Haste(torrent, asyncio.get_running_loop().time, lambda: self.piece)

    def check(self, *heads: Head) -> None:
        world = World(Layout("t", 16, 160, ()), self.have, heads, rates=Rates(self.delivery))
        self._haste.check(world, self.left)

    def _set_calm(self, calm: bool) -> None:
        self.calm.append((asyncio.get_running_loop().time(), calm))

    def _look(self, piece: int) -> None:
        self.looks.append((asyncio.get_running_loop().time(), piece))


@virtual_time
async def test_nobody_waits_nobody_looks() -> None:
    scene = Scene()
    scene.check()
    await asyncio.sleep(5)
    assert scene.looks == []


@virtual_time
async def test_it_looks_at_once_and_again_until_the_piece_is_there() -> None:
    scene, began = Scene(), asyncio.get_running_loop().time()
    scene.piece = 7
    scene.check()
    scene.check()
    assert scene.looks == [(began, 7)], "once, however often something changes"
    await asyncio.sleep(2.5 * LOOK_SECONDS)
    assert [piece for _, piece in scene.looks] == [7, 7, 7]
    scene.piece = None
    await asyncio.sleep(5)
    assert len(scene.looks) == 3
    scene.piece = 8
    scene.check()
    assert scene.looks[3][1] == 8


@virtual_time
async def test_what_did_not_help_often_is_tried_less_often() -> None:
    scene = Scene()
    scene.piece = 7
    scene.check()
    await asyncio.sleep(PATIENT_AFTER * LOOK_SECONDS + 5 * PATIENT_SECONDS)
    assert PATIENT_AFTER + 4 <= len(scene.looks) <= PATIENT_AFTER + 6
    scene.piece = 8
    await asyncio.sleep(PATIENT_SECONDS + 3 * LOOK_SECONDS)
    assert [piece for _, piece in scene.looks[-3:]] == [8, 8, 8], "another piece is another matter"


READS = Head(1, 0, 160, 0.0, fresh=False)


@virtual_time
async def test_it_is_calm_while_somebody_reads_and_nobody_waits() -> None:
    scene = Scene()
    for _ in range(3):
        scene.check(READS)
    assert scene.calm == [(0.0, True)], "told once"
    for restless in ({"waiting": True}, {"fresh": True}, {"hungry": True}):
        scene.check(replace(READS, **restless), replace(READS, id=2))
        assert scene.calm[-1][1] is False, restless
        scene.check(READS)
        assert scene.calm[-1][1] is True


@virtual_time
async def test_who_opens_where_all_is_there_changes_nothing() -> None:
    scene = Scene()
    scene.check(READS)
    scene.have[0] = 1
    scene.check(READS, replace(READS, id=2, fresh=True))
    scene.check(READS, replace(READS, id=2, fresh=True, position=160))
    assert scene.calm == [(0.0, True)], "a player opens a film at its start, and seeks in the next instant"
    scene.check(READS, replace(READS, id=2, fresh=True, position=16))
    assert scene.calm[-1] == (0.0, False), "the piece it opens at is missing"


@virtual_time
async def test_a_download_and_an_unknown_swarm_are_not_calm() -> None:
    scene = Scene()
    scene.check()
    scene.delivery = 0.0
    scene.check(READS)
    assert scene.calm == []


@virtual_time
async def test_it_stays_calm_for_a_while_after_the_last_reader() -> None:
    scene = Scene()
    scene.check(READS)
    scene.left = 0.0
    await asyncio.sleep(VIEWER_GONE - 1)
    scene.check()
    assert scene.calm == [(0.0, True)]
    await asyncio.sleep(1)
    scene.check()
    assert scene.calm[-1] == (VIEWER_GONE, False)


@virtual_time
async def test_calm_that_costs_speed_ends_for_a_while() -> None:
    scene = Scene()
    scene.check(READS)
    scene.delivery = 0.81e6
    scene.check(READS)
    assert scene.calm == [(0.0, True)]
    scene.delivery = 0.79e6
    scene.check(READS)
    assert scene.calm[-1] == (0.0, False)
    await asyncio.sleep(NOT_AGAIN - 1)
    scene.check(READS)
    assert len(scene.calm) == 2
    await asyncio.sleep(1)
    scene.check(READS)
    assert scene.calm[-1] == (NOT_AGAIN, True)
