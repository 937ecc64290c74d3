"""What an alert of libtorrent costs, from the engine's pump to the change that goes back to libtorrent.

Rules: all that runs in the product runs here: pump, translation, registry, torrent, conductor, planner, monitor,
steering. Only libtorrent is not there: its session hands over alerts that were made by hand, and its handle takes every
call and does nothing. So these are the costs of our own code; libtorrent's making of an alert is not in them. Time is
CPU time of this thread, in milliseconds; memory is in bytes (tracemalloc: what was allocated since, at its highest).
"""

from __future__ import annotations

import asyncio
import random
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bench.planner import PIECE, RATES, Scene
from headrace.core.pieces import BLOCK
from headrace.engine.base import AddRequest, EngineOptions
from headrace.engine.handle import LibtorrentTorrent
from headrace.engine.libtorrent import LibtorrentEngine
from headrace.engine.translate import peer_of
from headrace.streaming.conductor import Conductor
from headrace.streaming.place import Place
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent
from headrace.testing import clock

BLOCKS = -(-PIECE // BLOCK)
"""In each piece."""
PEERS = 50
"""That blocks come from, in turn."""
TICK = 1.0
"""Seconds between two samples of the counters, as in the product."""
HASH = "ab" * 20

KINDS = {
    "request": "a block is asked for",
    "taken": "the last block of a piece is asked for; a plan follows",
    "block": "a block is written",
    "unchecked": "a block is written and told of (`--eager`, and while the index is looked for)",
    "ready": "a piece is checked; a plan follows",
    "stats": "the counters of a second; a plan, the state and the coarse map follow",
    "seek": "a viewer goes elsewhere (no alert, but the same way to libtorrent)",
    "peer": "a peer that is no seed (once a second while somebody waits, in a thread)",
}


class Handle:
    """A torrent_handle that takes every call."""

    def __init__(self, info: Info) -> None:
        self._info = info
        self.changed = 0
        """Priorities that were set since it was made."""

    def torrent_file(self) -> Info:
        """The metadata."""
        return self._info

    def prioritize_pieces(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Which pieces are wanted."""
        self.changed += len(pairs)

    def get_peer_info(self) -> list[object]:
        """Nobody: what a peer costs is measured apart."""
        return []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Info:
    """A torrent_info with one file; it is its own file_storage and its own info_hash_t."""

    v1 = v2 = HASH

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces

    def info_hashes(self) -> Info:
        return self

    def has_v1(self) -> bool:
        return True

    def has_v2(self) -> bool:
        return False

    def layout(self) -> Info:
        return self

    def name(self) -> str:
        return "film.mp4"

    def piece_length(self) -> int:
        return PIECE

    def total_size(self) -> int:
        return self.pieces * PIECE

    def num_files(self) -> int:
        return 1

    def file_path(self, _: int) -> str:
        return "film.mp4"

    def file_size(self, _: int) -> int:
        return self.total_size()

    def file_offset(self, _: int) -> int:
        return 0

    def file_flags(self, _: int) -> int:
        return 0


# Alerts are taken by the names of their types, so these have libtorrent's.
@dataclass(slots=True)
class metadata_received_alert:
    handle: Handle


@dataclass(slots=True)
class block_downloading_alert:
    handle: Handle
    piece_index: int
    block_index: int
    endpoint: tuple[str, int]


@dataclass(slots=True)
class block_finished_alert:
    handle: Handle
    piece_index: int
    block_index: int
    endpoint: tuple[str, int]


@dataclass(slots=True)
class piece_finished_alert:
    handle: Handle
    piece_index: int


@dataclass(slots=True)
class Status:
    """A torrent_status."""

    handle: Handle
    total_payload_download: int = 0
    pieces: Sequence[bool] = ()
    state: str = "downloading"
    download_payload_rate: int = int(RATES.delivery)
    upload_payload_rate: int = 0
    total_payload_upload: int = 0
    num_peers: int = PEERS
    num_seeds: int = PEERS
    paused: bool = False


@dataclass(slots=True)
class state_update_alert:
    status: Sequence[Status]


@dataclass
class Session:
    """A libtorrent session that has nothing but alerts."""

    handle: Handle
    alerts: list[object] = field(default_factory=list)

    def add_torrent(self, _: object) -> Handle:
        return self.handle

    def pop_alerts(self) -> list[object]:
        alerts, self.alerts = self.alerts, []
        return alerts

    def set_alert_fd(self, _: int) -> None:
        """Nobody rings: the pump is called."""


class HandFed(LibtorrentEngine):
    """The engine on such a session."""

    def __init__(self, session: Session) -> None:
        super().__init__(EngineOptions(utp=False))
        self._session = cast("Any", session)
        self._fed = session

    def feed(self, alerts: Sequence[object]) -> float:
        """Hand them over at once; milliseconds that it took until all was done that follows from them."""
        self._fed.alerts.extend(alerts)
        begun = time.thread_time()
        while self._fed.alerts or self._alerts:
            self._pump()
        return 1000 * (time.thread_time() - begun)

    def end(self) -> None:
        """There is no session to end."""
        self._session = None
        if self._loop is not None:
            self._loop.remove_reader(self._bell)
        self._bell.close()
        self._ringer.close()


class World:
    """A torrent that plays: its readers, and what has come of it."""

    def __init__(self, pieces: int, heads: int, have: bytearray) -> None:
        self.rng = random.Random(1)
        self.pieces, self.downloaded = pieces, 0
        self.handle = Handle(Info(pieces))
        self.engine = HandFed(Session(self.handle))
        torrents = Torrents()
        self.engine.attach(torrents.dispatch)
        request = AddRequest(HASH, Path("nowhere"), magnet=f"magnet:?xt=urn:btih:{HASH}")
        self.torrent = Torrent(self.engine.add(request))
        torrents.add(self.torrent)
        self.engine.feed([metadata_received_alert(self.handle)])
        found = [there == 1 for there in have]
        self.engine.feed([state_update_alert([Status(self.handle, pieces=found)])])
        self.torrent.monitor.gauge.ready = True
        self.places = [self._enter() for _ in range(heads)]

    @property
    def conductor(self) -> Conductor:
        assert self.torrent.conductor is not None
        return self.torrent.conductor

    def _enter(self) -> Place:
        """Somebody who reads on, somewhere."""
        size = self.pieces * PIECE
        place = self.conductor.enter(int(self.rng.random() * size), size)
        self.conductor.advance(place, 0)
        return place

    def next_piece(self) -> int | None:
        """What libtorrent would fetch next: the most urgent of what it was handed."""
        return next(iter(self.conductor.plan.wanted), None)

    def stats(self) -> float:
        """The counters of a second."""
        return self.engine.feed([state_update_alert([Status(self.handle, self.downloaded)])])

    def read_on(self) -> None:
        """One of the viewers has read a piece."""
        place = self.rng.choice(self.places)
        self.conductor.advance(place, min(PIECE, place.end - 1 - place.position))

    def seek(self) -> float:
        """One of the viewers goes elsewhere."""
        place, target = self.rng.choice(self.places), int(self.rng.random() * self.pieces * PIECE)
        begun = time.thread_time()
        self.conductor.move(place, target)
        took = 1000 * (time.thread_time() - begun)
        self.conductor.advance(place, 0)
        return took

    def report_blocks(self, wanted: bool) -> None:
        """Whether unchecked blocks are told of."""
        cast("LibtorrentTorrent", self.torrent.handle).report_blocks(wanted)

    def fetch(self, piece: int) -> dict[str, float]:
        """All alerts of one piece; milliseconds of one alert of each kind."""
        feed, handle, half = self.engine.feed, self.handle, BLOCKS // 2
        peers = [(f"10.0.0.{n % PEERS}", 6881) for n in range(BLOCKS)]
        asked = [block_downloading_alert(handle, piece, n, peers[n]) for n in range(BLOCKS)]
        came = [block_finished_alert(handle, piece, n, peers[n]) for n in range(BLOCKS)]
        cost = {"request": feed(asked[:-1]) / (BLOCKS - 1), "taken": feed(asked[-1:])}
        self.report_blocks(False)
        cost["block"] = feed(came[:half]) / half
        self.report_blocks(True)
        cost["unchecked"] = feed(came[half:]) / (BLOCKS - half)
        self.report_blocks(False)
        cost["ready"] = feed([piece_finished_alert(handle, piece)])
        self.downloaded += PIECE
        return cost

    def close(self) -> None:
        """Nothing runs any more."""
        self.torrent.close()
        self.engine.end()


async def _watched(pieces: int, heads: int, have: bytearray, rounds: int) -> dict[str, list[float]]:
    """As many pieces come; after each a viewer reads on, after every tenth one seeks and a second is over."""
    costs: dict[str, list[float]] = defaultdict(list)
    world = World(pieces, heads, have)
    try:
        await asyncio.sleep(TICK)
        for number in range(rounds):
            if (piece := world.next_piece()) is None:
                break
            for kind, took in world.fetch(piece).items():
                costs[kind].append(took)
            world.read_on()
            if number % 10 == 0:
                costs["seek"].append(world.seek())
                await asyncio.sleep(TICK)
                costs["stats"].append(world.stats())
    finally:
        world.close()
    return costs


def times(scene: Scene, pieces: int, heads: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each alert by kind, while that many pieces come (fewer when no more are missing)."""
    costs = clock.run(_watched(pieces, heads, scene(random.Random(1), pieces), rounds))
    costs["peer"] = of_peers(pieces, rounds)
    return costs


def memory(scene: Scene, pieces: int, heads: int, rounds: int) -> int:
    """The most bytes at once while that many pieces come."""
    have = scene(random.Random(1), pieces)
    tracemalloc.start()
    clock.run(_watched(pieces, heads, have, rounds))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def of_peers(pieces: int, rounds: int) -> list[float]:
    """Milliseconds that the facts of one peer take: libtorrent has its pieces as a list of truths."""
    info = SimpleNamespace(
        flags=0, seed=1, connecting=2, handshake=4, interesting=8, remote_choked=16, ip=("10.0.0.1", 6881),
        client="a client", payload_down_speed=0, payload_up_speed=0, progress=0.5, source=1, tracker=1,
        pieces=[True, False] * (pieces // 2),
    )  # fmt: skip
    taken = []
    for _ in range(rounds):
        begun = time.thread_time()
        peer_of(info)
        taken.append(1000 * (time.thread_time() - begun))
    return taken


def of_piece(costs: dict[str, float]) -> float:
    """Milliseconds that all alerts of one piece take, given those of one alert of each kind."""
    return (BLOCKS - 1) * costs["request"] + costs["taken"] + BLOCKS * costs["block"] + costs["ready"]
