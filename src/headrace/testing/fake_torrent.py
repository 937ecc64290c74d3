"""One torrent of a fake engine: the simulated wire, real files, and the events that follow."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from headrace.core.bencode import check_bencode
from headrace.core.pieces import BLOCK, Layout
from headrace.core.source import Magnet, parse
from headrace.engine import base
from headrace.engine.base import AddRequest, Change, Event, Peer
from headrace.errors import InputError
from headrace.testing import fake_wire
from headrace.testing.fake_disk import FakeDisk
from headrace.testing.fake_link import Link
from headrace.testing.fake_swarm import FakePeer, FakeSwarm
from headrace.testing.fake_wire import Outcome, Wire
from headrace.testing.metainfo import Item, decode, encode

if TYPE_CHECKING:
    from headrace.testing.fake_engine import FakeEngine


class FakeTorrent:
    """One torrent (``base.EngineTorrent``), and what a test wants to know of it."""

    def __init__(self, engine: FakeEngine, request: AddRequest, swarm: FakeSwarm, *, metadata: bool) -> None:
        self.info_hash = request.info_hash
        self.layout: Layout | None = None
        self.request = request
        self.arrivals: list[tuple[float, int]] = []
        """When each piece was there, in order (seconds of the swarm's time)."""
        self.changes: list[tuple[float, Change]] = []
        """What was asked for, and when."""
        self.limits = (0, 0)
        """What ``set_limits`` said last: down, up."""
        self._engine = engine
        self._swarm = swarm
        self._wire = Wire(swarm, metadata=metadata)
        self._disk = FakeDisk(swarm.content.layout, request.save_path)
        self._known = {*request.peers, *_magnet_peers(request)}
        self._before: list[Change] = []
        self._blocks = request.blocks
        self._paused = self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        swarm.watchers.append(self)
        if metadata:
            self._learn()
        self._reply(request.trackers)

    @property
    def have(self) -> bytearray:
        """One byte per piece, 1 where it can be read."""
        return self._wire.have if self.layout is not None else bytearray()

    @property
    def wanted(self) -> set[int]:
        """The pieces that are wanted and not had."""
        return {piece for piece, want in enumerate(self._wire.wanted) if want and not self._wire.have[piece]}

    def in_flight(self) -> tuple[int, ...]:
        """Wanted pieces of which blocks are asked for."""
        return tuple(sorted(self._wire.in_flight() & self.wanted))

    def path_of(self, index: int) -> Path:
        """Where the file lies."""
        if self.layout is None:
            raise RuntimeError("the metadata is not there yet")
        return self._disk.path_of(index)

    @property
    def part_file(self) -> Path | None:
        """Files that are not chosen are simply not there."""
        return None

    def choose_files(self, indexes: frozenset[int]) -> None:
        """Other files get no file of their own."""
        if not self._ended:
            self._disk.choose(indexes)

    def apply(self, change: Change) -> None:
        """Change which pieces are wanted; before the metadata it is kept for later."""
        self.changes.append((self._engine.now(self._swarm), change))
        if self.layout is None:
            self._before.append(change)
        else:
            self._do(lambda: self._wire.apply(change))

    def add_peers(self, peers: Sequence[tuple[str, int]]) -> None:
        """Connect to those of them that are in the swarm."""
        self._known.update(peers)
        self._do(self._connect_all)

    def add_trackers(self, urls: Sequence[str]) -> None:
        """They answer at once."""
        self._reply(urls)

    def set_paused(self, paused: bool) -> None:
        """All connections are closed, or made again."""
        self._paused = paused
        self._do(self._connect_all if not paused else self._disconnect_all)

    def set_limits(self, down: int, up: int) -> None:
        """Nothing goes up here anyway."""
        self.limits = (down, up)
        self._do(lambda: self._wire.set_limit(down or math.inf))

    def take_over(self, piece: int) -> None:
        """Peers that hold up this piece are let go."""
        self._do(lambda: self._wire.take_over(piece))

    def find_peers(self) -> None:
        """Nothing to do: a fake torrent meets its peers when they join."""

    def set_calm(self, calm: bool) -> None:
        """Nothing to do: requests of a fake torrent are few anyway."""

    def request_stats(self) -> None:
        """A ``Stats`` event follows."""
        links, now = self._wire.connected(), self._engine.now(self._swarm)
        rate, total = self._wire.meter.rate(now), self._wire.meter.total
        seeds = sum(all(link.mask) for link in links)
        self._emit(base.Stats(self.info_hash, self._phase(), rate, 0, total, 0, len(links), seeds, self._paused))

    def request_peers(self) -> None:
        """A ``Peers`` event follows."""
        now = self._engine.now(self._swarm)
        peers = tuple(_peer(link, now, self._wire.wanted, self.have) for link in self._wire.connected())
        self._emit(base.Peers(self.info_hash, peers))

    def settle(self) -> None:
        """Nothing to trim here: queues are short from the start."""

    def report_blocks(self, wanted: bool) -> None:
        """Whether ``BlockArrived`` is told."""
        self._blocks = wanted or self.request.blocks

    def save_resume(self) -> None:
        """A ``ResumeSaved`` event follows, once there is metadata."""
        if self.layout is not None:
            state: dict[bytes, Item] = {b"info": self._swarm.content.info, b"have": bytes(self.have)}
            self._emit(base.ResumeSaved(self.info_hash, encode(state)))

    def remove(self, *, delete_data: bool) -> None:
        """``TorrentRemoved`` follows."""
        if self._ended:
            return
        self.end()
        if delete_data:
            self._disk.delete()
        self._engine.forget(self)
        self._engine.emit(base.TorrentRemoved(self.info_hash, delete_data))

    def fail(self, kind: str, message: str = "") -> None:
        """Let the torrent fail, as by a full disk."""
        self._do(self._disconnect_all)
        self._paused = True
        self._emit(base.TorrentFailed(self.info_hash, kind, message))

    # the swarm's side
    def peer_joined(self, peer: FakePeer) -> None:
        """A peer came to the swarm."""
        self._do(self._connect_all)

    def peer_left(self, peer: FakePeer) -> None:
        """A peer left the swarm."""
        self._do(lambda: self._wire.disconnect(peer.address))

    # the engine's side
    def begin(self) -> None:
        """There is a loop: time passes from now on."""
        self._do(self._connect_all)

    def end(self) -> None:
        """No traffic and no event any more."""
        self._ended = True
        self._swarm.watchers.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        self._disconnect_all()
        self._disk.close()

    def _do(self, command: Callable[[], None]) -> None:
        if self._ended:
            return
        self._step()
        command()
        self._step()

    def _step(self, due: float = 0.0) -> None:
        """Let the simulation come up to now, and wake again when something happens next."""
        now = max(due, self._engine.now(self._swarm))  # a loop's timer may be early by its clock's resolution
        for outcome in self._wire.advance(now):
            self._happened(outcome, now)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._engine.wake_at(self._swarm, self._wire.next_at(), self._step)

    def _happened(self, outcome: Outcome, now: float) -> None:
        match outcome:
            case fake_wire.Metadata():
                self._learn()
            case fake_wire.Block(piece, block, wrong, trusted):
                self._write(piece, block, wrong)
                if self._blocks:
                    self._emit(base.BlockArrived(self.info_hash, piece, block, trusted))
            case fake_wire.Taken(piece):
                self._emit(base.PiecesTaken(self.info_hash, (piece,)))
            case fake_wire.Piece(piece):
                self.arrivals.append((now, piece))
                self._emit(base.PiecesReady(self.info_hash, (piece,)))
            case fake_wire.Failed(piece):
                self._emit(base.PieceFailed(self.info_hash, piece))

    def _write(self, piece: int, block: int, wrong: bool) -> None:
        span = self._swarm.content.layout.span_of(piece)
        start = span.start + block * BLOCK
        data = self._swarm.content.read(span._replace(start=start, end=min(start + BLOCK, span.end)))
        self._disk.write(start, bytes(byte ^ 0xFF for byte in data) if wrong else data)

    def _learn(self) -> None:
        """The metadata is there: see what lies on the disk."""
        self.layout = self._swarm.content.layout
        found = self._found(self.layout)
        self._wire.hold(found)
        self._emit(base.MetadataReady(self.info_hash, self.layout))
        if found:
            self._emit(base.PiecesReady(self.info_hash, tuple(found)))
        for change in self._before:
            self._wire.apply(change)

    def _found(self, layout: Layout) -> list[int]:
        pieces = range(layout.num_pieces)
        if self.request.seed:
            return list(pieces)
        if self.request.resume and (saved := read_resume(self.request)) is not None:
            return [piece for piece in pieces if saved[piece] and self._disk.covers(layout.span_of(piece))]
        if self._disk.empty():
            return []
        spans = [layout.span_of(piece) for piece in pieces]
        return [piece for piece in pieces if self._disk.read(spans[piece]) == self._swarm.content.read(spans[piece])]

    def _phase(self) -> str:
        if self.layout is None:
            return "metadata"
        if all(self.have):
            return "seeding"
        return "downloading" if self.wanted else "finished"

    def _connect_all(self) -> None:
        if not self._paused:
            for peer in self._swarm.peers:
                if peer.listed or peer.address in self._known:
                    self._wire.connect(peer)

    def _disconnect_all(self) -> None:
        for address in list(self._wire.links):
            self._wire.disconnect(address)

    def _reply(self, urls: Sequence[str]) -> None:
        for url in urls:
            plain, known = url.partition("?")[0], url in self._swarm.trackers
            peers = len(self._swarm.peers) if known else 0
            self._emit(base.TrackerReplied(self.info_hash, plain, peers, "" if known else "no such tracker"))

    def _emit(self, event: Event) -> None:
        if not self._ended:
            self._engine.emit(event)


def read_magnet(magnet: str) -> Magnet:
    """Read a magnet link; ``InputError`` when it is none."""
    source = parse(magnet)
    if not isinstance(source, Magnet):
        raise InputError("That is not a magnet link.", kind="bad_magnet")
    return source


def _magnet_peers(request: AddRequest) -> tuple[tuple[str, int], ...]:
    return read_magnet(request.magnet).peers if request.magnet else ()


def read_resume(request: AddRequest) -> bytes | None:
    """The have-map of saved state, if it is of this torrent."""
    try:
        state = cast("dict[bytes, Item]", decode(request.resume))
        info, have = cast("bytes", state[b"info"]), cast("bytes", state[b"have"])
        torrent = check_bencode(b"d4:info" + info + b"e")
    except (ValueError, KeyError, TypeError, InputError):
        return None
    return have if torrent.info_hash == request.info_hash else None


def _peer(link: Link, now: float, wanted: bytearray, have: bytearray) -> Peer:
    interesting = any(has and want and not had for has, want, had in zip(link.mask, wanted, have, strict=False))
    return Peer(
        address=link.name,
        client="fake",
        down_rate=link.meter.rate(now),
        up_rate=0,
        choked=not link.unchoked,
        interesting=interesting,
        seed=all(link.mask),
        progress=sum(link.mask) / len(link.mask),
        pieces=link.mask,
        source="tracker" if link.peer.listed else "peer",
    )
