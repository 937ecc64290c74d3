"""Waiting for a piece.

Rules: a wait ends in one of four ways and no other: the piece is ready, the reader was closed, the awaiting task was
cancelled, or the torrent can never deliver. A wake-up is the piece's event, never a poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from headrace.errors import HeadraceError


class StreamFailed(HeadraceError):
    """The stream can never go on: the torrent was removed or failed, or bytes served early proved wrong."""

    exit_code = 5
    default_kind = "stream"


class ReaderClosed(RuntimeError):
    """The reader was closed while, or before, it was read."""


class Waits:
    """Who waits for which piece."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[asyncio.Future[None], int]] = {}
        self._failure: StreamFailed | None = None

    async def until(self, piece: int, owner: int) -> None:
        """Return when something came of ``piece``; raises ``StreamFailed`` or, when the owner closes, ReaderClosed."""
        if self._failure is not None:
            raise self._failure
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(piece, {})[future] = owner
        try:
            await future
        finally:
            waiting = self._waiting.get(piece, {})
            waiting.pop(future, None)
            if not waiting:
                self._waiting.pop(piece, None)

    def ready(self, pieces: Iterable[int]) -> None:
        """Wake those who wait for these pieces."""
        for piece in pieces:
            for future in self._waiting.get(piece, ()):
                if not future.done():
                    future.set_result(None)

    def close(self, owner: int) -> None:
        """End the owner's waits with ReaderClosed."""
        for futures in self._waiting.values():
            for future, waiting in futures.items():
                if waiting == owner and not future.done():
                    future.set_exception(ReaderClosed("the reader was closed while it waited"))

    def fail(self, error: StreamFailed) -> None:
        """End every wait, and every later one, with this error."""
        self._failure = error
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(error)

    @property
    def failure(self) -> StreamFailed | None:
        """Why nothing more will come, if so."""
        return self._failure
