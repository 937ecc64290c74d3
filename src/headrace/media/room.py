"""Memory for what is made and not yet sent, in bytes: who needs some waits until others are done.

Rules: first come, first served, so that who needs much is not overtaken for ever; who gives up while waiting leaves
nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class Room:
    """So many bytes."""

    def __init__(self, size: int) -> None:
        self.size = self.left = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @contextlib.asynccontextmanager
    async def of(self, need: int) -> AsyncIterator[None]:
        """Hold ``need`` bytes; ``ValueError`` when that is more than there ever are."""
        if need > self.size:
            raise ValueError(f"{need} bytes are more than {self.size}")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((need, turn))
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            self._leave(need, turn)
            raise
        try:
            yield
        finally:
            self.left += need
            self._next()

    def _next(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.left:
            need, turn = self._waiting.popleft()
            self.left -= need
            turn.set_result(None)

    def _leave(self, need: int, turn: asyncio.Future[None]) -> None:
        if (need, turn) in self._waiting:
            self._waiting.remove((need, turn))
        else:  # it was given in the very moment
            self.left += need
        self._next()
