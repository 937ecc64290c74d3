"""Waiting for what happens, with an end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Log(Generic[T]):
    """What was told, in order; ``until`` waits for something, also for what was told before."""

    def __init__(self) -> None:
        self.all: list[T] = []
        self.ended = ""
        """Why nothing more will come, if so."""
        self._news = asyncio.Event()

    def __call__(self, item: T) -> None:
        """Tell."""
        self.all.append(item)
        self._news.set()

    def end(self, why: str) -> None:
        """Nothing more will come."""
        self.ended = why
        self._news.set()

    async def until(self, wanted: Callable[[T], object], *, after: int = 0, within: float = 60) -> T:
        """The first that is wanted, of those from number ``after`` on."""
        try:
            async with asyncio.timeout(within):
                while True:
                    for item in self.all[after:]:
                        if wanted(item):
                            return item
                    assert not self.ended, f"{self.ended}; told: {self.all[-5:]}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not within {within} s; told: {self.all[-5:]}") from None


async def eventually(ask: Callable[[], Awaitable[Any]], *, within: float = 60, every: float = 0.05) -> Any:
    """The first true answer of ``ask``, for what can only be asked."""
    end = time.monotonic() + within
    while not (answer := await ask()):
        assert time.monotonic() < end, f"not within {within} s; last answer: {answer!r}"
        await asyncio.sleep(every)
    return answer
