"""One torrent's conductor: readers' places in, wishes to the engine out.

Rules: it holds no piece state but the engine's own have-map; every change of a place, a pin, a piece or a rate leads
to a new plan in the same step (pieces: once per batch of events), and only the difference goes to the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from headrace.core import planner
from headrace.core.pieces import FileEntry, Layout
from headrace.core.planner import NO_RATES, Plan, Rates, World
from headrace.core.spans import Span
from headrace.engine.base import Change, EngineTorrent
from headrace.streaming.eager import EarlyBlocks
from headrace.streaming.haste import Haste
from headrace.streaming.place import HUNGER_SECONDS, Place
from headrace.streaming.waits import StreamFailed, Waits

IDLE_SECONDS = 3.0
"""For so long after the last reader went another one may come, at another place."""
ASIDE_BYTES = 256 * 1024
"""What is wanted at once for who reads aside: FFmpeg asks for 32 KiB at a time, and goes elsewhere soon."""


class Conductor:
    """Turns places, pins and goals of one torrent into wishes. ``clock`` in seconds (the event loop's by default).

    ``follows``: what is read is a goal, to its end, while it is read.
    """

    def __init__(
        self, torrent: EngineTorrent, clock: Callable[[], float] | None = None, *, follows: bool = False
    ) -> None:
        self._follows = follows
        self.torrent = torrent
        self.waits = Waits()
        self.early = EarlyBlocks()
        self.clock = clock or asyncio.get_running_loop().time
        self.plan = Plan()
        self.read = 0
        """Bytes that readers got."""
        self.waited: Callable[[], None] | None = None
        """Told when a reader begins to wait."""
        self.places: dict[int, Place] = {}
        self.rates: Rates = NO_RATES
        self._pins: dict[object, tuple[Span, ...]] = {}
        self._hints: dict[object, tuple[Span, ...]] = {}
        self._goals: tuple[range, ...] = ()
        self._taken: set[int] = set()
        self._left_at = -IDLE_SECONDS
        self._next_id = 1
        self._layout: Layout | None = None
        self._haste = Haste(torrent, self.clock, self.held_up)

    # what is wanted
    def start(self, layout: Layout) -> None:
        """The metadata is there: plans are made from now on."""
        self._layout = layout
        self.replan()

    def set_goals(self, files: Sequence[FileEntry]) -> None:
        """These files are to be fetched whole in the end, in this order."""
        if self._layout is not None:
            self._goals = tuple(self._layout.pieces_of(entry.span) for entry in files)
            self.replan()

    def pin(self, key: object, spans: Iterable[Span], hints: Iterable[Span] = ()) -> None:
        """Tier 0 on behalf of ``key`` (torrent bytes), instead of what it pinned before."""
        self._pins[key], self._hints[key] = tuple(spans), tuple(hints)
        self.replan()

    # readers
    def enter(self, position: int, end: int, *, aside: bool = False) -> Place:
        """A new reader at this byte of the torrent. Who reads ``aside`` has no window and no head in the plan: a little
        at its place is wanted when viewers have their next seconds.
        """
        place = Place(self._next_id, position, end, self.clock(), aside=aside)
        self._next_id += 1
        self.places[place.id] = place
        self.replan()
        return place

    def move(self, place: Place, position: int) -> None:
        """A seek: the old place's wishes end in this very step."""
        place.move(position, self.clock())
        self.replan()

    def advance(self, place: Place, count: int) -> None:
        """Bytes were read in order; a plan follows at the next event, not for each read."""
        place.position += count
        place.meter.count(count, self.clock())
        self.read += count
        place.fresh = False

    def leave(self, place: Place) -> None:
        """The reader is gone; whoever waits in it is told."""
        if self.places.pop(place.id, None) is not None:
            self._left_at = self._left_at if place.aside else self.clock()
            self.waits.close(place.id)
            self.replan()

    @property
    def viewers(self) -> list[Place]:
        """The places of those who do not read aside."""
        return [place for place in self.places.values() if not place.aside]

    async def wait(self, place: Place) -> None:
        """Wait until something came of the piece at the reader's place."""
        assert self._layout is not None
        piece = self._layout.piece_at(place.position)
        if place.waiting_since is None:
            now = place.waiting_since = self.clock()
            if place.hungry_since is None or now - place.waited_until >= HUNGER_SECONDS:
                place.hungry_since = now
            self.replan()
            if self.waited is not None:
                self.waited()
        await self.waits.until(piece, place.id)

    def served(self, place: Place) -> None:
        """The reader that waited has bytes again."""
        if place.waiting_since is not None:
            place.waiting_since, place.waited_until = None, self.clock()

    # what happened
    def pieces_ready(self, pieces: Sequence[int]) -> None:
        """Pieces were checked: wake who waits for them, slide the window."""
        self._taken.difference_update(pieces)
        self.early.proven(pieces)
        self.waits.ready(pieces)
        self.replan()

    def pieces_taken(self, pieces: Sequence[int]) -> None:
        """Peers were asked for all of these pieces: what was withheld for their sake can follow."""
        self._taken.update(pieces)
        self.replan()

    def piece_failed(self, piece: int) -> None:
        """A piece was wrong: whoever was served from it early must not go on."""
        self._taken.discard(piece)
        for owner in self.early.disproven(piece):
            owner(StreamFailed(f"Piece {piece} proved wrong after part of it was served (--eager)."))

    def block_arrived(self, piece: int, block: int, trusted: bool) -> None:
        """An unchecked block is in the file."""
        self.early.arrived(piece, block, trusted)
        self.waits.ready((piece,))

    def set_rates(self, delivery: float, bitrate: float) -> None:
        """What the swarm delivers and what the video needs, bytes per second."""
        self.rates = Rates(delivery, bitrate)
        self.replan()

    def fail(self, error: StreamFailed) -> None:
        """Nothing more will come."""
        self.waits.fail(error)

    # the plan
    def world(self) -> World | None:
        """What the next plan is made from; None before the metadata."""
        if self._layout is None:
            return None
        now, viewers = self.clock(), self.viewers
        aside = (place for place in self.places.values() if place.aside)
        return World(
            self._layout,
            self.torrent.have,
            tuple(place.head(now) for place in viewers),
            tuple(span for spans in self._pins.values() for span in spans),
            (
                *(span for spans in self._hints.values() for span in spans),
                *(Span(place.position, min(place.end, place.position + ASIDE_BYTES)) for place in aside),
            ),
            self._goals + self._followed(self._layout),
            self.rates,
            self._taken,
            idle=not viewers and now - self._left_at >= IDLE_SECONDS,
        )

    def _followed(self, layout: Layout) -> tuple[range, ...]:
        """What viewers have still before them."""
        viewers = self.viewers if self._follows else ()
        return tuple(layout.pieces_of(Span(place.position, place.end)) for place in viewers)

    def held_up(self) -> int | None:
        """The piece that the newest waiting viewer waits for, if peers were asked for all of it."""
        waiting = [place for place in self.viewers if place.waiting_since is not None]
        if not waiting or self._layout is None or not self.torrent.have:
            return None
        piece = self._layout.piece_at(max(waiting, key=lambda place: (place.since, place.id)).position)
        return piece if piece in self._taken and not self.torrent.have[piece] else None

    def replan(self) -> None:
        """Make a plan and tell the engine what changed."""
        world = self.world()
        if world is None or not world.have:
            return
        new = planner.plan(world, self.clock())
        step = planner.diff(self.plan, new, world.have)
        self.plan = new
        self._taken.difference_update(self._taken - {step.jump, *step.keep} if step.jump is not None else step.drop)
        if step.want or step.drop:
            self.torrent.apply(Change(*step))
        self._haste.check(world, self._left_at)
