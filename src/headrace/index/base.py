"""What every index parser shares: its result, its way to ask for bytes, and its bounds.

Rules: a parser is a generator that yields the span it wants and is sent exactly those bytes. It asks at most
``MAX_ASKS`` times and for at most ``MAX_BYTES`` in all, never past the end of the file and never for the same span
twice. It ends on any input: a file that it cannot follow ends the parser with what it found so far (``complete`` is
False then). No I/O, no clock, no logging.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from msgspec import Struct, field

from headrace.core.spans import Span

MAX_ASKS = 64
"""Asks in all. Each may cost the fetch of a piece; real files need 1 to 8 (see the table in ``headrace.index``)."""

MAX_BYTES = 1024 * 1024
"""Bytes asked for in all. The index's own bytes are pinned, not read; what is read are headers and durations."""

CHEAP = 64 * 1024
"""Bytes at the front that any player reads first: asking for a little more of them costs nothing."""

BLOCK = 4 * 1024
"""Asks inside ``CHEAP`` are rounded up to this, so that a walk over small boxes there is one ask."""

JOIN = 64 * 1024
"""Pins closer than this become one: players rather read through short gaps than seek over them."""

MAX_PINS = 128 * 1024 * 1024
"""Bytes pinned in all. A day of 60 frames a second needs 80 MB of moov; a larger size is damage, not an index."""

MAX_SECONDS = 366 * 24 * 3600.0
"""A longer duration is damage."""

_MIB = 1024 * 1024


class IndexInfo(Struct, frozen=True):
    """Where a file's index lies.

    ``container`` is ``mp4``, ``matroska``, ``webm``, ``avi``, ``mpegts`` or ``unknown``. ``pins`` are the bytes of the
    file that a player needs before it can start or seek: sorted, inside the file, not overlapping. ``duration`` is in
    seconds, where the container says it. With ``complete`` False the index was not understood to its end, and the
    caller adds ``fallback_pins``.
    """

    container: str
    pins: tuple[Span, ...]
    duration: float | None = None
    complete: bool = True


Want = Generator[Span, bytes, IndexInfo]
"""Yields the span it wants, is sent exactly those bytes, returns what it found."""

Steps = Generator[Span, bytes, None]
"""One container's parser: like ``Want``, and writes what it finds to a ``Found``."""

Ask = Generator[Span, bytes, bytes]
"""One read of a parser."""


class Unreadable(Exception):
    """The index cannot be followed further: it is torn, or the asks are used up. Never leaves this package."""


class Source:
    """The file as a parser sees it: remembers what it was sent and counts what it asks for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._head = b""
        self._parts: list[tuple[int, bytes]] = []
        self._asks = 0
        self._bytes = 0

    def read(self, start: int, length: int) -> Ask:
        """The bytes ``[start, start + length)``, as far as they lie in the file."""
        span = Span(start, start + length).clip(self.size)
        if not span.size:
            return b""
        if span.end <= CHEAP:
            yield from self._grow_head(span.end)
        data = self._known(span)
        if len(data) < span.size:
            data += yield from self._ask(Span(span.start + len(data), span.end))
            self._parts.append((span.start, data))
        return data

    def need(self, start: int, length: int) -> Ask:
        """Like ``read``; raises ``Unreadable`` when not all of it lies in the file."""
        data = yield from self.read(start, length)
        if len(data) < length:
            raise Unreadable
        return data

    def _grow_head(self, end: int) -> Steps:
        if end > len(self._head):
            wanted = min(-(-end // BLOCK) * BLOCK, self.size)
            self._head += yield from self._ask(Span(len(self._head), wanted))

    def _known(self, span: Span) -> bytes:
        """The longest run of known bytes from the start of the span."""
        parts = ((0, self._head), *self._parts)
        return max((data[span.start - at : span.end - at] for at, data in parts if at <= span.start), key=len)

    def _ask(self, span: Span) -> Ask:
        self._asks += 1
        self._bytes += span.size
        if self._asks > MAX_ASKS or self._bytes > MAX_BYTES:
            raise Unreadable
        data = yield span
        if len(data) != span.size:
            raise ValueError(f"asked for {span.size} bytes, was sent {len(data)}")
        return bytes(data)


class Found(Struct):
    """What a parser has found so far; ``info`` makes the result of it."""

    container: str
    size: int
    duration: float | None = None
    complete: bool = True
    pins: list[Span] = field(default_factory=list)
    _pinned: int = 0

    def pin(self, start: int, end: int) -> None:
        """A player needs these bytes. More than ``MAX_PINS`` in all is damage: left out, and not ``complete``."""
        span = Span(start, end).clip(self.size)
        if self._pinned + span.size > MAX_PINS:
            self.complete = False
            return
        self._pinned += span.size
        self.pins.append(span)

    def last(self, seconds: float) -> None:
        """The file lasts this many seconds; zero, not a number and more than a year are no durations."""
        self.duration = seconds if 0 < seconds < MAX_SECONDS else None

    def info(self) -> IndexInfo:
        """The result."""
        return IndexInfo(self.container, tidy(self.pins, self.size, JOIN), self.duration, self.complete)


def is_kind(code: bytes) -> bool:
    """Whether four bytes can be the name of a box or chunk: printable, or QuickTime's copyright sign (0xA9)."""
    return len(code) == 4 and all(0x20 <= char < 0x7F or char == 0xA9 for char in code)


def tidy(spans: Iterable[Span], size: int, join: int = 0) -> tuple[Span, ...]:
    """Spans sorted, clipped to ``[0, size)`` and joined where at most ``join`` bytes lie between them; none empty."""
    tidied: list[Span] = []
    for span in sorted(span.clip(size) for span in spans):
        if not span.size:
            continue
        if tidied and span.start <= tidied[-1].end + join:
            tidied[-1] = Span(tidied[-1].start, max(tidied[-1].end, span.end))
        else:
            tidied.append(span)
    return tuple(tidied)


def fallback_pins(size: int, piece_length: int) -> tuple[Span, ...]:
    """What to pin when nothing is known of a file: 1 % of it at either end, at least a piece, at most 8 MiB each.

    A piece longer than 8 MiB is fetched whole anyway, as soon as one byte of it is pinned.
    """
    share = min(max(-(-size // 100), piece_length), 8 * _MIB)
    return tidy((Span(0, share), Span(size - share, size)), size)


def drive(want: Want, read: Callable[[Span], bytes]) -> IndexInfo:
    """Run a parser over bytes that are at hand. ``read`` returns exactly the bytes of the span it is given."""
    try:
        span = next(want)
        while True:
            span = want.send(read(span))
    except StopIteration as done:
        info: IndexInfo = done.value
        return info
