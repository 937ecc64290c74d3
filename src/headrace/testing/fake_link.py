"""What a fake engine keeps of one connection, of one request and of one piece on its way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from headrace.core.pieces import BLOCK
from headrace.core.stragglers import Sender
from headrace.testing.fake_swarm import FakePeer

QUEUE_SECONDS = 1.0
"""How much of a peer's rate is kept in flight (``request_queue_time``, whose smallest value is 1 s)."""
SLOW_START = 4
LEAST_QUEUE = 2


class Meter:
    """Bytes per second over the last second."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._sum = 0
        self.total = 0

    def add(self, now: float, size: int) -> None:
        """``size`` bytes came."""
        self._recent.append((now, size))
        self._sum += size
        self.total += size

    def rate(self, now: float) -> int:
        """The rate at ``now``."""
        while self._recent and self._recent[0][0] <= now - 1:
            self._sum -= self._recent.popleft()[1]
        return self._sum


@dataclass(eq=False, slots=True)
class Request:
    """A block asked of a peer: when the peer hears of it, begins to send it and is done (seconds)."""

    piece: int
    block: int
    size: int
    reach: float
    start: float = 0.0
    done: float = 0.0
    served: int = 0
    """How often its turn was reckoned; only the last reckoning holds."""
    alive: bool = True
    arriving: bool = False
    released: bool = False


@dataclass(eq=False, slots=True)
class Link:
    """Our connection to one peer."""

    peer: FakePeer
    mask: bytes
    closed: bool = False
    open: bool = False
    interested: bool = False
    unchoked: bool = False
    snubbed: bool = False
    silent: bool = False
    watched: bool = False
    good: bool = False
    bad: bool = False
    requests: list[Request] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    blocks: int = 0
    first: float = math.inf
    last: float = 0.0
    free: float = 0.0
    sent: int = 0

    @property
    def name(self) -> str:
        """Its address."""
        return "{}:{}".format(*self.peer.address)

    def sender(self, piece: int, now: float) -> Sender:
        """What it does for a piece that a viewer waits for."""
        held = frozenset(request.block for request in self.requests if request.piece == piece and not request.released)
        able = self.unchoked and bool(self.mask[piece])
        return Sender(self.name, self.meter.total, self.meter.rate(now), held, able)

    def room(self, now: float) -> int:
        """How many more requests it is to get."""
        if self.snubbed:
            return 1 - len(self.requests)
        steady = now - self.first >= 1.0
        rate = self.meter.rate(now) + BLOCK if steady else self.peer.rate
        target = max(LEAST_QUEUE, math.ceil(rate * QUEUE_SECONDS / BLOCK))
        return min(SLOW_START + self.blocks, target) - len(self.requests)


class Partial:
    """A piece on its way: which blocks are free to ask for, and who sent the others."""

    def __init__(self, blocks: int) -> None:
        self.count = blocks
        self.free = list(range(blocks))
        self.got: dict[int, Link] = {}
        self.told = False
        """That every block was asked of some peer."""


class Gate:
    """Our own limit: blocks of all peers pass it one by one. ``at`` calls at a time, ``through`` is the way on."""

    def __init__(self, at: Callable[..., None], through: Callable[[Link, Request], None]) -> None:
        self._at, self._through = at, through
        self._rate, self._turn = math.inf, 0
        self._held: deque[tuple[Link, Request]] = deque()

    def set(self, rate: float, now: float) -> None:
        """Bytes per second from now on."""
        self._rate = rate
        if self._held:
            self._next(now)

    def put(self, link: Link, request: Request, now: float) -> None:
        """A block has come."""
        if self._rate == math.inf and not self._held:
            self._through(link, request)
            return
        self._held.append((link, request))
        if len(self._held) == 1:
            self._next(now)

    def _next(self, now: float) -> None:
        """The first one passes when the rate allows it; what was reckoned for it before does not count any more."""
        self._turn += 1
        passes = now + self._held[0][1].size / self._rate
        self._at(passes, self._passes, self._turn, passes)

    def _passes(self, turn: int, now: float) -> None:
        if turn == self._turn:
            self._through(*self._held.popleft())
            if self._held:
                self._next(now)
