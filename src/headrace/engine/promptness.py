"""A seek's first requests leave at once: Nagle's algorithm is off at the connections to peers while nobody waits.

libtorrent leaves it on and has no setting for it (2.1.1). A request is a small packet, and so is the withdrawal of one:
with Nagle's algorithm (RFC 896) it waits until the one before it is acknowledged, so that a peer that sends a block in
each round trip hears of a seek a round trip late. Once these requests are out the algorithm serves us: without it peers
are asked for so much so soon that the queue of the line overflows (both measured: docs/tuning.md).

Rules: TCP_NODELAY (tcp(7)) is set through a duplicate of the descriptor, found by the address at its other end; nobody
else's sockets are touched. Where descriptors cannot be listed, nothing is done. Nothing here imports libtorrent.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from headrace.engine.steering import running_loop

Address = tuple[str, int]

LISTS = (Path("/proc/self/fd"), Path("/dev/fd"))
"""Where this process's descriptors are listed: Linux, and macOS with the BSDs."""
FIRST_SECONDS = 0.06
"""From the end of calm until Nagle's algorithm is on again: about a round trip, in which peers hear of a seek."""


class Promptness:
    """Of all connections of a session."""

    def __init__(self) -> None:
        self._met: set[Address] = set()
        self._calm = False

    def met(self, endpoint: Address) -> None:
        """A peer is connected; what its connection is to do is set when the next calm begins."""
        self._met.add((endpoint[0], endpoint[1]))

    def lost(self, endpoint: Address) -> None:
        """It is no more."""
        self._met.discard((endpoint[0], endpoint[1]))

    def turn(self, calm: bool) -> None:
        """Calm begins, or ends."""
        self._calm = calm
        if calm:
            send_at_once(self._met, True)
        else:
            running_loop().call_later(FIRST_SECONDS, self._gather)

    def _gather(self) -> None:
        if not self._calm:
            send_at_once(self._met, False)


def send_at_once(peers: AbstractSet[Address], at_once: bool) -> int:
    """Nagle's algorithm off, or on again, where one of these is at the other end; how many connections these are.

    It takes some microseconds for each open descriptor.
    """
    found = 0
    for descriptor in _sockets():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
            if connection.type == socket.SOCK_STREAM and _other_end(connection) in peers:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, at_once)
                found += 1
    return found


def _other_end(connection: socket.socket) -> Address | None:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    host, port = connection.getpeername()[:2]
    return host.partition("%")[0], port


def _sockets() -> Iterator[int]:
    """Descriptors of sockets. They are other threads': one may be closed meanwhile."""
    for folder in LISTS:
        with contextlib.suppress(OSError):
            for entry in folder.iterdir():
                with contextlib.suppress(OSError, ValueError):
                    if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                        yield int(entry.name)
            return
