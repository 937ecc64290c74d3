"""What Headrace tells its users while it works: the objects of ``--json`` and of the server's event stream.

Rules: plain records of JSON's own types; ``name`` is the word in ``event``; sizes in bytes, times in seconds, rates in
bytes per second. Fields keep the names of the documented interface. Whoever prints adds ``event``, ``t`` and, on the
server's stream, the info-hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

WAIT_REASONS = ("no_metadata", "no_peers", "piece_unavailable", "choked", "slow", "disk", "checking", "paused")


@dataclass(frozen=True, slots=True)
class Note:
    """Base of all that is told."""

    event: ClassVar[str] = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON's types only, ``event`` first."""
        return {"event": self.event, **{f.name: getattr(self, f.name) for f in fields(self)}}


@dataclass(frozen=True, slots=True)
class Starting(Note):
    """The engine runs; ``source`` is what the user gave, without secrets."""

    event: ClassVar[str] = "starting"
    source: str


@dataclass(frozen=True, slots=True)
class Metadata(Note):
    """The torrent's files are known; each of ``files`` has index, path, size and kind."""

    event: ClassVar[str] = "metadata"
    infohash: str
    name: str
    size: int
    piece_length: int
    files: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Selected(Note):
    """The file that will be played or fetched."""

    event: ClassVar[str] = "selected"
    index: int
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Serving(Note):
    """The URL answers; it may wait for bytes. ``everywhere``: so do all other addresses of this machine."""

    event: ClassVar[str] = "serving"
    url: str
    playlist_url: str
    port: int
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Ready(Note):
    """The container's index and the first bytes are verified: a player would start now."""

    event: ClassVar[str] = "ready"
    buffered_bytes: int


@dataclass(frozen=True, slots=True)
class Player(Note):
    """The player's state: starting, playing, paused, buffering, ended, failed."""

    event: ClassVar[str] = "player"
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class GoingOn(Note):
    """The player begins a file where somebody stopped: ``position`` in seconds."""

    event: ClassVar[str] = "going_on"
    index: int
    path: str
    position: float


@dataclass(frozen=True, slots=True)
class Progress(Note):
    """Once a second. ``position`` and ``duration`` are None while unknown; ``wanted`` is the chosen files' size."""

    event: ClassVar[str] = "progress"
    state: str
    position: float | None
    duration: float | None
    buffered_seconds: float | None
    downloaded: int
    wanted: int
    down_rate: int
    up_rate: int
    peers: int
    seeds: int
    readers: int
    share: float | None = None
    """How much of the chosen files is there and checked, 0 to 1."""
    time_to_playable: float | None = None
    """An estimate; 0 when a player would start now, None when it cannot be told."""
    map: str = ""
    """The chosen file in up to 64 equal parts, a digit each: how much of it is there, from 0 to 8 (all)."""


@dataclass(frozen=True, slots=True)
class Waiting(Note):
    """A reader waits; ``reason`` is one of ``WAIT_REASONS``, ``detail`` says it in words."""

    event: ClassVar[str] = "waiting"
    reason: str
    detail: str
    piece: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Resumed(Note):
    """The wait is over; it took ``seconds``."""

    event: ClassVar[str] = "resumed"
    seconds: float


@dataclass(frozen=True, slots=True)
class Warning(Note):
    """Something is wrong but the work goes on."""

    event: ClassVar[str] = "warning"
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Error(Note):
    """The end, with the exit code that the process will have."""

    event: ClassVar[str] = "error"
    kind: str
    message: str
    hint: str
    exit: int


@dataclass(frozen=True, slots=True)
class Changed(Note):
    """A torrent of the server was changed; ``files`` are the indexes of what is fetched whole, limits as settings."""

    event: ClassVar[str] = "changed"
    paused: bool
    down_limit: int
    up_limit: int
    files: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Removed(Note):
    """The server has the torrent no more; ``data`` is ``keep`` or ``delete``: what became of what was fetched."""

    event: ClassVar[str] = "removed"
    data: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Demo(Note):
    """The server's demo. ``state``: none, making (the video; ``share`` of it is done), ready or failed.

    ``infohash`` once there is a torrent; ``message`` and ``hint`` say why it failed.
    """

    event: ClassVar[str] = "demo"
    state: str = "none"
    share: float = 0.0
    infohash: str | None = None
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Evicted(Note):
    """A torrent's data went to make room; ``freed`` bytes. It stays in the library, and is fetched when watched."""

    event: ClassVar[str] = "evicted"
    freed: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Of(Note):
    """What was told of one of many torrents."""

    infohash: str
    note: Note

    def as_dict(self) -> dict[str, Any]:
        """The note's fields, with the info-hash in front."""
        told = self.note.as_dict()
        return {"event": told.pop("event"), "infohash": self.infohash, **told}


@dataclass(frozen=True, slots=True)
class Done(Note):
    """All is over."""

    event: ClassVar[str] = "done"
    played_seconds: float
    downloaded: int
    uploaded: int


def note_of(told: Mapping[str, Any]) -> Note | None:
    """The note of an object that ``as_dict`` made; what is not known here is passed over, as is a note of no use."""
    kind = _KINDS.get(str(told.get("event", "")))
    if kind is None:
        return None
    given = {name: _frozen(told[name]) for name in (f.name for f in fields(kind)) if name in told}
    try:
        return kind(**given)
    except TypeError:  # it lacks what every note of its kind has
        return None


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_KINDS: dict[str, type[Note]] = {kind.event: kind for kind in Note.__subclasses__() if kind.event}
