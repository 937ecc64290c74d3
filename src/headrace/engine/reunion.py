"""Whom a torrent calls that has lost everybody, and when.

Rules: libtorrent lets ``min_reconnect_time`` pass before it calls a peer again, as much again for each time that it did
not answer, and after three times never, unless a tracker names it anew. That is meant for swarms in which there are
others. Who has nobody left calls those back who gave data before, and nobody else. They are to be forgotten by
libtorrent first, as if they were new. No clock is read here: ``now`` in seconds is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headrace.engine.bans import TOO_MANY_CORRUPT_PIECES, Address

MOST = 50
"""Peers that are remembered, the last to give something."""
SHARE, SOONEST, LATEST = 0.25, 1.9, 15.0
"""Between two calls lies a quarter of the time that nobody was there, which is what an absence is made longer by at
most, but at least ``SOONEST`` seconds, since a call ends those that are not answered yet, and at most ``LATEST``."""


class Reunion:
    """Of one torrent."""

    def __init__(self) -> None:
        self.givers: dict[Address, None] = {}
        self._alone_since: float | None = None
        self._called = 0.0

    @property
    def alone(self) -> bool:
        """Whether something is wanted and nobody is there."""
        return self._alone_since is not None

    def hear(self, kind: str, alert: Any) -> None:
        """Take an alert in."""
        if kind == "block_finished_alert":
            self.gave(tuple(alert.endpoint))
        elif kind == "peer_disconnected_alert" and alert.error.value() == TOO_MANY_CORRUPT_PIECES:
            self.givers.pop(tuple(alert.endpoint), None)  # who is banned is not to be forgotten

    def gave(self, peer: Address) -> None:
        """A block came from this peer."""
        self.givers.pop(peer, None)
        self.givers[peer] = None
        if len(self.givers) > MOST:
            del self.givers[next(iter(self.givers))]

    def look(self, now: float, *, alone: bool) -> tuple[Address, ...]:
        """Once a second: who is to be called now."""
        if not alone:
            self._alone_since = None
            return ()
        if self._alone_since is None:
            self._alone_since = self._called = now
            return tuple(self.givers)
        if now - self._called < min(max(SHARE * (now - self._alone_since), SOONEST), LATEST):
            return ()
        self._called = now
        return tuple(self.givers)


def not_in_use(peers: Iterable[Address], others: Iterable[Reunion]) -> tuple[Address, ...]:
    """Those whose host no other torrent has to do with: what makes libtorrent forget them ends its connections too."""
    hosts = {host for other in others if not other.alone for host, _ in other.givers}
    return tuple(peer for peer in peers if peer[0] not in hosts)
