"""One torrent of libtorrent, as the rest of Headrace sees it.

Rules: every call is asynchronous, but for the peers, which are asked for in a thread. Nothing here imports libtorrent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from headrace.core.pieces import Layout
from headrace.engine import base
from headrace.engine.bans import Bans
from headrace.engine.base import AddRequest, Change, Event
from headrace.engine.calm import Calm
from headrace.engine.places import Places
from headrace.engine.readiness import Readiness
from headrace.engine.reunion import Reunion
from headrace.engine.steering import Steering, guarded, running_loop
from headrace.engine.takeover import Address, Takeover
from headrace.engine.translate import layout_of, peer_of

DOUBT_SECONDS = 1.0
"""Seconds after the last write until the files are looked at, if some write failed."""


class LibtorrentTorrent:
    """One torrent (``base.EngineTorrent``)."""

    def __init__(
        self,
        handle: Any,
        flags: Any,
        request: AddRequest,
        unfinished: dict[int, list[bool]],
        remove: Callable[[LibtorrentTorrent, bool], None],
        tell: Callable[[Sequence[Event]], None],
        turn_away: Callable[[LibtorrentTorrent, Sequence[Address]], None],
        turn_calm: Callable[[LibtorrentTorrent, bool], None],
    ) -> None:
        self.handle = handle
        self.request = request
        self._flags, self._remove, self._tell = flags, remove, tell
        self.info_hash = request.info_hash
        self.layout: Layout | None = None
        self.readiness = Readiness()
        self.bans = Bans()
        self.reunion = Reunion()
        self.places = Places()
        self._unfinished = unfinished
        self._steering = Steering(handle, flags.sequential_download, self.readiness)
        self._calm = Calm(lambda calm: turn_calm(self, calm))
        self._takeover = Takeover(lambda peers: turn_away(self, peers))
        self._to_settle = self._paused = False
        self.part_file: Path | None = None
        self.blocks_reported = request.blocks

    @property
    def have(self) -> bytearray:
        """One byte per piece, 1 where it can be read."""
        return self.readiness.have

    def in_flight(self) -> tuple[int, ...]:
        """Pieces of which blocks were asked for."""
        # a request that libtorrent told of late may be for what was dropped meanwhile
        return () if self._paused else tuple(sorted(self._steering.wanted.intersection(self.readiness.in_flight())))

    def path_of(self, index: int) -> Path:
        """Where the file lies."""
        if self.layout is None:
            raise RuntimeError("the metadata is not there yet")
        return self.request.save_path / self.layout.file(index).path

    def learn(self, info: Any) -> Layout:
        """The metadata is there."""
        self.layout = layout_of(info)
        hashes = info.info_hashes()
        best = str(hashes.v2 if hashes.has_v2() else hashes.v1)
        self.part_file = self.request.save_path / f".{best[:40]}.parts"  # so that is how libtorrent names it
        self.readiness.start(self.layout, self._unfinished)
        self._steering.start(self.layout, silent=not self.request.seed and not self.request.metadata_only)
        return self.layout

    def choose_files(self, indexes: frozenset[int]) -> None:
        """Files that are not chosen get no file of their own."""
        self._steering.choose_files(indexes, even_one=self.request.files_later)

    def files_chosen(self) -> None:
        """libtorrent did what ``choose_files`` asked for."""
        self._steering.files_chosen()

    def apply(self, change: Change) -> None:
        """Change which pieces are wanted."""
        if change.want:
            self.places.wished()
        self._steering.apply(change)

    def flush(self) -> None:
        """The last blocks of a finished torrent are written without a word: ask for a word about all of them."""
        for _ in range(self.readiness.flush_begins()):
            guarded(self.handle.flush_cache)

    def add_peers(self, peers: Sequence[tuple[str, int]]) -> None:
        """Connect to these addresses."""
        for peer in peers:
            guarded(lambda peer=peer: self.handle.connect_peer(peer))  # type: ignore[misc]

    def add_trackers(self, urls: Sequence[str]) -> None:
        """Announce there too."""
        for url in urls:
            guarded(lambda url=url: self.handle.add_tracker({"url": url}))  # type: ignore[misc]

    def set_paused(self, paused: bool) -> None:
        """Pause, or go on, also after a disk error."""
        if self._paused and not paused:
            self.readiness.withdrawn(self.readiness.in_flight())  # who was asked before has been let go
        self._paused = paused
        if paused:
            guarded(self.handle.pause)
            return
        guarded(self.handle.clear_error)
        guarded(lambda: self.handle.unset_flags(self._flags.upload_mode))
        guarded(self.handle.resume)
        self.settle_doubts()
        self.request_stats()  # they tell that nobody is connected: see ``lost``

    def doubt(self) -> None:
        """What was right by its hash may not be on the disk: see to it in a moment, when writing has come to rest."""
        running_loop().call_later(DOUBT_SECONDS, self.settle_doubts)

    def settle_doubts(self) -> None:
        """libtorrent forgets blocks whose write failed after their piece's hash was right: have the files looked at."""
        if self.readiness.in_doubt:
            self.readiness.checks_anew()
            guarded(self.handle.force_recheck)

    def set_limits(self, down: int, up: int) -> None:
        """Of this torrent; libtorrent takes -1 for none."""
        guarded(lambda: self.handle.set_download_limit(down or -1))
        guarded(lambda: self.handle.set_upload_limit(up or -1))

    def take_over(self, piece: int) -> None:
        """Look at who holds the blocks of a piece that a viewer waits for."""
        self._takeover.look(self.handle, piece)

    def find_peers(self) -> None:
        """libtorrent looks when the torrent is added, perhaps before it knows a node, and then every 15 minutes."""
        guarded(self.handle.force_dht_announce)

    def hear(self, kind: str, alert: Any) -> list[Address]:
        """Keep account of who came and who sent what; returns peers to be met again."""
        self.places.hear(kind, alert)
        self.reunion.hear(kind, alert)
        return self.bans.hear(kind, alert)

    def lost(self, now: float, status: Any) -> tuple[Address, ...]:
        """With each state that libtorrent tells: who is to be called back, if everybody has gone."""
        lacks = str(status.state) in ("downloading", "downloading_metadata")
        return self.reunion.look(now, alone=lacks and not self._paused and status.num_peers == 0)

    def set_calm(self, calm: bool) -> None:
        """Few requests in flight, if that fills the pipe, or as many as are useful."""
        self._calm.want(self.handle, calm)

    def request_stats(self) -> None:
        """A ``Stats`` event follows."""
        guarded(lambda: self.handle.post_status(0))

    def _met_peers(self, peers: tuple[base.Peer, ...]) -> None:
        if self._to_settle and self.places.may_be_left(peers):
            guarded(self._steering.trim)
        self._to_settle = False
        self._tell([base.Peers(self.info_hash, peers)])

    def settle(self) -> None:
        """The start is over: request queues are trimmed, if that costs us no places at peers."""
        self._to_settle = True
        self.request_peers()

    def request_pieces(self) -> None:
        """Which pieces lie on the disk: an answer follows."""
        guarded(lambda: self.handle.post_status(self.handle.query_pieces))

    def request_peers(self) -> None:
        """A ``Peers`` event follows."""
        # the alert of post_peer_info cannot be read from Python (2.1.1): ask in a thread, where waiting hurts nobody
        loop = running_loop()
        handle = self.handle

        def ask() -> None:
            with contextlib.suppress(RuntimeError):
                peers = tuple(peer_of(info) for info in handle.get_peer_info())
                loop.call_soon_threadsafe(self._met_peers, peers)

        loop.run_in_executor(None, ask)

    def report_blocks(self, wanted: bool) -> None:
        """Whether ``BlockArrived`` is told."""
        self.blocks_reported = wanted or self.request.blocks

    def save_resume(self) -> None:
        """A ``ResumeSaved`` event follows, once there is metadata."""
        if self.layout is not None:
            guarded(lambda: self.handle.save_resume_data(self.handle.save_info_dict))

    def let_go(self, nothing: Any) -> None:
        """The session ends, which waits for the last handle: put ``nothing`` in its place."""
        self.handle = self._steering.handle = nothing

    def remove(self, *, delete_data: bool) -> None:
        """``TorrentRemoved`` follows."""
        self._remove(self, delete_data)
