"""Has the engine look after a piece that a viewer waits for, once all of it has been asked for.

Rules: a timer runs only while somebody waits for such a piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headrace.core.stragglers import LOOK_SECONDS
from headrace.engine.base import EngineTorrent

PATIENT_AFTER, PATIENT_SECONDS = 30, 1.0
"""After so many looks that did not help the next ones come this many seconds apart."""


class Haste:
    """Of one torrent. ``held_up`` names the piece, or None when nobody waits for one."""

    def __init__(self, torrent: EngineTorrent, held_up: Callable[[], int | None]) -> None:
        self._torrent, self._held_up = torrent, held_up
        self._timer: asyncio.TimerHandle | None = None
        self._piece: int | None = None
        self._looks = 0

    def check(self) -> None:
        """Something changed: begin to look if there is reason to."""
        if self._timer is None and self._held_up() is not None:
            self._look()

    def _look(self) -> None:
        piece, self._timer = self._held_up(), None
        if piece is None:
            return
        self._looks = self._looks + 1 if piece == self._piece else 1
        self._piece = piece
        self._torrent.take_over(piece)
        wait = LOOK_SECONDS if self._looks < PATIENT_AFTER else PATIENT_SECONDS
        self._timer = asyncio.get_running_loop().call_later(wait, self._look)
