"""The connected peers, for who asks.

Rules: the engine is asked once for all who ask at the same time; an answer counts for who asked before it came, whoever
made it come; who waits too long is given the last answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from headrace.engine.base import Peer

ANSWER = 2.0
"""Seconds that the engine has to answer: it needs milliseconds, more when its network thread is busy."""


class PeerSample:
    """Of one torrent. ``request`` asks the engine, which answers with a ``Peers`` event (see ``told``)."""

    def __init__(self, request: Callable[[], None]) -> None:
        self.last: tuple[Peer, ...] = ()
        self._request = request
        self._asking: set[asyncio.Future[None]] = set()

    def told(self, peers: tuple[Peer, ...]) -> None:
        """The engine's answer."""
        self.last = peers
        for asking in self._asking:
            if not asking.done():
                asking.set_result(None)

    async def fresh(self, within: float = ANSWER) -> tuple[Peer, ...]:
        """The peers now; those of the last answer when none comes ``within`` seconds."""
        asking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        first = not self._asking
        self._asking.add(asking)
        try:
            if first:
                self._request()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await asking
        finally:
            self._asking.discard(asking)
        return self.last
