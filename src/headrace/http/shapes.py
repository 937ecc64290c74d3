"""What requests of the API carry, as types that check it; the API's description is made from the same types.

Rules: whatever is not named here is refused, so that a misspelt field is not passed over; every text, list and number
has its bounds. Only handlers that need it import this module: msgspec is not loaded for ``play``.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from headrace.core.source import MAX_TEXT

MAX_RATE = 2**31 - 1
"""Bytes per second: libtorrent's limits are 32 bits."""
MAX_QUOTA = 2**60
"""A million terabytes."""
MAX_INDEX = 999_999_999
MAX_SECONDS = 10_000_000
"""Four months: no film is longer."""

Index = Annotated[int, Meta(ge=0, le=MAX_INDEX, description="A file's index in the torrent")]
Rate = Annotated[int, Meta(ge=0, le=MAX_RATE, description="Bytes per second; 0 for no limit")]
Seconds = Annotated[float, Meta(ge=0, le=MAX_SECONDS)]
Tracker = Annotated[str, Meta(min_length=1, max_length=2000)]
Peer = Annotated[str, Meta(min_length=3, max_length=300, description="HOST:PORT, with brackets around IPv6")]
Quota = Annotated[int, Meta(ge=0, le=MAX_QUOTA, description="Most bytes of data to keep")] | Literal["default"] | None
"""None is no limit; ``default`` is what holds without this setting: the server's options, or a share of the disk."""
Peers = Annotated[list[Peer], Meta(max_length=200)]


class AddTorrent(Struct, frozen=True, forbid_unknown_fields=True):
    """A torrent to add."""

    source: Annotated[
        str, Meta(min_length=1, max_length=MAX_TEXT, description="A magnet link, an info-hash, or a .torrent's URL")
    ]
    file: Annotated[str, Meta(max_length=1000)] | Index | None = None
    """Which file to fetch whole in the end: as ``--file``; the main video by default."""
    paused: bool = False
    trackers: Annotated[list[Tracker], Meta(max_length=100)] = msgspec.field(default_factory=list)
    peers: Peers = msgspec.field(default_factory=list)
    keep: bool = True
    """False: unless it was there already, it goes with its data when the server starts again, if nobody removed it."""

    @property
    def selector(self) -> str:
        """As ``--file`` has it."""
        return "" if self.file is None else str(self.file)


class ChangeTorrent(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change of a torrent; what is left out stays."""

    paused: bool | UnsetType = UNSET
    down_limit: Rate | UnsetType = UNSET
    up_limit: Rate | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    """Its data is never evicted."""
    files: Annotated[list[Index], Meta(max_length=100_000)] | UnsetType = UNSET
    """The files to fetch whole in the end; none: only what is watched."""


class AddPeers(Struct, frozen=True, forbid_unknown_fields=True):
    """Peers to connect to."""

    peers: Annotated[list[Peer], Meta(min_length=1, max_length=200)]


class SetPosition(Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody is in a film."""

    seconds: Seconds
    duration: Seconds | None = None


class StartCast(Struct, frozen=True, forbid_unknown_fields=True):
    """A film for a device."""

    device: Annotated[str, Meta(min_length=1, max_length=300, description="Its id, name or address")]
    infohash: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{1,64}$")]
    index: Index | None = None
    """The file; the main video without it."""
    start: Seconds = 0.0
    subtitles: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    """A subtitle file's track (``s3``), or ``none``; the best one beside the film without it."""
    captions: Annotated[str, Meta(min_length=1, description="The text of a subtitle file of one's own")] | None = None


class ChangeCast(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change on a device; what is left out stays."""

    paused: bool | UnsetType = UNSET
    position: Seconds | UnsetType = UNSET
    volume: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    muted: bool | UnsetType = UNSET


class ChangeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that can be changed while the server runs; what is left out stays."""

    down_limit: Rate | UnsetType = UNSET
    up_limit: Rate | UnsetType = UNSET
    max_peers: Annotated[int, Meta(ge=1, le=100_000)] | UnsetType = UNSET
    quota: Quota | UnsetType = UNSET


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """The server's token, once, for a cookie."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]
