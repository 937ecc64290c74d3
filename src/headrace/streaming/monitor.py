"""Watching one torrent: counters in, what users are told out.

Rules: once a second while it runs it asks the engine for counters, and for peers only while somebody waits; what is
said follows from one sample by ``core.health``; it steers nothing but the conductor's rates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from headrace.core import health
from headrace.core.events import Note, Progress, Ready, Resumed, Waiting
from headrace.engine.base import Peer, Peers, Stats
from headrace.streaming.gauge import Gauge

if TYPE_CHECKING:
    from headrace.streaming.torrent import Torrent

INTERVAL = 1.0
"""Seconds between samples: the documented pace of ``progress``."""
NOTICE_AFTER = 1.0
"""A wait shorter than this is not worth telling."""
LOOK_AGAIN = (1, 3, 8, 15, 30)
"""Samples without any peer after which the DHT is asked again; then as many apart as the last of them."""
REPEAT_AFTER = 5.0
"""A wait that lasts is told again this often, with its new length."""


class Status(Struct, frozen=True):
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
        self.gauge = Gauge(torrent)
        self._health: health.Health | None = None
        self._told: Waiting | None = None
        self._told_at = 0.0
        self._lonely = 0
        self._timer: asyncio.TimerHandle | None = None

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
        if self.gauge.wait_began() is not None or self._torrent.layout is None:
            self._torrent.handle.request_peers()
        else:
            self.gauge.facts = None
        self._torrent.handle.request_stats()
        self._look_for_peers()

    def _look_for_peers(self) -> None:
        """A first look-up in the DHT may come before any node is known there, or before anybody has announced."""
        stats = self.gauge.stats
        lonely = stats is None or (stats.peers == 0 and not stats.paused and stats.phase not in ("finished", "seeding"))
        self._lonely = self._lonely + 1 if lonely else 0
        if self._lonely in LOOK_AGAIN or (self._lonely and self._lonely % LOOK_AGAIN[-1] == 0):
            self._torrent.handle.find_peers()

    # what the engine answers
    def peers(self, event: Peers) -> None:
        """The connected peers."""
        self.gauge.facts = event.peers

    @property
    def connected(self) -> tuple[Peer, ...]:
        """The peers as last told; asked for only while somebody waits."""
        return self.gauge.facts or ()

    def stats(self, event: Stats) -> None:
        """The counters of this second."""
        self.gauge.stats = event
        self.gauge.measure(event)
        if self.gauge.delivery > 0 and self._torrent.conductor is not None:
            self._torrent.conductor.set_rates(self.gauge.delivery, self.gauge.bitrate())
        self._assess()
        self._tell_progress()
        self._tell_wait()

    def pieces_came(self) -> None:
        """Pieces were checked: perhaps it can play now, perhaps a wait is over."""
        self._tell_ready()
        if self._told is not None and self.gauge.wait_began() is None:
            self._tell_wait()

    def _assess(self) -> None:
        self._health = health.assess(self.gauge.sample())

    # telling
    def _tell_ready(self) -> None:
        if not self.gauge.ready and self._torrent.layout is not None and self.gauge.needed() == 0:
            self.gauge.ready = True
            self._torrent.handle.settle()
            self._say(Ready(self.gauge.buffered()))

    def _tell_wait(self) -> None:
        now = asyncio.get_running_loop().time()
        began = self.gauge.wait_began() if self._torrent.layout is not None else self.gauge.started
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
        self._told = Waiting(found.reason, found.detail, self.gauge.waiting_piece(), round(now - began, 3))
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
                round(status.progress, 4),
                status.time_to_playable,
                self.gauge.coarse_map(),
            )
        )

    def status(self) -> Status:
        """The state now."""
        self._assess()
        found, stats, torrent = self._health, self.gauge.stats, self._torrent
        assert found is not None
        wanted = sum(file.size for file in torrent.wanted)
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
            readers=len(torrent.conductor.viewers) if torrent.conductor else 0,
            buffered_bytes=self.gauge.buffered(),
            buffered_seconds=round(found.buffered_seconds, 1) if found.buffered_seconds is not None else None,
            bitrate=self.gauge.bitrate(),
            position=self.gauge.position,
            duration=self.gauge.duration_of_main,
            time_to_playable=round(found.time_to_playable, 1) if found.time_to_playable is not None else None,
            waiting=self._told,
            error=torrent.error,
        )
