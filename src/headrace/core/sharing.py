"""One link, several torrents: who is held back for whose sake.

Rules: a decision is a function of what each torrent's viewers have, of what each torrent gets, of the decision before
and of the time given; no clock, no engine. Nobody is held back unless some viewer is about to stall. Then every viewer
is to be brought to one level of seconds ahead, the highest that the link allows: who has least gets most, who has more
than that gives way, and a torrent without viewers gets what is left. The torrent whose viewer has least is not held at
all, so that nothing of the link is lost by an estimate; if it does not take what is left to it, its own swarm is slow,
and nobody is held back for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

SHORT, ENOUGH = 8.0, 20.0
"""Seconds ahead below which a viewer is about to stall, and above which, if all have it, nobody is held any more. What
others have in flight takes up to 5 s to arrive (40 seeds on a line of 4 Mbit/s); and what changes hands once is not
taken back at once."""
LEVEL = 25.0
"""Seconds ahead that are worth holding others back for."""
HORIZON = 10.0
"""Seconds in which a viewer is brought to the level."""
FLOOR = 0.05
"""Share of the link that those who wait for others keep together: their peers must not think that we are gone."""
TRIAL, USES = 6.0, 0.7
"""Seconds in which a torrent may take less than this share of what is left to it, and nobody else takes the rest. What
others have in flight comes first, and then a request needs its round trips: with 40 seeds on a line of 4 Mbit/s nothing
filled the line for 3 s after that, and with 3 s here the viewer passed for one whose swarm is slow."""
NOT_AGAIN = 120.0
"""Seconds in which nobody is held back for a torrent that did not take what was left to it: a trial costs others a few
seconds of their speed."""
SHORTER = 2.0
"""Seconds: the torrent that is not held changes when another viewer has so much less."""
FOLLOWS = 10.0
"""Seconds in which the estimate of the link follows when less comes; when more comes it follows at once."""
GROWS = 1.15
"""What comes grows while it is more than at the decision before by this factor: the link is not full yet, and nobody
can say who takes what from whom."""
WORTH = 0.1
"""Share of what comes that must be gained, or nobody is held back."""
SAME = 0.03
"""A limit that would change by less stays. All that others have too much is what the free one has too little: with a
tenth, one of five waited twice as long as the others."""
LIVELY = 4096.0
"""Bytes per second: a torrent without viewers that gets less needs no limit, and of less nothing can be shared."""


class Claim(NamedTuple):
    """One viewer: seconds of film ahead of what is shown, and what plays."""

    seconds: float
    """Infinite if all to the end is there; below zero for who waits: for so long already."""
    need: float
    """Bytes per second."""


class Taker(Struct, frozen=True):
    """One torrent: what it gets lately, its viewers, and the most that its user lets it have (bytes per second)."""

    key: str
    rate: float
    claims: tuple[Claim, ...] = ()
    most: float = math.inf

    @property
    def seconds(self) -> float:
        """What the viewer has who has least; infinite without viewers."""
        return min((claim.seconds for claim in self.claims), default=math.inf)


class Shares(Struct, frozen=True):
    """A decision. ``limits`` in bytes per second, by torrent; who is not in it is not held."""

    limits: Mapping[str, int] = field(default_factory=dict)
    free: str = ""
    """The torrent for whose sake others are held back; empty: none is."""
    since: float = 0.0
    """From when on it leaves much of its due."""
    link: float = 0.0
    """What the link brings, bytes per second, while others are held back."""
    came: float = 0.0
    """What came in all, bytes per second."""
    at: float = 0.0
    """When this was decided."""
    slow: Mapping[str, float] = field(default_factory=dict)
    """Torrents whose own swarm is slow, and until when that is believed."""


NOBODY = Shares()


def share(before: Shares, takers: Sequence[Taker], now: float) -> Shares:
    """The next decision. O(torrents × viewers)."""
    takers = [taker for taker in takers if taker.claims or taker.rate >= LIVELY]
    total = sum(taker.rate for taker in takers)
    link = _link(before, total, now)
    slow = {key: until for key, until in before.slow.items() if now < until}
    leaves = _leaves(before, takers, link, slow)
    if leaves and now - before.since >= TRIAL:
        slow[before.free] = now + NOT_AGAIN
    free = _free(before, takers, slow)
    if free is None or total < LIVELY:
        return Shares(came=total, at=now, slow=slow)
    dues = _dues(takers, link, slow)
    gain = sum(max(0.0, taker.rate - dues[taker.key]) for taker in takers if taker is not free)
    if not before.free and (gain <= WORTH * total or total > GROWS * before.came):
        return Shares(came=total, at=now, slow=slow)
    held = (taker.key for taker in takers if taker is not free and taker.key not in slow)
    limits = {key: _settled(before, key, dues[key]) for key in held}
    since = before.since if leaves and before.free == free.key else now
    return Shares(limits, free.key, since, link, total, now, slow)


def _link(before: Shares, total: float, now: float) -> float:
    """What the link brings: as much as came, and not much less than lately."""
    if not before.free:
        return total
    return max(total, total + (before.link - total) * math.exp(-(now - before.at) / FOLLOWS))


def _leaves(before: Shares, takers: Sequence[Taker], link: float, slow: Mapping[str, float]) -> bool:
    """Whether the free torrent, short as it is, leaves much of its due, which nobody else takes either."""
    free = next((taker for taker in takers if taker.key == before.free), None)
    if free is None or free.seconds >= SHORT:
        return False
    due = _dues(takers, link, slow)[free.key]
    return free.rate < USES * due and link - sum(taker.rate for taker in takers) > (1.0 - USES) * due


def _free(before: Shares, takers: Sequence[Taker], slow: Mapping[str, float]) -> Taker | None:
    """The torrent that is not held; None when nobody is to be held back."""
    able = [taker for taker in takers if taker.key not in slow]
    least = min(able, key=lambda taker: (taker.seconds, taker.key), default=None)
    if least is None or least.seconds >= (ENOUGH if before.free else SHORT):
        return None
    same = next((taker for taker in able if taker.key == before.free), None)
    return same if same is not None and same.seconds < least.seconds + SHORTER else least


def _dues(takers: Sequence[Taker], link: float, slow: Mapping[str, float]) -> dict[str, float]:
    """What each is to get: all of the link, if somebody may have it."""
    floor = FLOOR * link / len(takers)

    def due(taker: Taker, level: float) -> float:
        most = min(taker.most, taker.rate / USES) if taker.key in slow else taker.most
        return min(most, max(floor, sum(_wish(claim, level) for claim in taker.claims)))

    level, low, high = LEVEL, min(0.0, *(taker.seconds for taker in takers)) - HORIZON, LEVEL
    if sum(due(taker, level) for taker in takers) > link:
        for _ in range(24):  # to some millionths of a second
            level = (low + high) / 2
            low, high = (level, high) if sum(due(taker, level) for taker in takers) <= link else (low, level)
        level = low
    return _with_rest(takers, {taker.key: due(taker, level) for taker in takers}, link)


def _wish(claim: Claim, level: float) -> float:
    """What brings a viewer to the level in time: what he plays, more if he has less, nothing if he has far more."""
    return claim.need * max(0.0, 1.0 + (level - claim.seconds) / HORIZON) if math.isfinite(claim.seconds) else 0.0


def _with_rest(takers: Sequence[Taker], dues: dict[str, float], link: float) -> dict[str, float]:
    """What no viewer needs goes to all alike, but not beyond the most that one may have."""
    rest = max(0.0, link - sum(dues.values()))
    order = sorted(takers, key=lambda taker: taker.most - dues[taker.key])
    for place, taker in enumerate(order):
        part = max(0.0, min(rest / (len(order) - place), taker.most - dues[taker.key]))
        dues[taker.key] += part
        rest -= part
    return dues


def _settled(before: Shares, key: str, due: float) -> int:
    """A limit; the one that is told already, if it is nearly the same."""
    told = before.limits.get(key, 0)
    return told if told and abs(due - told) < SAME * told else max(1, int(due))
