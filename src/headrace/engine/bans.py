"""Which of libtorrent's bans are taken back.

Rules: whoever alone sent a wrong piece is banned, and so is who had a part in ``PATIENCE`` wrong ones; nobody else.
libtorrent 2.1.1 means the same, but counts trust up to 8 in a number of four bits, where 8 is -8 (torrent_peer.hpp,
``trust_points``): after eight good pieces a peer is banned for a part in a single wrong one. Peers that share the work
are in step, so one that lies could take the whole swarm away. Alerts are read as in ``translate``.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

Address = tuple[str, int]

TOO_MANY_CORRUPT_PIECES = 93
"""libtorrent's errors::too_many_corrupt_pieces: why a peer that was banned is disconnected."""
PATIENCE = 4
"""Wrong pieces that a peer may not have a part in: libtorrent's own measure (two points each, seven to lose)."""


class Bans:
    """Of one torrent: who sent which pieces, and who was banned for it."""

    def __init__(self) -> None:
        self._senders: dict[int, set[Address]] = {}
        self._failures: Counter[Address] = Counter()
        self._banned: set[Address] = set()

    def hear(self, kind: str, alert: Any) -> list[Address]:
        """Take an alert in; returns peers to be met again."""
        if kind == "block_finished_alert":
            self.sent(alert.piece_index, tuple(alert.endpoint))
        elif kind == "piece_finished_alert":
            self.passed(alert.piece_index)
        elif kind == "peer_disconnected_alert" and alert.error.value() == TOO_MANY_CORRUPT_PIECES:
            self.banned(tuple(alert.endpoint))
        elif kind == "hash_failed_alert":
            return self.failed(alert.piece_index)
        return []

    def sent(self, piece: int, peer: Address) -> None:
        """A block came from this peer."""
        self._senders.setdefault(piece, set()).add(peer)

    def passed(self, piece: int) -> None:
        """The piece was right."""
        self._senders.pop(piece, None)

    def banned(self, peer: Address) -> None:
        """libtorrent banned a peer; for which piece is told next."""
        self._banned.add(peer)

    def failed(self, piece: int) -> list[Address]:
        """The piece was wrong; returns who was banned for it and should not be."""
        senders = self._senders.pop(piece, set())
        self._failures.update(senders)
        banned, self._banned = self._banned, set()
        if len(senders) < 2:
            return []
        return sorted(peer for peer in banned & senders if self._failures[peer] < PATIENCE)
