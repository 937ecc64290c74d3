"""What the serving benchmark measures: rows, and the player model behind "no stall".

Rules: data and arithmetic only; no clock, no sockets, no processes. Times in seconds, sizes in bytes, a viewer's rate
in bytes per second. A row is one measurement; it is one line of JSON, with its kind under ``kind``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class RangeRow:
    """``clients`` clients at once that each take the range; ``seconds`` until the last of them has it."""

    server: str
    client: str
    clients: int
    bytes: int
    """Of all clients."""
    seconds: float
    cpu: float
    """Processor seconds of the server, all its threads and processes."""
    client_cpu: float
    """Of the client: near ``seconds`` means that the client is what was measured."""

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self.bytes / self.seconds

    @property
    def cpu_per_gib(self) -> float:
        """Processor seconds per GiB."""
        return self.cpu * GIB / self.bytes


@dataclass(frozen=True, slots=True)
class ColdRow:
    """A cold range and a hot one served at the same time, with a probe of ``/healthz`` every few milliseconds."""

    server: str
    disk: str
    cold_share: float
    """Of the cold range's pages, those that were really out of memory at the start."""
    cold_rate: float
    hot_rate: float
    hot_gap: float
    """Longest time without a byte for the client of the hot range."""
    probes: int
    median: float
    high: float
    """99.9 % of the probes took no longer."""
    worst: float
    loop: float | None = None
    """Longest stall of the event loop, seen from inside; None where that cannot be seen."""
    faults: int = 0
    """Times that the serving thread waited for pages of its own program, which the system had taken away."""


@dataclass(frozen=True, slots=True)
class ViewersRow:
    """Viewers of one torrent at different places, each with a player's buffer."""

    server: str
    situation: str
    viewers: int
    rate: float
    seconds: float
    stalls: int
    stalled: float
    lowest: float
    """The least that any buffer held after its start, in seconds of film."""
    slowest_start: float
    """The longest time from a viewer's connecting until its buffer was full and it began to play."""
    took: int
    """Bytes of all viewers."""
    cpu: float
    had: float = 1.0
    """Share of the torrent that was there at the start."""
    had_at_end: float = 1.0


Row: TypeAlias = RangeRow | ColdRow | ViewersRow
KINDS: dict[str, type[RangeRow] | type[ColdRow] | type[ViewersRow]] = {
    "range": RangeRow,
    "cold": ColdRow,
    "viewers": ViewersRow,
}


def line(row: Row) -> str:
    """As one line of JSON."""
    kind = next(name for name, made in KINDS.items() if isinstance(row, made))
    return json.dumps({"kind": kind, **asdict(row)})


def read_rows(lines: Iterable[str]) -> list[Row]:
    """Read back what ``line`` wrote; unknown fields are left out."""
    return [_row(json.loads(text)) for text in lines if text.strip()]


def _row(data: dict[str, Any]) -> Row:
    made = KINDS[data["kind"]]
    known = {entry.name for entry in fields(made)}
    return made(**{name: value for name, value in data.items() if name in known})


class Player:
    """A player that fills its buffer, plays in real time, and stands still from an empty buffer to a full one."""

    def __init__(self, began: float, rate: float, buffer: float) -> None:
        """``rate`` of the film in bytes per second; ``buffer`` in seconds of film."""
        self.stalls = 0
        self.stalled = 0.0
        self.took = 0
        self.started: float | None = None
        """When it first played."""
        self.lowest = buffer
        self._began, self._rate, self._buffer = began, rate, buffer
        self._played = 0.0
        self._playing = False
        self._since = began

    def room(self, now: float) -> int:
        """Bytes that still fit into the buffer."""
        self._play(now)
        return max(0, int((self._buffer - self._level()) * self._rate))

    def take(self, now: float, count: int) -> None:
        """``count`` bytes came."""
        self._play(now)
        self.took += count
        # The last bytes of a full buffer are below what a read is worth.
        if not self._playing and self._level() >= 0.99 * self._buffer:
            self._playing = True
            if self.started is None:
                self.started = now
            else:
                self.stalled += now - self._since
        if self._playing:
            self._since = now

    def end(self, now: float) -> None:
        """The measurement is over: a stall that still lasts counts up to now, and so does a start that never was."""
        self._play(now)
        if not self._playing:
            self.stalled += now - self._since
            self.lowest = 0.0
            if self.started is None:
                self.stalls += 1
                self.started = now

    @property
    def start(self) -> float:
        """Seconds until it first played."""
        return (self.started or self._began) - self._began

    def _level(self) -> float:
        return self.took / self._rate - self._played

    def _play(self, now: float) -> None:
        """Play on from the last moment until now, or until the buffer is empty."""
        if not self._playing:
            return
        level = self._level()
        passed = now - self._since
        self._played += min(passed, level)
        self.lowest = max(0.0, min(self.lowest, level - passed))
        self._since = now
        if passed > level:
            self.stalls += 1
            self._playing = False
            self._since = now - (passed - level)
