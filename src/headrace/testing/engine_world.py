"""What the engine suite needs around it: a torrent with known bytes, seeds to be had, and an observer of events.

Rules: nothing here knows which engine is tested. Waits end by events, with a deadline that is generous in real time and
costs nothing in virtual time. Every event is looked at in the very call that delivers it: on which thread and loop it
comes, and whether the bytes that it promises can be read right then.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from headrace.core.pieces import BLOCK, FileEntry, Layout
from headrace.core.spans import Span
from headrace.engine.base import (
    CONNECTING,
    AddRequest,
    BlockArrived,
    Change,
    Engine,
    EngineTorrent,
    Event,
    MetadataReady,
    Peer,
    Peers,
    PiecesReady,
    Stats,
    TorrentRemoved,
)

NAME = "suite"
FILES = (("a one.bin", 100_000), ("b/two.bin", 1_500_000), ("c three.bin", 50_000))
"""Paths and sizes in the torrent that every world makes; in v1 only the first file begins at a piece's border."""
PIECE = 2 * BLOCK
PATIENCE = 30.0
"""Seconds until a wait has failed; nothing here takes more than two on an idle machine."""
SLOW = 200_000
"""Bytes per second of a seed that leaves time to change one's mind."""
FIRST_MOMENT = 12
"""Pieces that may come unwanted where an engine wants all until it is told otherwise (metadata from a peer, a choice of
files): a few blocks of each peer may be on their way by then."""

Address = tuple[str, int]
E = TypeVar("E", bound=Event)


class World(Protocol):
    """A torrent of ``FILES`` in pieces of ``PIECE`` bytes, its seeds (none at first), and engines to test."""

    torrent: bytes
    content: bytes
    """The torrent's bytes, all files one after the other, with the padding of a v2 or hybrid torrent (BEP 47, 52)."""
    info_hash: str
    magnet: str
    """Without peers."""
    folder: Path
    """Empty, for the engine's data."""

    def engine(self) -> Engine:
        """A new engine, not started. One with the same state as the last, if it keeps any."""

    async def add_seed(
        self, *, rate: int = 0, have: tuple[int, ...] | None = None, corrupt: tuple[int, ...] = ()
    ) -> Address:
        """A seed of ``rate`` bytes/s (0: fast) with these pieces (None: all); of ``corrupt`` it sends wrong bytes."""

    async def remove_seed(self, address: Address) -> None:
        """Take a seed away: its connections are closed."""

    async def restore_seed(self, address: Address) -> None:
        """Bring back a seed that was taken away."""


