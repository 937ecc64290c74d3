"""How much haste there is: none, or a piece that a viewer waits for and that peers hold up.

Rules: a timer runs only while somebody waits for a piece all of which was asked for. Calm means that somebody reads, or
did lately, and nobody waits: little is to be in flight then, for a seek waits for all that is. It ends when it costs
speed, and at once when somebody waits; who just downloads never has it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from headrace.core.planner import World, waits
from headrace.core.stragglers import LOOK_SECONDS
from headrace.engine.base import EngineTorrent

PATIENT_AFTER, PATIENT_SECONDS = 30, 1.0
"""After so many looks that did not help the next ones come this many seconds apart."""
VIEWER_GONE = 30.0
"""Seconds after the last reader left in which another one may come: a player opens a new stream for each seek."""
TOO_SLOW, NOT_AGAIN = 0.8, 60.0
"""Calm that costs more than a fifth of what was delivered before ends, for so many seconds."""


class Haste:
    """Of one torrent. ``held_up`` names the piece, or None when nobody waits for one. ``clock`` in seconds."""

    def __init__(self, torrent: EngineTorrent, clock: Callable[[], float], held_up: Callable[[], int | None]) -> None:
        self._torrent, self._clock, self._held_up = torrent, clock, held_up
        self._timer: asyncio.TimerHandle | None = None
        self._piece: int | None = None
        self._looks = 0
        self._calm = False
        self._before = 0.0
        """What was delivered when calm began."""
        self._not_before = -math.inf

    def check(self, world: World, left_at: float) -> None:
        """Something changed. ``left_at``: when the last reader left."""
        if self._timer is None and self._held_up() is not None:
            self._look()
        self._settle(world, left_at)

    def _look(self) -> None:
        piece, self._timer = self._held_up(), None
        if piece is None:
            return
        self._looks = self._looks + 1 if piece == self._piece else 1
        self._piece = piece
        self._torrent.take_over(piece)
        wait = LOOK_SECONDS if self._looks < PATIENT_AFTER else PATIENT_SECONDS
        self._timer = asyncio.get_running_loop().call_later(wait, self._look)

    def _settle(self, world: World, left_at: float) -> None:
        now, delivery = self._clock(), world.rates.delivery
        if self._calm and delivery < TOO_SLOW * self._before:
            self._not_before = now + NOT_AGAIN
        watched = bool(world.heads) or now - left_at < VIEWER_GONE
        # Who has just come where all is there does not wait: players open a film at its start and seek in the next
        # instant, and if that ended calm, the seek would wait for what was asked for in between.
        restless = any(head.hungry or waits(world, head) for head in world.heads)
        calm = watched and not restless and delivery > 0 and now >= self._not_before
        if calm != self._calm:
            self._calm, self._before = calm, delivery
            self._torrent.set_calm(calm)
