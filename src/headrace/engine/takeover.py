"""Who holds the blocks of a piece that a viewer waits for, as libtorrent tells it.

Rules: libtorrent is asked in a thread, where waiting hurts nobody; the answer is judged on the event loop by
``core.stragglers``. Nothing here imports libtorrent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core.stragglers import Sender, Stragglers
from headrace.engine.steering import running_loop

Address = tuple[str, int]
REQUESTED = 1
"""State of a block in libtorrent's download queue (block_info): asked for, and nothing of it written."""


class Takeover:
    """Of one torrent. ``turn_away`` closes the connections with these addresses."""

    def __init__(self, turn_away: Callable[[Sequence[Address]], None]) -> None:
        self._turn_away = turn_away
        self._piece: int | None = None
        self._stragglers = Stragglers()
        self._asking = False

    def look(self, handle: Any, piece: int) -> None:
        """Look at this piece; a look that is not over yet is enough."""
        if self._asking:
            return
        self._piece, self._asking = piece, True
        loop = running_loop()

        def ask() -> None:
            found: tuple[list[Sender], list[Address]] = ([], [])
            with contextlib.suppress(RuntimeError):  # the torrent was removed
                found = senders_of(piece, handle.get_download_queue(), handle.get_peer_info())
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._judge, piece, *found)

        loop.run_in_executor(None, ask)

    def _judge(self, piece: int, senders: list[Sender], peers: list[Address]) -> None:
        self._asking = False
        found = set(self._stragglers.look(piece, senders)) if piece == self._piece else set()
        if found:
            self._turn_away([peer for peer in peers if peer[0] in found])


def senders_of(piece: int, queue: Sequence[Any], infos: Sequence[Any]) -> tuple[list[Sender], list[Address]]:
    """Senders by address, and all peers: several at one address (behind one router) count as one."""
    held: dict[str, set[int]] = {}
    for entry in queue:
        if entry["piece_index"] == piece:
            for number, block in enumerate(entry["blocks"]):
                if block["state"] == REQUESTED:
                    held.setdefault(block["peer"][0], set()).add(number)
    senders: dict[str, Sender] = {}
    met = [info for info in infos if not info.flags & (info.connecting | info.handshake)]
    for info in met:
        host = info.ip[0]
        old = senders.get(host, Sender(host, 0, 0, frozenset(held.get(host, ())), False))
        able = not info.flags & info.remote_choked and bool(info.flags & info.seed or _has(info, piece))
        received, rate = old.received + info.total_download, old.rate + info.payload_down_speed
        senders[host] = old._replace(received=received, rate=rate, able=old.able or able)
    return list(senders.values()), [tuple(info.ip) for info in met]


def _has(info: Any, piece: int) -> bool:
    pieces = info.pieces
    return piece < len(pieces) and bool(pieces[piece])
