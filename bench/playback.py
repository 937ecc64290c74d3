"""A player's clock: what plays, what waits, where it stalled.

Rules: no clock and no input of its own; ``now`` and the bytes that have arrived are handed over. The film counts as of
one rate all along, so a byte has its time. A player starts, and goes on after a stall, when ``RESUME`` seconds of film
are there (or the film's end); it stalls when it has shown all that arrived.
"""

from __future__ import annotations

from bench.model import Stall

RESUME = 2.0
"""Seconds of film that must be there to start and to go on."""
AHEAD = 10.0
"""Seconds of film that a player keeps beyond what it shows."""


class Playback:
    """One viewing, from its first byte on. ``rate`` in bytes per second of film, ``length`` in seconds of film."""

    def __init__(self, rate: float, length: float, now: float) -> None:
        self._rate = rate
        self._length = length
        self._last = now
        self._since = now
        """When the wait began, if it waits."""
        self._playing = False
        self._paused = False
        self._arrived = 0.0
        self.started: float | None = None
        """When the picture first moved."""
        self.position = 0.0
        """Seconds of film that were shown."""
        self.stalls: list[Stall] = []
        """Those that are over; ``at`` is by the clock of ``now``."""

    @property
    def wants(self) -> bool:
        """Whether the player reads on."""
        return not self._paused and self._arrived - self.position < AHEAD

    @property
    def over(self) -> bool:
        """Whether all was shown."""
        return self.position >= self._length

    def pause(self, now: float, arrived: int) -> None:
        """The viewer stops the picture; nothing is read either."""
        self.advance(now, arrived)
        self.end(now)
        self._paused = True

    def go_on(self, now: float) -> None:
        """The viewer lets it play again."""
        self._paused = False
        self._last = now
        self._since = max(self._since, now)

    def advance(self, now: float, arrived: int) -> None:
        """It is ``now``, and so many bytes have arrived."""
        self._arrived = max(self._arrived, min(arrived / self._rate, self._length))
        if self._paused:
            return
        if self._playing:
            self._play(now)
        elif self._enough():
            self._playing = True
            if self.started is None:
                self.started = now
            else:
                self.stalls.append(Stall(self._since, now - self._since))
        self._last = now

    def end(self, now: float) -> None:
        """Count a stall that is not over yet."""
        if not self._playing and self.started is not None and not self._paused and not self.over:
            self.stalls.append(Stall(self._since, now - self._since))

    def _enough(self) -> bool:
        return self._arrived - self.position >= RESUME or (self._arrived >= self._length and not self.over)

    def _play(self, now: float) -> None:
        due = self.position + now - self._last
        self.position = min(due, self._arrived)
        if due > self._arrived and not self.over:
            self._playing = False
            self._since = now - (due - self._arrived)
