from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from headrace.library.library import Library


class Clock:
    """Seconds since 1970, as told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture
async def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def library(tmp_path: Path, clock: Clock) -> AsyncIterator[Library]:
    async with await Library.open(tmp_path, clock) as library:
        yield library
