"""What Headrace asks of a torrent engine.

Rules: no method waits for the network or the disk; whatever comes later comes as an event. Events are frozen, carry
the torrent's info-hash and are handed over in batches, in order, on the event loop. A piece counts as had only when its
hash was checked *and* its bytes can be read from the file. The engine picks blocks and peers; we say which pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from headrace.core.pieces import Layout


class Change(NamedTuple):
    """What is to change in the engine's wishes; all wanted pieces are equal and are asked for in index order.

    ``want`` and ``drop`` are piece numbers. ``jump`` is the piece that a viewer waits for after a seek: requests in
    flight for anything else but it and ``keep`` are withdrawn where the protocol allows it.
    """

    want: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    jump: int | None = None
    keep: tuple[int, ...] = ()


class AddRequest(Struct, frozen=True):
    """A torrent to add: a magnet link or the bytes of a .torrent, and where its data goes.

    ``resume`` is what an earlier ``ResumeSaved`` gave; data that fits it is not hashed again. ``peers`` are
    ``(host, port)``. With ``metadata_only`` nothing but the metadata is fetched.
    """

    info_hash: str
    save_path: Path
    magnet: str = ""
    torrent: bytes = b""
    resume: bytes = b""
    recheck: bool = False
    """Do not believe ``resume`` about pieces: hash what lies on the disk."""
    trackers: tuple[str, ...] = ()
    peers: tuple[tuple[str, int], ...] = ()
    metadata_only: bool = False
    files_later: bool = False
    """Fetch nothing before ``choose_files``: of files that are not chosen nothing is to lie on the disk."""
    seed: bool = False
    blocks: bool = False
    """Report every block that reaches the disk (``BlockArrived``), for serving before the piece is checked."""


class Event(Struct, frozen=True):
    """Something that happened to one torrent. ``info_hash`` is empty when it concerns the whole engine."""

    info_hash: str


class MetadataReady(Event, frozen=True):
    """The torrent's files and pieces are known, from the .torrent, saved state or a peer (BEP 9)."""

    layout: Layout


class PiecesReady(Event, frozen=True):
    """These pieces were checked and their bytes can be read from the files."""

    pieces: tuple[int, ...]


class PiecesTaken(Event, frozen=True):
    """Every block of these pieces has been asked of some peer: what is wanted next can no longer delay them.

    Told once for each time a piece is wanted; a peer that goes away may leave blocks to be asked for again.
    """

    pieces: tuple[int, ...]


class PieceFailed(Event, frozen=True):
    """A piece did not match its hash; its blocks are forgotten and fetched again."""

    piece: int


class BlockArrived(Event, frozen=True):
    """A block is in the file, unchecked. ``trusted``: its sender's pieces so far were right, and there were some."""

    piece: int
    block: int
    trusted: bool


class Stats(Event, frozen=True):
    """A torrent's counters. Rates in bytes per second of payload; sizes in bytes since the start.

    ``phase`` is one of ``metadata``, ``checking``, ``downloading``, ``finished``, ``seeding``; in ``checking``,
    ``checked`` is how much of the data on the disk was looked at, 0 to 1.
    """

    phase: str
    down_rate: int
    up_rate: int
    downloaded: int
    uploaded: int
    peers: int
    seeds: int
    paused: bool = False
    checked: float = 0.0


CONNECTING = "connecting"
"""The source of a peer that has not answered yet."""


class Peer(NamedTuple):
    """One connected peer. Rates in bytes per second; ``pieces`` one byte per piece, empty when not known."""

    address: str
    client: str
    down_rate: int
    up_rate: int
    choked: bool
    """The peer does not let us download."""
    interesting: bool
    """It has something that we want."""
    seed: bool
    progress: float
    pieces: bytes
    source: str
    """How we know of it: ``tracker``, ``dht``, ``pex``, ``lsd``, ``peer`` (it came to us, or was named); or
    ``CONNECTING``."""


class Peers(Event, frozen=True):
    """The connected peers, as an answer to ``request_peers``."""

    peers: tuple[Peer, ...]


class ResumeSaved(Event, frozen=True):
    """State to hand to ``AddRequest.resume`` next time: metadata, checked pieces and known peers."""

    data: bytes


class TrackerReplied(Event, frozen=True):
    """A tracker answered (``error`` empty) or failed. ``url`` without its query: passkeys are secrets."""

    url: str
    peers: int = 0
    error: str = ""


class TorrentFailed(Event, frozen=True):
    """The torrent cannot go on. ``kind`` is ``disk``, ``disk_full``, ``metadata``, ``duplicate`` or ``engine``."""

    kind: str
    message: str


class TorrentRemoved(Event, frozen=True):
    """The engine let go of the torrent; with ``deleted``, its files are gone too."""

    deleted: bool


