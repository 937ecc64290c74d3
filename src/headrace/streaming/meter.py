"""How much passed, and how fast: an exponential mean that needs no timer.

Rules: no clock; whoever counts or asks says what time it is, in seconds.
"""

from __future__ import annotations

import math

SPAN = 5.0
"""Seconds that a rate looks back, about: players fetch in bursts of a second or two."""


class Meter:
    """Counts bytes. ``began`` is when it starts: a rate is not told as lower than it was only because it is young."""

    def __init__(self, began: float) -> None:
        self.total = 0
        self._began = self._last = began
        self._weight = 0.0

    def count(self, amount: int, now: float) -> None:
        """So many bytes passed."""
        self.total += amount
        self._weight = self._decayed(now) + amount / SPAN
        self._last = now

    def rate(self, now: float) -> float:
        """Bytes per second, lately."""
        age = max(now - self._began, 1.0)
        return self._decayed(now) / (1.0 - math.exp(-age / SPAN))

    def _decayed(self, now: float) -> float:
        return self._weight * math.exp(-max(0.0, now - self._last) / SPAN)
