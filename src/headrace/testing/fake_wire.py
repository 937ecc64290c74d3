"""How one torrent's blocks arrive from fake peers: a simulation by events.

Rules: no clock and no loop. Whoever holds it says what time it is, asks when something happens next and is told what
happened. The same calls at the same times give the same outcomes.

The model: a peer is connected and speaks after 2 RTT, lets us download 1 RTT after we first want something it has, and
sends one block after another at its rate; half an RTT passes each way; then the blocks of all peers pass our own limit,
if there is one, and our downlink, one by one. We keep about a second of a peer's rate in flight (slow start from 4
blocks) and pick in the order of piece and block numbers among what is wanted, as the real engine does the way it is
steered. There is no end-game: a block is asked for twice only after its peer was silent for ``TIMEOUT``. A peer that
spoiled a piece is banned.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headrace.core.pieces import BLOCK
from headrace.core.stragglers import Stragglers
from headrace.engine.base import Change
from headrace.testing.fake_link import Gate, Link, Meter, Partial, Request
from headrace.testing.fake_swarm import FakePeer, FakeSwarm

REUNION = 20.0
"""Seconds until a peer that held up a viewer is met again."""
TIMEOUT = 3.0
"""Seconds of silence after which a peer's blocks are asked for elsewhere (the engine: 2 s, seen at its next tick)."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The ``info`` dictionary arrived."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block arrived; ``wrong`` when its bytes are."""

    piece: int
    block: int
    wrong: bool
    trusted: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """Every block of a piece has been asked of some peer."""

    piece: int


@dataclass(frozen=True, slots=True)
class Piece:
    """All blocks of a piece are there, and right."""

    piece: int


@dataclass(frozen=True, slots=True)
class Failed:
    """All blocks of a piece are there, and not right."""

    piece: int


Outcome = Metadata | Block | Taken | Piece | Failed


