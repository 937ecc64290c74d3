"""What is measured of one torrent, and what follows for its readers.

Rules: it asks nobody and tells nobody; figures are those of the last answers of the engine. Sizes in bytes, rates in
bytes per second, times in seconds.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

from headrace.core import health, planner
from headrace.core.heads import Head
from headrace.core.spans import Span
from headrace.engine.base import CONNECTING, Peer, Stats

if TYPE_CHECKING:
    from headrace.streaming.place import Place
    from headrace.streaming.torrent import Torrent

SHORTEST = 0.5
"""Seconds between two counts that a rate is made of: shorter ones are mostly noise."""
AGAIN = 0.5
"""Seconds: a wait that follows so soon on another counts as the same."""
CELLS = 64
"""Parts of the file in the coarse map."""


class Gauge:
    """One torrent's figures. ``position`` and ``duration`` are the player's, None while unknown."""

    def __init__(self, torrent: Torrent) -> None:
        self._torrent = torrent
        self.stats: Stats | None = None
        self.facts: tuple[Peer, ...] | None = None
        self.delivery = 0.0
        self.started = asyncio.get_running_loop().time()
        self.ready = False
        self.position: float | None = None
        self.duration: float | None = None
        self.player_paused = False
        self.disk_error = ""
        self._counted, self._counted_at = 0, 0.0
        self._silent = False

    def coarse_map(self) -> str:
        """How much is there of each of ``CELLS`` parts of the chosen file, 0 to 8 as a digit each."""
        layout, main, have = self._torrent.layout, self._torrent.chosen, self._torrent.handle.have
        if layout is None or main is None or not have:
            return ""
        pieces = layout.pieces_of(main.entry.span)
        cells = min(CELLS, len(pieces))
        edges = [pieces.start + len(pieces) * cell // cells for cell in range(cells + 1)]
        shares = (have.count(1, a, b) * 8 // (b - a) for a, b in pairwise(edges))
        return "".join(map(str, shares))

    def bitrate(self) -> float:
        """Bytes per second of the chosen file, 0 while unknown."""
        main = self._torrent.chosen
        return main.entry.size / self.duration_of_main if main and self.duration_of_main else 0.0

    @property
    def duration_of_main(self) -> float | None:
        """Seconds, from the container or the player."""
        warm = self._torrent.warm_of(self._torrent.chosen)
        return (warm.info.duration if warm and warm.info else None) or self.duration

    def _newest(self) -> Place | None:
        conductor = self._torrent.conductor
        return max(conductor.viewers, key=lambda place: place.since, default=None) if conductor else None

    def wait_began(self) -> float | None:
        """When the longest wait of any reader began, or None."""
        waits = [place.hungry_since if self._slow() else place.waiting_since for place in self._hungry()]
        return min((since for since in waits if since is not None), default=None)

    def _slow(self) -> bool:
        """Whether the swarm is slower than the film: then many short waits are one. Else they are a player's that
        fills its cache as fast as it can."""
        return 0 < self.delivery < self.bitrate()

    def _hungry(self) -> list[Place]:
        """Readers that wait; in a slow swarm also who did a moment ago, and will again."""
        conductor, now = self._torrent.conductor, asyncio.get_running_loop().time()
        places = conductor.viewers if conductor else ()
        since = now - AGAIN if self._slow() else now
        return [place for place in places if place.waiting_since is not None or place.waited_until > since]

    def buffered(self) -> int:
        """Bytes that lie ready ahead of what is shown, else of the newest reader, without a gap."""
        conductor, main = self._torrent.conductor, self._torrent.chosen
        world = conductor.world() if conductor else None
        if world is None or not world.have or main is None:
            return 0
        place = self._newest()
        head = place.head() if place else Head(0, main.entry.offset, main.entry.span.end, 0.0)
        if self.position is not None and self.bitrate() > 0:  # players read far ahead of what they show
            shown = main.entry.offset + min(main.entry.size, int(self.position * self.bitrate()))
            head = Head(0, shown, main.entry.span.end, 0.0)
        return planner.buffered(world, head)

    def needed(self) -> int:
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

    def sample(self) -> health.Sample:
        """All that health is judged by."""
        stats, place = self.stats, self._newest()
        now = asyncio.get_running_loop().time()
        began = self.wait_began() if self._torrent.layout is not None else self.started
        waiting = self.waiting_piece()
        return health.Sample(
            phase=self._phase(),
            peers=stats.peers if stats else 0,
            seeds=stats.seeds if stats else 0,
            down_rate=self._arriving(),
            bitrate=self.bitrate(),
            paused=bool(stats and stats.paused),
            player_paused=self.player_paused,
            playing=self.ready and place is not None,
            waiting_piece=waiting,
            waited=now - began if began is not None else 0.0,
            buffered_bytes=self.buffered(),
            needed_bytes=0 if self.ready else self.needed(),
            facts=self._peer_facts(waiting),
            checked=stats.checked if stats else 0.0,
            disk_error=self.disk_error,
            failed=self._torrent.error,
        )

    def _phase(self) -> str:
        """The engine has finished when nothing more is wanted; for users, when the file is whole."""
        phase = self.stats.phase if self.stats else "metadata"
        return "downloading" if phase == "finished" and self._torrent.share_of_goals() < 1.0 else phase

    def _arriving(self) -> float:
        """The delivery, if anything comes at all: means take their time to notice that everybody has gone."""
        stats = self.stats
        gone = stats is None or not stats.down_rate or (stats.peers == 0 and self._silent)
        return 0.0 if gone else self.delivery

    def waiting_piece(self) -> int | None:
        """What the newest waiting reader waits for."""
        layout = self._torrent.layout
        newest = max(self._hungry(), key=lambda place: place.since, default=None)
        return layout.piece_at(newest.position) if newest and layout else None

    def _peer_facts(self, piece: int | None) -> tuple[health.PeerFacts, ...] | None:
        if self.facts is None:
            return None
        return tuple(
            health.PeerFacts(
                peer.seed or piece is None or bool(peer.pieces[piece : piece + 1].strip(b"\0")), peer.choked
            )
            for peer in self.facts
            if peer.source != CONNECTING
        )

    def measure(self, event: Stats) -> None:
        """The delivery of the last second; libtorrent's own rate needs ten seconds to get there."""
        now = asyncio.get_running_loop().time()
        came, seconds = event.downloaded - self._counted, now - self._counted_at
        if seconds < SHORTEST:
            return
        self._silent = came <= 0
        if self._counted_at and (came > 0 or self.delivery > 0):
            rate = came / seconds
            self.delivery = rate if rate > self.delivery else health.smooth(self.delivery, rate, seconds)
        self._counted, self._counted_at = event.downloaded, now
