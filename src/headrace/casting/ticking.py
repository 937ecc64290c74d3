"""Where a device is, between what it tells: passed on when it changes, and the position once a second.

Rules: a position follows from the last one that the device told and the clock; nobody is asked for it. After the end
nothing is told.
"""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from headrace.casting.base import OnStatus, Status

EVERY = 1.0
"""Seconds between two positions."""


class Clockwork:
    """The status of one show after another on one device."""

    def __init__(self, on_status: OnStatus, *, ticks: bool = True) -> None:
        """Without ``ticks`` the device tells its position each second."""
        self._ticks = ticks
        self._on_status = on_status
        self._loop = asyncio.get_running_loop()
        self._at = 0.0
        self._rate = 1.0
        self._timer: asyncio.TimerHandle | None = None
        self._began = False
        self.status = Status()

    def begin(self, start: float, duration: float | None) -> None:
        """A show begins, at this second."""
        self._began = True
        self.status = Status("starting", None, duration, self.status.volume, self.status.muted)
        self._tell(self.status)

    def hear(self, state: str, position: float | None, duration: float | None, rate: float = 1.0) -> None:
        """The device told its state; None: not known, or as it was."""
        if self.status.over or not self._began:
            return
        here = self.position if position is None else position
        self._rate = rate
        changed = replace(self.status, state=state, position=here, duration=duration or self.status.duration)
        self._tell(changed)

    def loud(self, level: float | None, muted: bool | None) -> None:
        """The device told its volume."""
        if (level, muted) == (self.status.volume, self.status.muted):
            return
        self.status = replace(self.status, volume=level, muted=muted)
        if self._began and not self.status.over:
            self._tell(replace(self.status, position=self.position))

    def finish(self) -> None:
        """It has come to the end of the film."""
        self.end(Status("ended", position=self.status.duration))

    def end(self, status: Status) -> None:
        """Nothing more comes."""
        if self.status.over or not self._began:
            return
        here = self.position if status.position is None else status.position
        loudness = {"volume": self.status.volume, "muted": self.status.muted}
        self._tell(replace(status, position=here, duration=self.status.duration, **loudness))

    def close(self) -> None:
        """Say nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    @property
    def position(self) -> float | None:
        """Where it is now, in seconds."""
        here = self.status.position
        if here is None or self.status.state != "playing":
            return here
        here += (self._loop.time() - self._at) * self._rate
        return min(here, self.status.duration) if self.status.duration else here

    def _tell(self, status: Status) -> None:
        self.status = status
        self._at = self._loop.time()
        self.close()
        if status.state == "playing" and self._ticks:
            self._timer = self._loop.call_later(EVERY, self._tick)
        self._on_status(status)

    def _tick(self) -> None:
        self._tell(replace(self.status, position=self.position))
