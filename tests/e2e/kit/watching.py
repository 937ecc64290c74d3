"""Watching seeds while something else goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from headrace.testing.local_swarm import LocalSwarm


class Watched:
    """Of each seed by number: the most peers that it had at once, and the bytes that it sent."""

    def __init__(self, seeds: int) -> None:
        self.peers = [0] * seeds
        self.uploaded = [0] * seeds
        self.together = 0
        """The most connections of all seeds at once."""

    def take(self, stats: list[dict[str, int]]) -> None:
        for number, seed in enumerate(stats):
            self.peers[number] = max(self.peers[number], seed["peers"])
            self.uploaded[number] = max(self.uploaded[number], seed["uploaded"])
        self.together = max(self.together, sum(seed["peers"] for seed in stats))


@contextlib.asynccontextmanager
async def watched(swarm: LocalSwarm) -> AsyncIterator[Watched]:
    """Look every 50 ms, and at the end."""
    seen = Watched(len(swarm.peers))

    async def look() -> None:
        while True:
            seen.take(await swarm.stats())
            await asyncio.sleep(0.05)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
    seen.take(await swarm.stats())
