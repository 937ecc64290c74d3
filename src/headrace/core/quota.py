"""Which data goes when there is too much of it.

Rules: pure arithmetic in bytes and seconds since 1970. What is pinned or being read never goes. Idle data goes first,
then what is being fetched without a reader, but for the newest of that; least recently watched first, and no more than
it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

USUAL = 20 * 10**9
"""Bytes kept by default: two or three films in good quality."""
SHARE = 10
"""Never more than one part in so many of the disk that could be ours: a cache must not be what fills it."""
UNLIMITED = 2**63 - 1


class Held(Struct, frozen=True):
    """One torrent's data. ``size`` on the disk; ``watched`` when somebody watched last, or else when it was added."""

    info_hash: str
    size: int
    watched: float
    pinned: bool = False
    reading: bool = False
    """Somebody reads it, here or in another process."""
    fetching: bool = False
    """It still comes in, though nobody reads it."""


def default_quota(free: int, held: int) -> int:
    """Bytes to keep unless told otherwise; ``held`` is what we have already, and would be free without us."""
    return min(USUAL, (free + held) // SHARE)


def to_evict(all_held: Sequence[Held], quota: int, room: int = 0) -> tuple[Held, ...]:
    """What goes, in this order, so that no more than ``quota`` is left and at least ``room`` becomes free.

    When that cannot be had, all that may go.
    """
    excess = sum(held.size for held in all_held) - quota
    chosen, freed = [], 0
    for held in evictable(all_held):
        if freed >= excess and freed >= room:
            break
        chosen.append(held)
        freed += held.size
    return tuple(chosen)


def evictable(all_held: Iterable[Held]) -> list[Held]:
    """All that may go, what goes first at the front."""
    may_go = [held for held in all_held if held.size > 0 and not held.pinned and not held.reading]
    coming = sorted((held for held in may_go if held.fetching), key=_age)
    return sorted((held for held in may_go if not held.fetching), key=_age) + coming[:-1]


def _age(held: Held) -> tuple[float, str]:
    return held.watched, held.info_hash
