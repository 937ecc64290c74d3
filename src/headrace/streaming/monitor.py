"""Watching one torrent: counters in, what users are told out.

Rules: once a second while it runs it asks the engine for counters, and for peers only while somebody waits; what is
said follows from one sample by ``core.health``; it steers nothing but the conductor's rates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.core import health, planner
from headrace.core.events import Note, Progress, Ready, Resumed, Waiting
from headrace.core.heads import Head
from headrace.core.spans import Span
from headrace.engine.base import Peer, Peers, Stats

if TYPE_CHECKING:
    from headrace.streaming.conductor import Place
    from headrace.streaming.torrent import Torrent

INTERVAL = 1.0
"""Seconds between samples: the documented pace of ``progress``."""
NOTICE_AFTER = 1.0
"""A wait shorter than this is not worth telling."""
REPEAT_AFTER = 5.0
"""A wait that lasts is told again this often, with its new length."""


@dataclass(frozen=True, slots=True)
class Status:
    """A torrent's state at one moment. Sizes in bytes, rates in bytes per second, times in seconds."""

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
    position: float | None
    duration: float | None
    time_to_playable: float | None
    waiting: Waiting | None
    error: str


class Monitor:
    """Samples one torrent and tells of it through ``say``."""

    def __init__(self, torrent: Torrent, say: Callable[[Note], None]) -> None:
        self._torrent, self._say = torrent, say
        self._stats: Stats | None = None
        self._facts: tuple[Peer, ...] | None = None
        self._health: health.Health | None = None
        self._delivery = 0.0
        self._counted, self._counted_at = 0, 0.0
        self._started = asyncio.get_running_loop().time()
        self._told: Waiting | None = None
        self._told_at = 0.0
        self._ready = False
        self._timer: asyncio.TimerHandle | None = None
        self.position: float | None = None
        self.duration: float | None = None
        self.player_paused = False
        self.disk_error = ""

    def start(self) -> None:
        """Begin to sample."""
        self._tick()

    def stop(self) -> None:
        """Sample no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(INTERVAL, self._tick)
        if self._wait_began() is not None or self._torrent.layout is None:
            self._torrent.handle.request_peers()
        else:
            self._facts = None
        self._torrent.handle.request_stats()

    # what the engine answers
    def peers(self, event: Peers) -> None:
        """The connected peers."""
        self._facts = event.peers

    @property
    def connected(self) -> tuple[Peer, ...]:
        """The peers as last told; asked for only while somebody waits."""
        return self._facts or ()

    def stats(self, event: Stats) -> None:
        """The counters of this second."""
        self._stats = event
        self._measure(event)
        if self._delivery > 0 and self._torrent.conductor is not None:
            self._torrent.conductor.set_rates(self._delivery, self._bitrate())
        self._assess()
        self._tell_progress()
        self._tell_wait()

    def _measure(self, event: Stats) -> None:
        """The delivery of the last second; libtorrent's own rate needs ten seconds to get there."""
        now = asyncio.get_running_loop().time()
        came, seconds = event.downloaded - self._counted, now - self._counted_at
        if seconds < 0.5 * INTERVAL:
            return
        if self._counted_at and (came > 0 or self._delivery > 0):
            rate = came / seconds
            self._delivery = rate if rate > self._delivery else health.smooth(self._delivery, rate, seconds)
        self._counted, self._counted_at = event.downloaded, now

    def pieces_came(self) -> None:
        """Pieces were checked: perhaps it can play now, perhaps a wait is over."""
        self._tell_ready()
        if self._told is not None and self._wait_began() is None:
            self._tell_wait()

    # samples
    def _bitrate(self) -> float:
        main = self._torrent.chosen
        return main.entry.size / self.duration_of_main if main and self.duration_of_main else 0.0

    @property
    def duration_of_main(self) -> float | None:
        """Seconds, from the container or the player."""
        warm = self._torrent.warm_of(self._torrent.chosen)
        return (warm.info.duration if warm and warm.info else None) or self.duration

    def _newest(self) -> Place | None:
        conductor = self._torrent.conductor
        return max(conductor.places.values(), key=lambda place: place.since, default=None) if conductor else None

    def _wait_began(self) -> float | None:
        conductor = self._torrent.conductor
        waits = [p.waiting_since for p in conductor.places.values() if p.waiting_since is not None] if conductor else []
        return min(waits, default=None)

    def _buffered(self) -> int:
        conductor, main = self._torrent.conductor, self._torrent.chosen
        world = conductor.world() if conductor else None
        if world is None or not world.have or main is None:
            return 0
        place = self._newest()
        head = place.head() if place else Head(0, main.entry.offset, main.entry.span.end, 0.0)
        return planner.buffered(world, head)

    def _needed(self) -> int:
        """Bytes that are missing before a player would start: the pins, and the first ones at the head."""
        torrent, main = self._torrent, self._torrent.chosen
        layout = torrent.layout
        if layout is None or main is None or not torrent.handle.have:
            return 1
        warm = torrent.warm_of(main)
        spans = list(warm.pins) if warm else []
        spans.append(Span(main.entry.offset, main.entry.offset + min(main.entry.size, planner.CRITICAL_BYTES)))
        missing = {piece for span in spans for piece in layout.pieces_of(span) if not torrent.handle.have[piece]}
        return len(missing) * layout.piece_length or (0 if warm is None or warm.done.is_set() else 1)

    def _sample(self) -> health.Sample:
        stats, place = self._stats, self._newest()
        now = asyncio.get_running_loop().time()
        began = self._wait_began() if self._torrent.layout is not None else self._started
        waiting = self._waiting_piece()
        return health.Sample(
            phase=stats.phase if stats else "metadata",
            peers=stats.peers if stats else 0,
            seeds=stats.seeds if stats else 0,
            down_rate=self._delivery if stats and stats.down_rate else 0.0,
            bitrate=self._bitrate(),
            paused=bool(stats and stats.paused),
            player_paused=self.player_paused,
            playing=self._ready and place is not None,
            waiting_piece=waiting,
            waited=now - began if began is not None else 0.0,
            buffered_bytes=self._buffered(),
            needed_bytes=0 if self._ready else self._needed(),
            facts=self._peer_facts(waiting),
            checked=0.0,
            disk_error=self.disk_error,
            failed=self._torrent.error,
        )

    def _waiting_piece(self) -> int | None:
        layout, conductor = self._torrent.layout, self._torrent.conductor
        if layout is None or conductor is None:
            return None
        waiting = [place for place in conductor.places.values() if place.waiting_since is not None]
        newest = max(waiting, key=lambda place: place.since, default=None)
        return layout.piece_at(newest.position) if newest else None

    def _peer_facts(self, piece: int | None) -> tuple[health.PeerFacts, ...] | None:
        if self._facts is None:
            return None
        return tuple(
            health.PeerFacts(
                peer.seed or piece is None or bool(peer.pieces[piece : piece + 1].strip(b"\0")), peer.choked
            )
            for peer in self._facts
            if peer.source != "connecting"
        )

    def _assess(self) -> None:
        self._health = health.assess(self._sample())

    # telling
    def _tell_ready(self) -> None:
        if not self._ready and self._torrent.layout is not None and self._needed() == 0:
            self._ready = True
            self._torrent.handle.settle()
            self._say(Ready(self._buffered()))

    def _tell_wait(self) -> None:
        now = asyncio.get_running_loop().time()
        began = self._wait_began() if self._torrent.layout is not None else self._started
        found = self._health
        waiting = found is not None and found.reason is not None and began is not None and now - began >= NOTICE_AFTER
        if not waiting:
            if self._told is not None:
                self._say(Resumed(round(self._told.seconds + now - self._told_at, 3)))
                self._told = None
            return
        assert found is not None
        assert found.reason is not None
        assert began is not None
        if self._told and self._told.reason == found.reason and now - self._told_at < REPEAT_AFTER:
            return
        self._told = Waiting(found.reason, found.detail, self._waiting_piece(), round(now - began, 3))
        self._told_at = now
        self._say(self._told)

    def _tell_progress(self) -> None:
        status = self.status()
        self._say(
            Progress(
                status.state,
                status.position,
                status.duration,
                status.buffered_seconds,
                status.downloaded,
                status.wanted,
                status.down_rate,
                status.up_rate,
                status.peers,
                status.seeds,
                status.readers,
                status.time_to_playable,
            )
        )

    def status(self) -> Status:
        """The state now."""
        self._assess()
        found, stats, torrent = self._health, self._stats, self._torrent
        assert found is not None
        wanted = sum(file.size for file in torrent.goals)
        return Status(
            state=found.state,
            phase=stats.phase if stats else "metadata",
            progress=torrent.share_of_goals(),
            downloaded=stats.downloaded if stats else 0,
            uploaded=stats.uploaded if stats else 0,
            wanted=wanted,
            down_rate=stats.down_rate if stats else 0,
            up_rate=stats.up_rate if stats else 0,
            peers=stats.peers if stats else 0,
            seeds=stats.seeds if stats else 0,
            readers=len(torrent.conductor.places) if torrent.conductor else 0,
            buffered_bytes=self._buffered(),
            buffered_seconds=round(found.buffered_seconds, 1) if found.buffered_seconds is not None else None,
            bitrate=self._bitrate(),
            position=self.position,
            duration=self.duration_of_main,
            time_to_playable=round(found.time_to_playable, 1) if found.time_to_playable is not None else None,
            waiting=self._told,
            error=torrent.error,
        )