def pieces_in(world: World) -> int:
    """How many pieces the torrent has."""
    return -(-len(world.content) // PIECE)


Make = Callable[[], AbstractAsyncContextManager[World]]


class Client:
    """An engine that runs one torrent, and everything that it said. Ends the engine when it ends."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.engine = world.engine()
        self.events: list[Event] = []
        self.faults: list[str] = []
        """What was wrong with an event when it came."""
        self.torrent: EngineTorrent | None = None
        self._thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._ignored: frozenset[int] = frozenset()

    async def __aenter__(self) -> Self:
        self.engine.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.engine.aclose()
        if error is None:
            assert not self.faults, self.faults

    def attach(self) -> None:
        """Listen from now on."""
        self.engine.attach(self._listen)

    def request(self, *peers: Address, magnet: bool = False, resume: bytes = b"", blocks: bool = False) -> AddRequest:
        """What adds the world's torrent, by its .torrent or by its magnet link."""
        return AddRequest(
            self.world.info_hash,
            self.world.folder,
            magnet=self.world.magnet if magnet else "",
            torrent=b"" if magnet else self.world.torrent,
            resume=resume,
            peers=peers,
            blocks=blocks,
        )

    def add(self, request: AddRequest) -> EngineTorrent:
        """Add the torrent."""
        self.torrent = self.engine.add(request)
        return self.torrent

    async def ready(self, *peers: Address, magnet: bool = False, blocks: bool = False) -> EngineTorrent:
        """Attach, add the torrent and wait for its metadata."""
        self.attach()
        torrent = self.add(self.request(*peers, magnet=magnet, blocks=blocks))
        await self.until(lambda: torrent.layout is not None and bool(self.of(MetadataReady)), "metadata")
        return torrent

    def choose(self, *numbers: int) -> None:
        """Choose files by their number in ``FILES``, and look only into these from now on."""
        assert self.torrent is not None
        chosen = frozenset(self.entry(number).index for number in numbers)
        self._ignored = frozenset(self.entry(number).index for number in range(len(FILES))) - chosen
        self.torrent.choose_files(chosen)

    def entry(self, number: int) -> FileEntry:
        """A file by its number in ``FILES``: padding has indexes too."""
        assert self.torrent is not None
        assert self.torrent.layout is not None
        return list(self.torrent.layout.listed())[number]

    def path(self, number: int) -> Path:
        """Where a file lies, by its number in ``FILES``."""
        assert self.torrent is not None
        return self.torrent.path_of(self.entry(number).index)

    def file_bytes(self, number: int) -> bytes:
        """A whole file on disk."""
        return self.path(number).read_bytes()

    def source(self, number: int) -> bytes:
        """What is right for a whole file."""
        span = self.entry(number).span
        return self.world.content[span.start : span.end]

    async def until(self, done: Callable[[], bool], what: str) -> None:
        """Wait for events until ``done``."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not done():
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come; the last events: {self.events[-8:]}") from None

    async def fetch(self, pieces: Sequence[int]) -> None:
        """Want pieces and wait until all are ready."""
        assert self.torrent is not None
        self.torrent.apply(Change(want=tuple(pieces)))
        await self.had(pieces)

    async def had(self, pieces: Sequence[int]) -> None:
        """Wait until all of these are ready."""
        await self.until(lambda: set(pieces) <= set(self.arrived()), f"pieces {pieces}")

    async def stats(self, done: Callable[[Stats], bool], what: str) -> Stats:
        """Ask for ``Stats`` again and again until they fit."""
        assert self.torrent is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                seen = len(self.of(Stats))
                self.torrent.request_stats()
                await self.until(lambda seen=seen: len(self.of(Stats)) > seen, what)  # type: ignore[misc]
                if done(self.of(Stats)[-1]):
                    return self.of(Stats)[-1]
                await asyncio.sleep(0.05)

    async def peers(self, count: int) -> tuple[Peer, ...]:
        """Ask for ``Peers`` until so many are connected."""
        assert self.torrent is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                seen = len(self.of(Peers))
                self.torrent.request_peers()
                await self.until(lambda seen=seen: len(self.of(Peers)) > seen, "peers")  # type: ignore[misc]
                met = [peer for peer in self.of(Peers)[-1].peers if peer.source != CONNECTING]
                if len(met) == count:
                    return tuple(met)
                await asyncio.sleep(0.05)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def arrived(self) -> list[int]:
        """The pieces that became ready, in order."""
        return [piece for event in self.of(PiecesReady) for piece in event.pieces]

    def _listen(self, events: Sequence[Event]) -> None:
        if threading.get_ident() != self._thread or asyncio.get_running_loop() is not self._loop:
            self.faults.append("events came on another thread or loop")
        if not events:
            self.faults.append("an empty batch")
        for event in events:
            self.events.append(event)
            self._look(event)
        self._came.set()

    def _look(self, event: Event) -> None:
        torrent = self.torrent
        if not event.info_hash or torrent is None:
            return
        if event.info_hash != self.world.info_hash:
            self.faults.append(f"an event of a torrent that was not added: {event}")
        if isinstance(event, PiecesReady | BlockArrived) and not self.of(MetadataReady):
            self.faults.append(f"before the metadata: {event}")
        if self.of(TorrentRemoved) and not isinstance(event, TorrentRemoved):
            self.faults.append(f"after the torrent was removed: {event}")
        if isinstance(event, PiecesReady):
            for piece in event.pieces:
                self._look_at_piece(torrent, piece)
        elif isinstance(event, BlockArrived) and torrent.layout is not None:
            start = event.piece * PIECE + event.block * BLOCK
            self._compare(torrent, torrent.layout, Span(start, start + BLOCK).clip(len(self.world.content)), f"{event}")

    def _look_at_piece(self, torrent: EngineTorrent, piece: int) -> None:
        if torrent.layout is None or not torrent.have[piece]:
            self.faults.append(f"piece {piece} is ready but not in the have-map")
        elif self.arrived().count(piece) > 1:
            self.faults.append(f"piece {piece} became ready twice")
        else:
            self._compare(torrent, torrent.layout, torrent.layout.span_of(piece), f"piece {piece}")

    def _compare(self, torrent: EngineTorrent, layout: Layout, span: Span, what: str) -> None:
        """The bytes on disk, right now, in all chosen files that the span touches."""
        for entry in layout.files:
            part = Span(max(span.start, entry.span.start), min(span.end, entry.span.end))
            if part.size and entry.index not in self._ignored and not entry.pad:
                got = b""
                with contextlib.suppress(OSError), torrent.path_of(entry.index).open("rb") as file:
                    file.seek(part.start - entry.offset)
                    got = file.read(part.size)
                if got != self.world.content[part.start : part.end]:
                    self.faults.append(f"{what}: the bytes of {entry.path} are wrong on disk when the event comes")


@contextlib.asynccontextmanager
async def client(world: World, *peers: Address, magnet: bool = False, blocks: bool = False) -> AsyncIterator[Client]:
    """A client whose torrent has its metadata."""
    async with Client(world) as one:
        await one.ready(*peers, magnet=magnet, blocks=blocks)
        yield one
