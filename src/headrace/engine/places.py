"""Whether "not interested" may be said for a moment: what our places at the peers are worth.

Rules: a peer with free upload slots takes us as soon as we ask, and would again; one that took us later gave us a slot
that others wait for too, and would give it away. Alerts are read as in ``translate``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core.source import format_peer
from headrace.engine.base import CONNECTING, Peer

AT_ONCE = 1.5
"""Seconds from the connection, or from our first wish, to the first request: some round trips, and far less than the
10 s and more after which peers choose anew whom they serve."""
FEW = 0.1
"""Share of the peers that serve us whose places may be lost."""


class Places:
    """At the peers of one torrent, until the start is over. ``clock`` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._met: dict[str, float] = {}
        self._wished: float | None = None
        self._free: set[str] = set()
        self._over = False

    def wished(self) -> None:
        """We want something: only now is there a reason to let us download."""
        if self._wished is None:
            self._wished = self._clock()

    def hear(self, kind: str, alert: Any) -> None:
        """Take an alert in."""
        if self._over:
            return
        if kind == "peer_connect_alert":
            self._met[format_peer(alert.endpoint)] = self._clock()
        elif kind == "peer_disconnected_alert":
            self._met.pop(format_peer(alert.endpoint), None)
            self._free.discard(format_peer(alert.endpoint))
        elif kind == "block_downloading_alert":
            self._asked(format_peer(alert.endpoint))

    def _asked(self, peer: str) -> None:
        met = self._met.pop(peer, None)
        if met is not None and self._clock() - max(met, self._wished or met) <= AT_ONCE:
            self._free.add(peer)

    def may_be_left(self, peers: Sequence[Peer]) -> bool:
        """Whether hardly any place would be lost; the start is over then, and nothing more is noted."""
        self._over = True
        asked = [peer for peer in peers if peer.interesting and peer.source != CONNECTING]
        serving = [peer for peer in asked if not peer.choked]
        if len(serving) == len(asked):
            return bool(asked)
        rare = [peer for peer in serving if peer.address not in self._free]
        return bool(serving) and len(rare) <= FEW * len(serving)
