"""What Headrace tells its users while it works: the objects of ``--json`` and of the server's event stream.

Rules: plain records of JSON's own types; ``name`` is the word in ``event``; sizes in bytes, times in seconds, rates in
bytes per second. Fields keep the names of the documented interface. Whoever prints adds ``event``, ``t`` and, on the
server's stream, the info-hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

WAIT_REASONS = ("no_metadata", "no_peers", "piece_unavailable", "choked", "slow", "disk", "checking", "paused")


class Note(Struct, frozen=True):
    """Base of all that is told."""

    event: ClassVar[str] = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON's types only, ``event`` first."""
        return {"event": self.event, **{name: getattr(self, name) for name in self.__struct_fields__}}


class Starting(Note, frozen=True):
    """The engine runs; ``source`` is what the user gave, without secrets."""

    event: ClassVar[str] = "starting"
    source: str


class Metadata(Note, frozen=True):
    """The torrent's files are known; each of ``files`` has index, path, size and kind."""

    event: ClassVar[str] = "metadata"
    infohash: str
    name: str
    size: int
    piece_length: int
    files: tuple[dict[str, Any], ...]


class Selected(Note, frozen=True):
    """The file that will be played or fetched."""

    event: ClassVar[str] = "selected"
    index: int
    path: str
    size: int


class Serving(Note, frozen=True):
    """The URL answers; it may wait for bytes. ``everywhere``: so do all other addresses of this machine."""

    event: ClassVar[str] = "serving"
    url: str
    playlist_url: str
    port: int
    everywhere: bool = False


class Ready(Note, frozen=True):
    """The container's index and the first bytes are verified: a player would start now."""

    event: ClassVar[str] = "ready"
    buffered_bytes: int


class Player(Note, frozen=True):
    """The player's state: starting, playing, paused, buffering, ended, failed."""

    event: ClassVar[str] = "player"
    name: str
    state: str


class GoingOn(Note, frozen=True):
    """The player begins a file where somebody stopped: ``position`` in seconds."""

    event: ClassVar[str] = "going_on"
    index: int
    path: str
    position: float


class Progress(Note, frozen=True):
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


class Waiting(Note, frozen=True):
    """A reader waits; ``reason`` is one of ``WAIT_REASONS``, ``detail`` says it in words."""

    event: ClassVar[str] = "waiting"
    reason: str
    detail: str
    piece: int | None
    seconds: float


class Resumed(Note, frozen=True):
    """The wait is over; it took ``seconds``."""

    event: ClassVar[str] = "resumed"
    seconds: float


class Warning(Note, frozen=True):
    """Something is wrong but the work goes on."""

    event: ClassVar[str] = "warning"
    kind: str
    message: str


class Error(Note, frozen=True):
    """The end, with the exit code that the process will have."""

    event: ClassVar[str] = "error"
    kind: str
    message: str
    hint: str
    exit: int


class Changed(Note, frozen=True):
    """A torrent of the server was changed; ``files`` are the indexes of what is fetched whole, limits as settings."""

    event: ClassVar[str] = "changed"
    paused: bool
    down_limit: int
    up_limit: int
    files: tuple[int, ...]


class Removed(Note, frozen=True):
    """The server has the torrent no more; ``data`` is ``keep`` or ``delete``: what became of what was fetched."""

    event: ClassVar[str] = "removed"
    data: str
    name: str = ""


class Demo(Note, frozen=True):
    """The server's demo. ``state``: none, making (the video; ``share`` of it is done), ready or failed.

    ``infohash`` once there is a torrent; ``message`` and ``hint`` say why it failed.
    """

    event: ClassVar[str] = "demo"
    state: str = "none"
    share: float = 0.0
    infohash: str | None = None
    message: str = ""
    hint: str = ""


class Cast(Note, frozen=True):
    """A device of the server plays; told when that changes, and once a second where it is.

    ``state`` is one of starting, playing, paused, buffering, ended, failed; ``message`` says why it failed. ``volume``
    is from 0 to 1. ``reason`` is the kind of the failure: refused, device_busy or device_gone.
    """

    event: ClassVar[str] = "cast"
    id: str
    device: str
    name: str
    kind: str
    infohash: str
    index: int
    state: str = "starting"
    position: float | None = None
    duration: float | None = None
    volume: float | None = None
    muted: bool | None = None
    message: str = ""
    reason: str = ""


class Evicted(Note, frozen=True):
    """A torrent's data went to make room; ``freed`` bytes. It stays in the library, and is fetched when watched."""

    event: ClassVar[str] = "evicted"
    freed: int
    name: str = ""


class Of(Note, frozen=True):
    """What was told of one of many torrents."""

    infohash: str
    note: Note

    def as_dict(self) -> dict[str, Any]:
        """The note's fields, with the info-hash in front."""
        told = self.note.as_dict()
        return {"event": told.pop("event"), "infohash": self.infohash, **told}


class Done(Note, frozen=True):
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
    given = {name: _frozen(told[name]) for name in kind.__struct_fields__ if name in told}
    try:
        return kind(**given)
    except TypeError:  # it lacks what every note of its kind has
        return None


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_KINDS: dict[str, type[Note]] = {kind.event: kind for kind in Note.__subclasses__() if kind.event}
