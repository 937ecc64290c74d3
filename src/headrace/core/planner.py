"""Which pieces to ask for now, and in what order: the heart of Headrace.

Rules: a plan is a function of heads, have-map, pins, goals, rates and the time given; no clock, no engine, no logging.
Only missing pieces are planned. The engine fetches what it is handed in index order, all at one priority, so order is
made by *what is handed and what is withheld*: a piece is withheld while one that is needed sooner lies behind it and
has blocks that no peer was asked for yet.
Tier 0: pins (container index, first and last piece). Tier 1: right after each head. Tier 2: the window beyond it.
Tier 3: the rest of the chosen files, in order. What is handed at once is about a second of what the swarm delivers:
all that is in flight must arrive before what a seek asks for.
The cost follows what is handed, never the torrent's size (the search for missing pieces is ``bytearray.find``).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from msgspec import Struct

from headrace.core.heads import Head
from headrace.core.pieces import Layout, missing_in
from headrace.core.spans import Span

MB = 1_000_000
TIER1_BYTES, TIER1_SECONDS = 10 * MB, 20.0
"""Reach of tier 1 beyond a head: at least these bytes, and this much playing time once the bitrate is known."""
TIER2_BYTES, TIER2_SECONDS = 50 * MB, 120.0
"""Reach of tier 2 beyond a head, likewise."""
CRITICAL_BYTES = 256 * 1024
"""What a waiting reader must get before anything else: players ask for 32 to 256 KiB before the first frame."""
SEEK_BYTES = 1024 * 1024
"""What alone is handed after a seek until peers were asked for all of it. Handed more, a few peers with room in their
queues take the whole first piece and the others go on to the next (measured: one peer of 12 had 50 of its 64 blocks,
seek 1.0 s; with this, and trimmed queues, 0.6 s)."""
FRESH_SECONDS = 2.0
"""For so long after a seek the newest waiting head has the swarm to itself: long enough for a piece, too short to
starve another viewer who has a few seconds buffered."""
ASSUMED_BITRATE = 1_000_000
"""Bytes per second assumed to order several heads while the bitrate is unknown (a good 1080p stream)."""
HANDED_SECONDS = 0.25
"""How much of the swarm's delivery is in flight at once while a viewer may seek: what is in flight when a seek comes
must arrive before what the seek asks for, since seeds hold it in their send buffers already."""
READING_FACTOR, COMFORTABLE_FACTOR = 3.0, 4.0
"""The same, times these: while heads read on in order; and once every head has its tier 1, or one had to wait in the
middle of its reading, or nobody has read for a while: then throughput matters more than the next seek."""
START_BYTES, FLOOR_BYTES, CEILING_BYTES = 4 * MB, 1 * MB, 64 * MB
"""What is handed before the swarm's rate is known, and never less or more than."""
MOST_REFUSED = 256
"""Wishes withheld in one plan after which no more are looked at: with fifty heads there can be thousands."""
HINT_DELAY = 4.0
"""Seconds of playing time after which fallback pins come in line with what the heads read."""


class Rates(NamedTuple):
    """Bytes per second; 0 while unknown."""

    delivery: float = 0.0
    bitrate: float = 0.0


NO_RATES = Rates()


class World(Struct, frozen=True):
    """All that a plan depends on, but for the time. Spans are torrent bytes, ``goals`` ranges of pieces in order."""

    layout: Layout
    have: bytearray | bytes
    heads: tuple[Head, ...] = ()
    pins: tuple[Span, ...] = ()
    hints: tuple[Span, ...] = ()
    """Pins by guesswork: wanted early, but after what a waiting reader needs."""
    goals: tuple[range, ...] = ()
    rates: Rates = NO_RATES
    taken: AbstractSet[int] = frozenset()
    """Missing pieces that have been asked of peers whole: nothing that is handed now comes before them."""
    idle: bool = False
    """Nobody reads, nor has for a while: a seek is not likely."""


class Plan(Struct, frozen=True):
    """Pieces to hand to the engine, most needed first, each with its tier; and the piece that a seek waits for."""

    wanted: tuple[int, ...] = ()
    tiers: tuple[int, ...] = ()
    jump: int | None = None


class Step(NamedTuple):
    """From one plan to the next: pieces to want, to drop, where a seek went if it is new, and what it must leave."""

    want: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    jump: int | None = None
    keep: tuple[int, ...] = ()
    """Pins that were wanted before and still are: a jump must not withdraw what was asked for of them."""


class _Wish(NamedTuple):
    """A missing piece: its class (0 critical, 1 soon, 2 later), its key in seconds until needed, its tier."""

    rank: int
    key: float
    piece: int
    tier: int


