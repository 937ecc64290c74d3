"""From a player's many signals to the few reports that the application wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from headrace.players.base import OnState, PlayerState

INTERVAL = 0.95
"""Seconds between two reports that differ in their position only; a little under one, to keep in step with players
that tell it once a second."""

JUMP = 2.5
"""Seconds of position between two signals that cannot be mere playing (at up to twice the speed): a seek."""


class Reporter:
    """Passes states on when they change; a position that merely moves on, at most once in ``INTERVAL``."""

    def __init__(self, on_state: OnState, now: Callable[[], float]) -> None:
        self._on_state = on_state
        self._now = now
        self._sent = PlayerState("")
        self._sent_at = 0.0
        self.last = PlayerState("")
        """The newest state, reported or not."""

    def report(self, state: PlayerState) -> None:
        """Take the newest state; an ``ended`` or ``failed`` keeps the last position of the same file."""
        if state.state in ("ended", "failed"):
            state = self._with_last_position(state)
        self.last = state
        if state != self._sent and (not self._routine(state) or self._now() - self._sent_at >= INTERVAL):
            self._sent, self._sent_at = state, self._now()
            self._call(state)

    def _with_last_position(self, state: PlayerState) -> PlayerState:
        if state.path and self.last.path and state.path != self.last.path:
            return state
        return replace(
            state,
            position=self.last.position if state.position is None else state.position,
            duration=self.last.duration if state.duration is None else state.duration,
            path=state.path or self.last.path,
        )

    def _routine(self, state: PlayerState) -> bool:
        sent = self._sent
        if state.position is None or sent.position is None:
            return False
        moved_on = 0 <= state.position - sent.position <= JUMP
        return moved_on and replace(state, position=sent.position) == sent

    def _call(self, state: PlayerState) -> None:
        try:
            self._on_state(state)
        except Exception as error:  # the caller's mistake must be seen, and must not end the watch over the player
            asyncio.get_running_loop().call_exception_handler({"message": "on_state failed", "exception": error})