class Wire:
    """One torrent's connections and what is asked of them. All times in seconds of the swarm's own clock."""

    def __init__(self, swarm: FakeSwarm, *, metadata: bool) -> None:
        self._swarm = swarm
        self._layout = swarm.content.layout
        self._metadata = metadata
        self.have = bytearray(self._layout.num_pieces)
        self.wanted = bytearray(self._layout.num_pieces)
        self.links: dict[tuple[str, int], Link] = {}
        self.meter = Meter()
        self._banned: set[tuple[str, int]] = set()
        self._partial: dict[int, Partial] = {}
        self._open: list[int] = []
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._now = 0.0
        self._gate = Gate(self._at, self._passed)
        self._out: list[Outcome] = []
        self._stragglers = Stragglers()

    # time
    def next_at(self) -> float | None:
        """When something happens next, or None."""
        return self._heap[0][0] if self._heap else None

    def advance(self, now: float) -> list[Outcome]:
        """Let time pass up to ``now``; what happened, in order."""
        while self._heap and self._heap[0][0] <= now:
            at, _, call, args = heapq.heappop(self._heap)
            self._now = max(self._now, at)
            call(*args)
        self._now = max(self._now, now)
        out, self._out = self._out, []
        return out

    def _at(self, time: float, call: Callable[..., None], *args: Any) -> None:
        if time < math.inf:
            self._count += 1
            heapq.heappush(self._heap, (time, self._count, call, args))

    # wishes
    def apply(self, change: Change) -> None:
        """Change what is wanted."""
        for piece in change.drop:
            self.wanted[piece] = 0
            self._shut(piece)
            self._untell(piece)
        jump = () if change.jump is None else (change.jump,)
        for piece in (*change.want, *jump):
            self.wanted[piece] = 1
            self._reopen(piece)
        if change.jump is not None:
            for link in self.links.values():
                self._withdraw(link, {change.jump, *change.keep})
            for piece in self._partial:
                self._untell(piece)
        self._fill_all()

    def set_limit(self, rate: float) -> None:
        """Let no more bytes a second through from now on."""
        self._gate.set(rate, self._now)

    def hold(self, pieces: list[int]) -> None:
        """These pieces are had already."""
        for piece in pieces:
            self.have[piece] = 1
            self._shut(piece)

    def _untell(self, piece: int) -> None:
        """When it is taken whole once more, that is told again."""
        if piece in self._partial:
            self._partial[piece].told = False

    def _reopen(self, piece: int) -> None:
        partial = self._partial.get(piece)
        if self.wanted[piece] and not self.have[piece] and (partial is None or partial.free):
            at = bisect_left(self._open, piece)
            if at == len(self._open) or self._open[at] != piece:
                insort(self._open, piece)

    def _shut(self, piece: int) -> None:
        at = bisect_left(self._open, piece)
        if at < len(self._open) and self._open[at] == piece:
            del self._open[at]

    # connections
    def connect(self, peer: FakePeer) -> None:
        """Meet a peer, now or when it joins."""
        at = max(self._now, peer.joins)
        if peer.address in self.links or peer.address in self._banned or peer.leaves <= at:
            return
        link = Link(peer, peer.pieces(self._layout.num_pieces))
        self.links[peer.address] = link
        self._at(at + 2 * peer.rtt, self._opened, link)
        self._at(peer.leaves, self._close, link)

    def disconnect(self, address: tuple[str, int]) -> None:
        """The connection to a peer is closed."""
        if address in self.links:
            self._close(self.links[address])

    def take_over(self, piece: int) -> None:
        """A viewer waits for this piece: let go of peers that hold it up, and meet them again later."""
        for address in self._stragglers.look(piece, [link.sender(piece, self._now) for link in self.connected()]):
            link = next(link for link in self.connected() if link.name == address)
            self._close(link)
            self._at(self._now + REUNION, self.connect, link.peer)

    def connected(self) -> list[Link]:
        """Peers that we speak with."""
        return [link for link in self.links.values() if link.open]

    def in_flight(self) -> set[int]:
        """Pieces of which a block is asked of a peer."""
        return {request.piece for link in self.links.values() for request in link.requests if not request.released}

    def _close(self, link: Link) -> None:
        if link.closed:
            return
        link.closed, link.open, link.unchoked = True, False, False
        del self.links[link.peer.address]
        self._lose_requests(link)

    def _opened(self, link: Link) -> None:
        if link.closed:
            return
        link.open = True
        if self._metadata:
            self._fill(link)
        else:
            size = len(self._swarm.content.info)
            self._at(self._now + link.peer.rtt + size / link.peer.rate, self._metadata_from, link)

    def _metadata_from(self, link: Link) -> None:
        if link.closed or self._metadata:
            return
        self._metadata = True
        self._out.append(Metadata())
        self._fill_all()

    def _unchoke(self, link: Link) -> None:
        if link.closed:
            return
        ends = [end for start, end in link.peer.chokes if start <= self._now < end]
        if ends:
            self._at(max(ends), self._unchoke, link)
            return
        link.unchoked = True
        starts = [start for start, _ in link.peer.chokes if start > self._now]
        if starts:
            self._at(min(starts), self._choke, link)
        self._fill(link)

    def _choke(self, link: Link) -> None:
        if not link.closed:
            link.unchoked = False
            self._lose_requests(link)
            self._unchoke(link)

    def _lose_requests(self, link: Link) -> None:
        """The peer will not answer: its blocks are free for others."""
        lost, link.requests = link.requests, []
        for request in lost:
            request.alive = False
            self._release(request)
        link.free = self._now
        self._fill_all()

    # requests
    def _fill_all(self) -> None:
        for link in list(self.links.values()):
            self._fill(link)

    def _fill(self, link: Link) -> None:
        if not link.open or not self._metadata or not self._open:
            return
        if not link.interested:
            link.interested = any(link.mask[piece] for piece in self._open)
            if link.interested:
                self._at(self._now + link.peer.rtt, self._unchoke, link)
        if not link.unchoked:
            return
        for _ in range(link.room(self._now)):
            piece = next((piece for piece in self._open if link.mask[piece]), None)
            if piece is None:
                return
            self._ask(link, piece)

    def _ask(self, link: Link, piece: int) -> None:
        span = self._layout.span_of(piece)
        partial = self._partial.get(piece)
        if partial is None:
            partial = self._partial[piece] = Partial(-(-span.size // BLOCK))
        block = heapq.heappop(partial.free)
        if not partial.free:
            self._shut(piece)
            if not partial.told:
                partial.told = True
                self._out.append(Taken(piece))
        size = min(BLOCK, span.size - block * BLOCK)
        if not link.requests:
            link.last = self._now
        request = Request(piece, block, size, self._now + link.peer.rtt / 2)
        link.requests.append(request)
        self._serve(link, request)
        if not link.watched:
            link.watched = True
            self._at(link.last + TIMEOUT, self._watch, link)

    def _serve(self, link: Link, request: Request) -> None:
        """The peer will send this block after those before it."""
        request.start = max(request.reach, link.free)
        request.done = link.free = request.start + request.size / link.peer.rate
        request.served += 1
        self._at(request.done + link.peer.rtt / 2, self._arrive, link, request, request.served)

    def _arrive(self, link: Link, request: Request, served: int) -> None:
        """A block reaches our downlink, unless it was withdrawn or put off."""
        if not request.alive or request.served != served or link.silent:
            return
        link.sent += request.size
        if link.sent > link.peer.dies_after:
            link.silent = True
            return
        request.arriving = True
        self._gate.put(link, request, self._now)

    def _passed(self, link: Link, request: Request) -> None:
        """The block is on our downlink, which other torrents may share."""
        self._at(
            self._swarm.line.takes(request.size, self._now, self._swarm.origin or 0.0), self._received, link, request
        )

    def _received(self, link: Link, request: Request) -> None:
        if not request.alive:
            return
        link.requests.remove(request)
        link.blocks += 1
        link.first, link.last, link.snubbed = min(link.first, self._now), self._now, False
        link.meter.add(self._now, request.size)
        self.meter.add(self._now, request.size)
        partial = self._partial.get(request.piece)
        if partial is not None and request.block not in partial.got:
            if request.block in partial.free:  # it was given up, or the piece begun anew, meanwhile
                partial.free.remove(request.block)
                heapq.heapify(partial.free)
            partial.got[request.block] = link
            wrong = request.piece in link.peer.corrupt
            self._out.append(Block(request.piece, request.block, wrong, link.good and not link.bad))
            if len(partial.got) == partial.count:
                self._check(request.piece)
            elif not partial.free:
                self._shut(request.piece)
        self._fill(link)

    def _check(self, piece: int) -> None:
        """All blocks are there: is the piece right?"""
        senders = dict.fromkeys(self._partial.pop(piece).got.values())
        liars = [link for link in senders if piece in link.peer.corrupt]
        if not liars:
            self.hold([piece])
            for link in senders:
                link.good = True
            self._out.append(Piece(piece))
            return
        self._out.append(Failed(piece))
        for link in senders:
            link.bad = True
        self._reopen(piece)
        for link in liars:
            self._banned.add(link.peer.address)
            self._close(link)
        self._fill_all()

    def _release(self, request: Request) -> None:
        partial = self._partial.get(request.piece)
        if partial is None or request.released or request.block in partial.got:
            return
        request.released = True
        heapq.heappush(partial.free, request.block)
        self._reopen(request.piece)

    def _withdraw(self, link: Link, but: set[int]) -> None:
        """Cancel what the peer will not have begun to send when the message reaches it."""
        reaches = self._now + link.peer.rtt / 2
        kept: list[Request] = []
        later: list[Request] = []
        for request in link.requests:
            if request.arriving or request.start <= reaches:
                kept.append(request)
            elif request.piece in but:
                later.append(request)
            else:
                request.alive = False
                self._release(request)
        link.requests = kept + later
        link.free = max((request.done for request in kept), default=self._now)
        for request in later:
            self._serve(link, request)

    def _watch(self, link: Link) -> None:
        """Has the peer been silent for too long?"""
        waiting = [request for request in link.requests if not request.released]
        if link.closed or not waiting:
            link.watched = False
        elif self._now >= link.last + TIMEOUT:
            link.watched, link.snubbed = False, True
            for request in waiting:
                self._release(request)
            self._fill_all()
        else:
            self._at(link.last + TIMEOUT, self._watch, link)