def plan(world: World, now: float) -> Plan:
    """The pieces to ask for now. O(pieces handed × log heads)."""
    if not world.have:
        return Plan()
    newest = _newest_waiting(world)
    hand = _Hand(handed_bytes(world), _most_bytes(world, newest, now), world.layout.piece_length, world.taken)
    alone = newest is not None and _has_swarm_alone(world, newest, now)
    for wish in _by_need(world, newest, alone):
        if wish.rank > 0 and _is_exclusive(world, alone, hand):
            break
        if not hand.take(wish):
            break
    if not hand.spent() and not _is_exclusive(world, alone, hand):
        for wish in _rest(world, newest, hand.ceiling):
            if not hand.take(wish):
                break
    jump = world.layout.piece_at(newest.position) if newest and newest.fresh else None
    return Plan(tuple(hand.wishes), tuple(hand.wishes.values()), jump)


def _has_swarm_alone(world: World, newest: Head, now: float) -> bool:
    """Whether a viewer just sought, and what he needs is not there: a seek, not the start of the file."""
    first = [span.clip(world.layout.total_size) for span in world.pins[:1]]  # a torn index may point behind the end
    begun = all(world.have[piece] for span in first for piece in world.layout.pieces_of(span)[:1])
    return newest.fresh and now - newest.since < FRESH_SECONDS and begun


def _is_exclusive(world: World, alone: bool, hand: _Hand) -> bool:
    """Whether nothing but what a seek needs is handed: as long as some of that can be asked for. In the first second,
    when a player goes to the index at the end, for longer: what was on its way then comes all the same, and asked for
    again it would come twice (measured: first frame 1.42 instead of 1.70 s)."""
    return alone and (hand.keeps_peers_busy() or world.rates.delivery <= 0)


class _Hand:
    """What is handed over: takes wishes, most urgent first, until the bytes are spent."""

    def __init__(self, budget: int, most: int, piece_length: int, taken: AbstractSet[int]) -> None:
        """``most``: the bytes for as long as peers were asked for all that is handed."""
        self.wishes: dict[int, int] = {}
        self._taken = taken
        self.left, self._beyond = budget, max(0, most - budget)
        self.ceiling = -1
        self._piece_length = piece_length
        self._rank, self._barrier, self._refused, self._untaken = 0, -1, 0, 0

    def keeps_peers_busy(self) -> bool:
        """Whether some handed piece still has blocks to ask for: with none, peers would soon be of no interest."""
        return self._untaken > 0

    def spent(self) -> bool:
        """Whether nothing more is to be handed, unless it is critical."""
        return self.left <= 0 and (self._untaken > 0 or self.left <= -self._beyond)

    def take(self, wish: _Wish) -> bool:
        """Hand one over, or withhold it when something more urgent lies behind it; False when all is spent."""
        if wish.rank > self._rank:
            self._rank, self._barrier = wish.rank, self.ceiling
        if wish.rank > 0 and self.spent():
            return False
        if wish.piece <= self._barrier:
            self._refused += 1
            return self._refused < MOST_REFUSED
        if wish.piece not in self.wishes:
            self.wishes[wish.piece] = wish.tier
            if wish.piece not in self._taken:
                self.ceiling = max(self.ceiling, wish.piece)
                self._untaken += 1
            self.left -= self._piece_length
        return True


def diff(old: Plan, new: Plan, have: bytearray | bytes) -> Step:
    """What to tell the engine to get from ``old`` to ``new``; pieces that came in between need no telling."""
    before, after = set(old.wanted), set(new.wanted)
    drop = tuple(sorted(piece for piece in before - after if not have[piece]))
    want = tuple(sorted(after - before))
    jump = new.jump if new.jump != old.jump and drop else None
    pins = (piece for piece, tier in zip(old.wanted, old.tiers, strict=True) if tier == 0 and piece in after)
    return Step(want, drop, jump, tuple(sorted(pins)) if jump is not None else ())


def handed_bytes(world: World) -> int:
    """How many bytes are handed to the engine at once: about a second of the swarm's delivery, plus a piece for each
    end of it, since whole pieces slide."""
    delivery, piece = world.rates.delivery, world.layout.piece_length
    if delivery <= 0:
        return int(max(START_BYTES, 2 * piece))
    seconds = HANDED_SECONDS * _patience(world)
    return int(min(CEILING_BYTES, max(FLOOR_BYTES, seconds * delivery)) + piece)


def _most_bytes(world: World, newest: Head | None, now: float) -> int:
    """The same after a seek, for as long as peers were asked for all of it: only a further piece keeps the pipe full
    then. It grows with what the swarm delivers from the seek on, so that the next seek, if it follows at once, finds
    as little in flight as ever."""
    if newest is None or not newest.fresh:
        return 0
    seconds = min(now - newest.since, HANDED_SECONDS * (COMFORTABLE_FACTOR - 1))
    return handed_bytes(world) + int(min(CEILING_BYTES, seconds * world.rates.delivery))


def buffered(world: World, head: Head) -> int:
    """Bytes that lie ready after a head, without a gap."""
    first = world.layout.piece_at(head.position)
    last = world.layout.piece_at(max(head.position, head.end - 1))
    gap = world.have.find(0, first, last + 1)
    stop = head.end if gap < 0 else min(head.end, gap * world.layout.piece_length)
    return max(0, stop - head.position)


