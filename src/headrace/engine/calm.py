"""Whether two blocks in flight at each peer are enough, as libtorrent tells it.

Rules: libtorrent is asked in a thread, where waiting hurts nobody. Nothing here imports libtorrent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core.pieces import BLOCK
from headrace.engine.steering import running_loop

IN_FLIGHT = 2 * BLOCK
"""What libtorrent keeps in flight at a peer when its ``request_queue_time`` is 0."""
MARGIN = 1.2
"""So much more than what is delivered now must fit through."""
LEAST_ROUND_TRIP = 0.01
"""Seconds: libtorrent's figure is 0 for peers that came to us."""


class Calm:
    """Of one torrent. ``turn`` is told when requests are to be few, and when not any more."""

    def __init__(self, turn: Callable[[bool], None]) -> None:
        self._turn = turn
        self._wanted = False

    def want(self, handle: Any, calm: bool) -> None:
        """Ask for calm, or end it at once."""
        self._wanted = calm
        if not calm:
            self._turn(False)
            return
        loop = running_loop()

        def ask() -> None:
            with contextlib.suppress(RuntimeError):  # the torrent was removed, or the loop has ended
                enough = fills_the_pipe(handle.get_peer_info())
                loop.call_soon_threadsafe(self._answer, enough)

        loop.run_in_executor(None, ask)

    def _answer(self, enough: bool) -> None:
        if self._wanted and enough:
            self._turn(True)


def fills_the_pipe(infos: Sequence[Any]) -> bool:
    """Whether all that is delivered now could come with ``IN_FLIGHT`` at each peer and round trips as they are."""
    fits = sum(IN_FLIGHT / max(info.rtt / 1000, LEAST_ROUND_TRIP) for info in infos if _sends(info) and info.rtt > 0)
    comes = sum(info.payload_down_speed for info in infos)
    return bool(comes > 0 and fits >= MARGIN * comes)


def _sends(info: Any) -> bool:
    return not info.flags & (info.connecting | info.handshake | info.remote_choked) and info.payload_down_speed > 0
