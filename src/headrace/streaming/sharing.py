"""Several torrents on one link: what each gets is measured, and who has more than he needs is held back.

Rules: ``core.sharing`` decides; here counters become rates, read heads become claims, and a decision becomes limits of
torrents. A decision is made when an engine tells its counters, at most once a second, and at once when a reader begins
to wait in a torrent that is held: there is no timer. With one torrent there is nothing to decide.
"""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple

from headrace.core import health, planner
from headrace.core.sharing import NOBODY, Claim, Shares, Taker, share
from headrace.engine.base import Event, Stats
from headrace.streaming.place import Place
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent

INTERVAL = 0.95
"""Seconds between two decisions: counters come once a second for each torrent, with a timer's error."""
SOON = 0.2
"""Seconds: nor are decisions made more often than this when many begin to wait."""
SHORTEST = 0.5
"""Seconds between two counts that a rate is made of."""
SWIFT = 3.0
"""Rates are means over a second, a third of what is told to users: who is about to stall cannot wait."""
LONGEST = 10.0
"""Seconds of a wait that count."""


class _Count(NamedTuple):
    """Bytes of a torrent so far, when that was told, and bytes per second lately."""

    came: int
    at: float
    rate: float = 0.0


class Sharing:
    """Of all torrents of one engine."""

    def __init__(self, torrents: Torrents) -> None:
        self._torrents = torrents
        self._clock = asyncio.get_running_loop().time
        self._counts: dict[str, _Count] = {}
        self.shares: Shares = NOBODY
        self._decided_at = -math.inf
        self._end = torrents.observe(self._hear)

    def close(self) -> None:
        """Decide no more; what is held stays so."""
        self._end()

    def _hear(self, torrent: Torrent, event: Event) -> None:
        if isinstance(event, Stats):
            self._count(event)
            if self._clock() - self._decided_at >= INTERVAL:
                self._decide()

    def _count(self, event: Stats) -> None:
        now, key = self._clock(), event.info_hash
        last = self._counts.setdefault(key, _Count(event.downloaded, now))
        if (seconds := now - last.at) >= SHORTEST:
            rate = health.smooth(last.rate, (event.downloaded - last.came) / seconds, SWIFT * seconds)
            self._counts[key] = _Count(event.downloaded, now, rate)

    def _somebody_waits(self) -> None:
        """In a torrent that is held."""
        if self._clock() - self._decided_at >= SOON:
            self._decide()

    def _decide(self) -> None:
        now = self._decided_at = self._clock()
        torrents = {torrent.info_hash: torrent for torrent in self._torrents}
        self._counts = {key: count for key, count in self._counts.items() if key in torrents}
        takers = [self._taker(torrent, now) for torrent in torrents.values()]
        self.shares = share(self.shares, takers, now)
        for key, torrent in torrents.items():
            self._hold(torrent, self.shares.limits.get(key, 0))

    def _taker(self, torrent: Torrent, now: float) -> Taker:
        count = self._counts.get(torrent.info_hash)
        return Taker(
            torrent.info_hash, count.rate if count else 0.0, claims_of(torrent, now), torrent.limits[0] or math.inf
        )

    def _hold(self, torrent: Torrent, limit: int) -> None:
        if limit != torrent.held:
            torrent.hold(limit)
            if torrent.conductor is not None:
                torrent.conductor.waited = self._somebody_waits if limit else None


def claims_of(torrent: Torrent, now: float) -> tuple[Claim, ...]:
    """What its viewers have and need. Of those who will wait for the same piece, only the first to do so counts."""
    world = torrent.conductor.world() if torrent.conductor is not None else None
    if world is None or not world.have or torrent.paused or torrent.conductor is None:
        return ()
    need = torrent.monitor.gauge.bitrate() or planner.ASSUMED_BITRATE
    claims: dict[int, Claim] = {}
    for place in torrent.conductor.viewers:
        ahead = planner.buffered(world, place.head(now))
        gap = place.position + ahead
        seconds = ahead / need + place.in_player(need, now) - _waited(place, now) if gap < place.end else math.inf
        claims[gap] = min(claims.get(gap, Claim(math.inf, need)), Claim(seconds, need))
    return tuple(claims.values())


def _waited(place: Place, now: float) -> float:
    """Seconds; who waits for ages shall not have all from then on."""
    if place.waiting_since is None:
        return 0.0
    began = place.waiting_since if place.hungry_since is None else place.hungry_since
    return min(LONGEST, now - began)
