"""A real DLNA renderer in a network of its own (needs root): gmediarender, at the other end of a line.

``here`` runs the product and the seeds, ``there`` the renderer. Multicast takes the line, as in a living room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from kit.namespaces import run

HERE, THERE = "10.202.1.1", "10.202.1.2"


class Room:
    """Both namespaces' names, and the renderer when it is on."""

    def __init__(self) -> None:
        self.here, self.there = f"headrace-{os.getpid()}-room", f"headrace-{os.getpid()}-tv"
        self.prefix = ("ip", "netns", "exec", self.here)
        self._renderers: list[asyncio.subprocess.Process] = []

    async def make(self) -> None:
        """Two ends of a line."""
        for name in (self.here, self.there):
            await run("ip", "netns", "add", name)
            await run("ip", "-n", name, "link", "set", "lo", "up")
        await run(*("ip", "link", "add", "lan", "netns", self.here, "type", "veth"), "peer", "lan", "netns", self.there)
        for name, address in ((self.here, HERE), (self.there, THERE)):
            await run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "lan")
            await run("ip", "-n", name, "link", "set", "lan", "up")
            await run("ip", "-n", name, "route", "add", "default", "dev", "lan")

    async def switch_on(self, name: str, log: Path) -> None:
        """Start a renderer, and return when it listens. (Sinks that keep time: fakesink would rush through.)"""
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *("ip", "netns", "exec", self.there, "gmediarender", "-f", name, "-I", "lan", "-u", f"headrace-{name}"),
                *("--gstout-videosink=fakevideosink", "--gstout-audiosink=fakeaudiosink", "--logfile=stdout"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=out,
            )
        self._renderers.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(30):
            async for line in process.stdout:
                if b"Ready for rendering" in line:
                    break
        self._draining = asyncio.create_task(process.stdout.read())  # a full pipe would stop it

    async def switch_off(self) -> None:
        """Pull the plug."""
        for process in self._renderers:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def remove(self) -> None:
        """Leave nothing."""
        await self.switch_off()
        for name in (self.here, self.there):
            with contextlib.suppress(AssertionError):
                await run("ip", "netns", "del", name)


@contextlib.asynccontextmanager
async def room() -> AsyncIterator[Room]:
    """A living room, for a while; the renderer is off."""
    made = Room()
    try:
        await made.make()
        yield made
    finally:
        await made.remove()
