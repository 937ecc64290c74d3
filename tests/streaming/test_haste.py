from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from headrace.core.stragglers import LOOK_SECONDS
from headrace.streaming.haste import PATIENT_AFTER, PATIENT_SECONDS, Haste
from headrace.testing.clock import virtual_time


class Scene:
    """A torrent that writes down when it was told to look after which piece."""

    def __init__(self) -> None:
        self.piece: int | None = None
        self.looks: list[tuple[float, int]] = []
        torrent: Any = SimpleNamespace(take_over=self._look)
        self.haste = Haste(torrent, lambda: self.piece)

    def _look(self, piece: int) -> None:
        self.looks.append((asyncio.get_running_loop().time(), piece))


@virtual_time
async def test_nobody_waits_nobody_looks() -> None:
    scene = Scene()
    scene.haste.check()
    await asyncio.sleep(5)
    assert scene.looks == []


@virtual_time
async def test_it_looks_at_once_and_again_until_the_piece_is_there() -> None:
    scene, began = Scene(), asyncio.get_running_loop().time()
    scene.piece = 7
    scene.haste.check()
    scene.haste.check()
    assert scene.looks == [(began, 7)], "once, however often something changes"
    await asyncio.sleep(2.5 * LOOK_SECONDS)
    assert [piece for _, piece in scene.looks] == [7, 7, 7]
    scene.piece = None
    await asyncio.sleep(5)
    assert len(scene.looks) == 3
    scene.piece = 8
    scene.haste.check()
    assert scene.looks[3][1] == 8


@virtual_time
async def test_what_did_not_help_often_is_tried_less_often() -> None:
    scene = Scene()
    scene.piece = 7
    scene.haste.check()
    await asyncio.sleep(PATIENT_AFTER * LOOK_SECONDS + 5 * PATIENT_SECONDS)
    assert PATIENT_AFTER + 4 <= len(scene.looks) <= PATIENT_AFTER + 6
    scene.piece = 8
    await asyncio.sleep(PATIENT_SECONDS + 3 * LOOK_SECONDS)
    assert [piece for _, piece in scene.looks[-3:]] == [8, 8, 8], "another piece is another matter"