class Listening(Event, frozen=True):
    """The engine accepts peers here (``error`` empty), or could not."""

    address: str
    port: int
    error: str = ""


Listener = Callable[[Sequence[Event]], None]


class EngineTorrent(Protocol):
    """One torrent in an engine."""

    @property
    def info_hash(self) -> str:
        """Hex, lower case: v1's 40 digits, or 64 for a torrent that is v2 only."""

    @property
    def layout(self) -> Layout | None:
        """Files and pieces, once known."""

    @property
    def have(self) -> bytearray:
        """One byte per piece: 1 where it is checked and readable. Empty before the metadata. Not to be changed."""

    def in_flight(self) -> tuple[int, ...]:
        """Wanted pieces of which peers were asked for blocks and that are not had yet, in order; none while paused."""

    def path_of(self, index: int) -> Path:
        """Where the file with this index lies on disk; ``RuntimeError`` before the metadata."""

    @property
    def part_file(self) -> Path | None:
        """Where pieces that reach into files that are not chosen have their rest; None before the metadata."""

    def choose_files(self, indexes: frozenset[int]) -> None:
        """These files are to lie on disk under their own names; pieces are wanted by ``apply`` alone."""

    def apply(self, change: Change) -> None:
        """Change which pieces are wanted."""

    def add_peers(self, peers: Sequence[tuple[str, int]]) -> None:
        """Connect to these ``(host, port)``."""

    def add_trackers(self, urls: Sequence[str]) -> None:
        """Announce to these too."""

    def set_paused(self, paused: bool) -> None:
        """Stop or go on: no peers, no traffic while paused."""

    def set_limits(self, down: int, up: int) -> None:
        """Most bytes a second of this torrent, 0 for no limit of its own; the engine's limits hold beside them."""

    def take_over(self, piece: int) -> None:
        """A viewer waits for this piece, all of which was asked for: have a look at who holds its blocks. From the
        second look on, peers that are far slower than the others are let go for a while; others get their blocks.
        """

    def find_peers(self) -> None:
        """Nobody is there: look in the DHT once more."""

    def set_calm(self, calm: bool) -> None:
        """Nobody waits, but a seek may come: keep no more in flight than fills the pipe. An engine may do nothing."""

    def request_stats(self) -> None:
        """Ask for a ``Stats`` event."""

    def request_peers(self) -> None:
        """Ask for a ``Peers`` event."""

    def settle(self) -> None:
        """The start is over: from now on quick seeks count for more than filling the pipe."""

    def report_blocks(self, wanted: bool) -> None:
        """Whether ``BlockArrived`` is told from now on."""

    def save_resume(self) -> None:
        """Ask for a ``ResumeSaved`` event."""

    def remove(self, *, delete_data: bool) -> None:
        """Let go of the torrent; ``TorrentRemoved`` follows."""


class Engine(Protocol):
    """A torrent engine. ``start`` comes first and needs no event loop, so that peers are met while the rest loads."""

    def start(self) -> None:
        """Begin to listen; raises ``EngineError``."""

    def attach(self, listener: Listener) -> None:
        """From now on hand events to ``listener`` on the running loop, those that came before included."""

    def add(self, request: AddRequest) -> EngineTorrent:
        """Add a torrent. ``InputError`` for a magnet or .torrent that cannot be read; later failures are events."""

    def set_limits(self, down: int, up: int, max_peers: int) -> None:
        """Change what ``EngineOptions`` said of rates (bytes per second, 0 for no limit) and peers, of all torrents."""

    async def aclose(self) -> None:
        """Save what the next start needs, say goodbye to trackers and end; at most a few seconds."""


class EngineOptions(Struct, frozen=True):
    """How the engine meets the world. Rates in bytes per second, 0 for no limit."""

    state_path: Path | None = None
    """File for DHT nodes and session state; None keeps nothing."""
    listen: tuple[str, ...] = ("0.0.0.0:6881", "[::]:6881")
    interface: str = ""
    """Name or address: all torrent traffic goes through it, or none does."""
    dht: bool = True
    lsd: bool = True
    port_mapping: bool = True
    dht_routers: tuple[tuple[str, int], ...] = ()
    down_limit: int = 0
    up_limit: int = 0
    max_peers: int = 200
    proxy: str = ""
    """URL: socks5://, socks4:// or http://, with user:password@ if needed."""
    blocked: tuple[tuple[str, str], ...] = ()
    """Address ranges (first, last) never to talk to."""
    utp: bool = True
    encryption: bool = True
    """Meet peers with protocol encryption too (MSE)."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """The engine's own settings by name, over ours: for tests and experiments."""

    def __repr__(self) -> str:
        """Without the blocked addresses, of which there may be half a million."""
        told = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "blocked")
        return f"EngineOptions({', '.join(told)})"
