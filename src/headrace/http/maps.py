"""The stream map of one torrent, for one client of the event stream: which pieces came, which are asked for, who reads.

Rules: what a client is sent next is worked out when it is sent, against what it was sent before. So a slow client gets
fewer and larger steps and never a wrong map, and nothing piles up. At most ``RATE`` steps a second; none while nothing
changes. The first step is the whole map, as is every one after a change that steps cannot tell (metadata, lost pieces).
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from headrace.core.events import Note, Progress
from headrace.engine.base import Event, MetadataReady, PieceFailed, PiecesReady, PiecesTaken
from headrace.http.api import bitfield
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent

RATE = 4
"""Steps a second at most: enough for a picture that moves; a healthy swarm brings hundreds of pieces a second."""

_MOVES = (MetadataReady, PiecesReady, PiecesTaken, PieceFailed)


class MapFeed:
    """Follows one torrent by any of its info-hashes, also before it is added. ``wake`` is called when there is more to
    send; ``step`` then says what."""

    def __init__(self, torrents: Torrents, info_hash: str, wake: Callable[[], None]) -> None:
        self._torrents, self._info_hash, self._wake = torrents, info_hash, wake
        self._sent = b""
        self._told: dict[str, Any] = {}
        self._whole = True
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._unsubscribe = (torrents.observe(self._moved), torrents.subscribe(self._noted))
        self._soon()

    def close(self) -> None:
        """Follow no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._timer is not None:
            self._timer.cancel()

    def _moved(self, torrent: Torrent, event: Event) -> None:
        if isinstance(event, _MOVES) and self._is_ours(torrent):
            self._soon()

    def _noted(self, torrent: Torrent, note: Note) -> None:
        # heads move without any event of the engine's where everything is there already
        if isinstance(note, Progress) and self._is_ours(torrent):
            self._soon()

    def _is_ours(self, torrent: Torrent) -> bool:
        return torrent is self._torrents.get(self._info_hash)

    def _soon(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._next), self._due)

    def _due(self) -> None:
        self._timer = None
        self._next = asyncio.get_running_loop().time() + 1 / RATE
        self._wake()

    def step(self) -> dict[str, Any] | None:
        """What changed since the last step; None when nothing did."""
        torrent = self._torrents.get(self._info_hash)
        if torrent is None or torrent.layout is None or torrent.conductor is None:
            self._whole = True
            return None
        have = bytes(torrent.handle.have)
        state = _state(torrent)
        came = None if self._whole else _came(self._sent, have)
        if came == [] and state == self._told:
            return None
        whole = came is None
        self._sent, self._told, self._whole = have, state, False
        if not whole:
            return {"whole": False, "came": came, **state}
        pieces, length = torrent.layout.num_pieces, torrent.layout.piece_length
        there = base64.b64encode(bitfield(have)).decode()
        return {"whole": True, "pieces": pieces, "piece_length": length, "have": there, **state}


def _state(torrent: Torrent) -> dict[str, Any]:
    """All of the map but the pieces that are there. Costs what is asked for, not the torrent's size."""
    conductor = torrent.conductor
    assert conductor is not None
    plan = conductor.plan
    tiers = sorted(zip(plan.wanted, plan.tiers, strict=True))
    pins = [span for file in torrent.files if (warm := torrent.warm_of(file)) for span in warm.pins]
    return {
        "wanted": [
            [start, count, tier]
            for tier in range(4)
            for start, count in runs(piece for piece, level in tiers if level == tier)
        ],
        "in_flight": [[start, count] for start, count in runs(sorted(torrent.handle.in_flight()))],
        "index": [[span.start, span.end] for span in pins],
        "heads": [
            {"id": place.id, "position": place.position, "waiting": place.waiting_since is not None}
            for place in conductor.places.values()
        ],
    }


def _came(old: bytes, new: bytes) -> list[list[int]] | None:
    """Runs of pieces that are in ``new`` only; None when steps cannot tell the change. 1 ms for 100,000 pieces."""
    if len(old) != len(new):
        return None
    before, after = int.from_bytes(old, "big"), int.from_bytes(new, "big")
    if before & ~after:
        return None
    fresh = (after ^ before).to_bytes(len(new), "big")
    return [[start, count] for start, count in runs(_ones(fresh))]


def _ones(flags: bytes) -> Iterator[int]:
    """Where the ones are."""
    at = flags.find(1)
    while at >= 0:
        yield at
        at = flags.find(1, at + 1)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, count) of those that follow on one another."""
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in group]
        yield members[0], len(members)
