"""Trying again what failed for a reason that may go away by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Retry:
    """Calls ``work`` so many ``seconds`` after it was first asked to, or sooner."""

    def __init__(self, seconds: float, work: Callable[[], None]) -> None:
        self._seconds, self._work = seconds, work
        self._timer: asyncio.TimerHandle | None = None

    def later(self) -> None:
        """Try again in a while; asked again before that, it stays with the first time."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.now)

    def now(self) -> None:
        """The reason went away: try at once, if it was to be tried at all."""
        if self._timer is not None:
            self.cancel()
            self._work()

    def cancel(self) -> None:
        """Do not try again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
