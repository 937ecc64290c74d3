"""Where a reader is in a torrent, and since when it waits.

Rules: a record, changed by the conductor alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from headrace.core.heads import Head
from headrace.streaming.meter import Meter

HUNGER_SECONDS = 1.0
"""For so long after a wait a reader counts as hungry: plans must not change with each piece that ends a wait."""


@dataclass(slots=True)
class Place:
    """A reader's place in the torrent's bytes. Times in seconds of the conductor's clock."""

    id: int
    position: int
    end: int
    since: float
    fresh: bool = True
    waiting_since: float | None = None
    hungry_since: float | None = None
    """When the first of a row of waits began, each soon after the one before: a swarm slower than the film makes many
    short ones."""
    waited_until: float = -HUNGER_SECONDS
    meter: Meter = field(init=False)
    aside: bool = False
    """Nobody watches here: it takes nothing from those who do."""
    origin: int = field(init=False)
    """Where it was opened, or sought to last."""

    def __post_init__(self) -> None:
        self.meter = Meter(self.since)
        self.origin = self.position

    def move(self, position: int, now: float) -> None:
        """A seek."""
        self.position, self.origin, self.since, self.fresh = position, position, now, True

    def in_player(self, bitrate: float, now: float) -> float:
        """Seconds of film that were read sooner than they are shown: the player has them. ``bitrate`` in bytes/s."""
        return max(0.0, (self.position - self.origin) / bitrate - (now - self.since))

    def head(self, now: float = 0.0) -> Head:
        """What the planner sees of it."""
        waiting = self.waiting_since is not None
        hungry = waiting or now - self.waited_until < HUNGER_SECONDS
        return Head(self.id, self.position, self.end, self.since, waiting, self.fresh, hungry)