def tier_reach(rates: Rates) -> tuple[int, int]:
    """How far tiers 1 and 2 reach beyond a head, in bytes."""
    return (
        int(max(TIER1_BYTES, TIER1_SECONDS * rates.bitrate)),
        int(max(TIER2_BYTES, TIER2_SECONDS * rates.bitrate)),
    )


def _patience(world: World) -> float:
    if world.idle or (world.heads and not any(head.fresh for head in world.heads) and _any_hungry(world)):
        return COMFORTABLE_FACTOR
    if not world.heads or any(head.fresh for head in world.heads):
        return 1.0
    return COMFORTABLE_FACTOR if _comfortable(world) else READING_FACTOR


def _any_hungry(world: World) -> bool:
    return any(head.hungry for head in world.heads)


def _comfortable(world: World) -> bool:
    """Whether nobody is likely to seek or stall: every head reads on, with its tier 1 there."""
    reach, _ = tier_reach(world.rates)

    def settled(head: Head) -> bool:
        return not (head.waiting or head.fresh) and buffered(world, head) >= min(reach, head.end - head.position)

    return bool(world.heads) and all(settled(head) for head in world.heads)


def waits(world: World, head: Head) -> bool:
    """Whether the head is blocked, or will be at its first read; its piece may have come and the reader not have run
    yet."""
    if head.position >= head.end or world.have[world.layout.piece_at(head.position)]:
        return False
    return head.waiting or head.fresh


def _newest_waiting(world: World) -> Head | None:
    waiting = (head for head in world.heads if waits(world, head))
    return max(waiting, key=lambda head: (head.since, head.id), default=None)


def _by_need(world: World, newest: Head | None, alone: bool) -> Iterator[_Wish]:
    """What must come before anything else, then tiers 1 and 2 of all heads by when they need it."""
    yield from _critical(world, newest, alone)
    streams = [_ahead(world, head, _delay(head, newest)) for head in world.heads]
    streams.append(_hints(world))
    yield from heapq.merge(*streams, key=lambda wish: (wish.rank, wish.key))


def _delay(head: Head, newest: Head | None) -> float:
    """A head that does not wait, or waited longer, comes a little after the one that a viewer just moved."""
    return 0.0 if newest is None or head.id == newest.id else 1.0


def _critical(world: World, newest: Head | None, alone: bool) -> Iterator[_Wish]:
    """What must not wait for anything else: the newest waiting head's next bytes, pins, other waiting heads'."""
    if newest is not None:
        yield from _missing_critical(world, newest, SEEK_BYTES if alone else CRITICAL_BYTES)
    for span in world.pins:
        for piece in _missing(world, span):
            yield _Wish(0, 0.0, piece, 0)
    if alone:
        return
    for head in sorted(world.heads, key=lambda head: (-head.since, head.id)):
        if head is not newest and waits(world, head):
            yield from _missing_critical(world, head, CRITICAL_BYTES)


def _missing_critical(world: World, head: Head, reach: int) -> Iterator[_Wish]:
    span = Span(head.position, min(head.end, head.position + reach))
    for piece in _missing(world, span):
        yield _Wish(0, 0.0, piece, 1)


def _ahead(world: World, head: Head, delay: float) -> Iterator[_Wish]:
    """Tiers 1 and 2 of one head, in order of the file."""
    near, far = tier_reach(world.rates)
    speed = world.rates.bitrate or ASSUMED_BITRATE
    for piece in _missing(world, Span(head.position, min(head.end, head.position + far))):
        distance = max(0, piece * world.layout.piece_length - head.position)
        tier = 1 if distance < near else 2
        yield _Wish(tier, distance / speed + delay, piece, tier)


def _hints(world: World) -> Iterator[_Wish]:
    for span in world.hints:
        for piece in _missing(world, span):
            yield _Wish(1, HINT_DELAY, piece, 0)


def _rest(world: World, newest: Head | None, above: int) -> Iterator[_Wish]:
    """Tier 3: the file that is watched from its newest head on, then from its start, then the other goals; only
    pieces that lie behind all that is handed already (``above``), lest they be fetched first."""
    heads = sorted(world.heads, key=lambda head: (head is newest, head.since, head.id))
    place = world.layout.piece_at(heads[-1].position) if heads else -1
    for goal in sorted(world.goals, key=lambda goal: place not in goal):
        start = place if place in goal else goal.start
        for pieces in (range(start, goal.stop), range(goal.start, start)):
            for piece in missing_in(world.have, range(max(pieces.start, above + 1), pieces.stop)):
                yield _Wish(3, 0.0, piece, 3)


def _missing(world: World, span: Span) -> Iterator[int]:
    return missing_in(world.have, world.layout.pieces_of(span.clip(world.layout.total_size)))
