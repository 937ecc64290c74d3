"""What the API answers, as types: for its description, and for the tests that hold the answers against it.

Rules: handlers build plain dictionaries and never import this; fields that are not named here may be there too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from headrace.media.facts import Chapter, Track

InfoHash = Annotated[str, Meta(pattern="^([0-9a-f]{40}|[0-9a-f]{64})$", description="v1 or v2, hex, lower case")]


class ErrorBody(Struct):
    """What went wrong and what to do."""

    kind: Annotated[str, Meta(description="A stable word for programs")]
    message: str
    hint: str


class Error(Struct):
    """Every error."""

    error: ErrorBody


class Waiting(Struct):
    """Why somebody waits."""

    reason: str
    detail: str
    piece: int | None
    seconds: float


class Torrent(Struct):
    """A torrent and its state. Sizes in bytes, rates in bytes per second, times in seconds; null: not known yet."""

    infohash: InfoHash
    infohashes: list[InfoHash]
    name: str
    size: int | None
    piece_length: int | None
    pieces: int | None
    selected: Annotated[int | None, Meta(description="Index of the file that plays")]
    url: str
    playlist_url: str
    paused: bool
    down_limit: int
    up_limit: int
    files_wanted: Annotated[list[int], Meta(description="Files that are fetched whole, by index")]
    state: str
    phase: str
    progress: float
    downloaded: int
    uploaded: int
    wanted: int
    down_rate: int
    up_rate: int
    peers: int
    seeds: int
    readers: int
    buffered_bytes: int
    buffered_seconds: float | None
    bitrate: float
    position: Annotated[float | None, Meta(description="Of the player that `play` opened")]
    duration: float | None
    time_to_playable: float | None
    waiting: Waiting | None
    error: str
    added: Annotated[float | None, Meta(description="Seconds since 1970")] = None
    watched: Annotated[float | None, Meta(description="Seconds since 1970")] = None
    pinned: bool = False
    guest: Annotated[bool, Meta(description="It is not in the library, and gone with the server's end")] = False
    evicted: Annotated[bool, Meta(description="Its data went to make room, and nobody watched it since")] = False
    keep: Annotated[bool, Meta(description="False: it goes when the server starts again")] = True


class Torrents(Struct):
    """All torrents."""

    torrents: list[Torrent]


class File(Struct):
    """A file of a torrent."""

    index: int
    path: str
    size: int
    kind: str
    url: str
    offset: int
    media_type: str
    order: int | None


class Files(Struct):
    """A torrent's files; none before the metadata."""

    infohash: InfoHash
    metadata: bool
    files: list[File]


class Pieces(Struct):
    """Pieces; ``have`` is BEP 3's bitfield in base64."""

    infohash: InfoHash
    pieces: int | None
    have: str
    wanted: list[dict[str, int]]
    in_flight: list[Any]
    heads: list[dict[str, Any]]


class Peer(Struct):
    """A connected peer."""

    address: str
    client: str
    down_rate: int
    up_rate: int
    choked: bool
    interesting: bool
    seed: bool
    progress: float
    source: str


class Peers(Struct):
    """The connected peers."""

    infohash: InfoHash
    peers: list[Peer]
    connecting: int


class Media(Struct):
    """What a file holds."""

    infohash: InfoHash
    index: int
    path: str
    size: int
    container: str
    duration: float | None
    bitrate: int | None
    tracks: list[Track]
    chapters: list[Chapter]


class Subtitles(Struct):
    """A video's subtitles, the best first."""

    infohash: InfoHash
    index: int
    looked: Annotated[bool, Meta(description="Whether the tracks inside the video are in the list")]
    subtitles: list[dict[str, Any]]


class Cue(Struct):
    """A line; ``settings`` as WebVTT has them, times in seconds."""

    start: float
    end: float
    text: str
    settings: str


class Cues(Struct):
    """Part of a track; the cues are all that there are from ``from`` until ``until``."""

    infohash: InfoHash
    index: int
    track: str
    start: float = msgspec.field(name="from")
    until: float
    cues: list[Cue]


class Position(Struct):
    """Where somebody is in a film; ``resume`` is where to go on."""

    infohash: InfoHash
    index: int
    seconds: float
    duration: float | None
    updated: Annotated[float | None, Meta(description="Seconds since 1970")]
    finished: bool
    resume: float


class Positions(Struct):
    """Where somebody is in each of a torrent's files that were watched, the newest first."""

    infohash: InfoHash
    positions: list[Position]


class Added(Struct):
    """How many addresses of peers were added."""

    added: int


class Demo(Struct):
    """The server's demo, and how far it is."""

    state: Annotated[str, Meta(description="none, making, ready or failed")]
    share: Annotated[float, Meta(description="How much of its video is made, 0 to 1")]
    infohash: InfoHash | None
    message: Annotated[str, Meta(description="Why it failed")]
    hint: str


class Device(Struct):
    """A device in the network."""

    id: str
    name: str
    kind: Annotated[str, Meta(description="chromecast or dlna")]
    address: str
    model: str


class Devices(Struct):
    """Who answered, Chromecasts first."""

    devices: list[Device]


class Cast(Struct):
    """A film on a device."""

    id: str
    device: Annotated[str, Meta(description="The device's id")]
    name: str
    kind: str
    infohash: InfoHash
    index: int
    state: Annotated[str, Meta(description="starting, playing, paused, buffering, ended or failed")]
    position: float | None
    duration: float | None
    volume: Annotated[float | None, Meta(description="0 to 1")]
    muted: bool | None
    message: Annotated[str, Meta(description="Why it failed")]
    reason: Annotated[str, Meta(description="The kind of that: refused, device_busy or device_gone")]


class BegunCast(Cast):
    """A film that a device has taken, and in which form."""

    hls: Annotated[bool, Meta(description="It was sent as HLS")]
    note: Annotated[str, Meta(description="Why, or what may not play")]


class Casts(Struct):
    """What plays on devices."""

    casts: list[Cast]


class Settings(Struct):
    """What can be changed while the server runs."""

    down_limit: int
    up_limit: int
    max_peers: int
    quota: int | Literal["default"] | None
    """Bytes; null: no limit."""


class LoginOf(Struct):
    """A browser that logged in; times in seconds since 1970."""

    id: str
    label: Annotated[str, Meta(description="What the browser calls itself")]
    created: float
    expires: float | None
    current: Annotated[bool, Meta(description="It is the one that asks")]


class Logins(Struct):
    """All logins, the oldest first."""

    logins: list[LoginOf]


class Ended(Struct):
    """How many logins were ended."""

    ended: int


class Head(Struct):
    """Somebody who reads; ``waiting`` for so many seconds, or null."""

    infohash: InfoHash
    index: int | None
    id: int
    position: int
    rate: int
    bytes: int
    waiting: float | None


class Held(Struct):
    """A torrent that gives way to another's viewer: no more bytes a second than this come."""

    infohash: InfoHash
    rate: int


class Stats(Struct):
    """Sums over all torrents, those that give way to others' viewers, and each read head."""

    uptime: float
    torrents: int
    down_rate: int
    up_rate: int
    downloaded: int
    uploaded: int
    peers: int
    readers: int
    held: list[Held]
    heads: list[Head]
