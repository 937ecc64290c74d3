"""Two network namespaces with two lines between them (needs root).

The one called ``here`` has the devices ``vpn`` and ``eth``; the ordinary way to all the world is ``eth``, but ``vpn``
would lead there too. Packets that leave on either are counted. ``there`` has one address at the end of each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from kit.seeds import seeds_in

VPN_ADDRESS, FAR_OF_VPN, FAR_OF_ETH = "10.201.1.1", "10.201.1.2", "10.201.2.2"


async def run(*argv: str) -> str:
    """Run a program; what it prints."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (argv, err)
    return out.decode()


class Lines:
    """The namespaces' names."""

    def __init__(self) -> None:
        self.here, self.there = f"headrace-{os.getpid()}-here", f"headrace-{os.getpid()}-there"
        self.prefix = ("ip", "netns", "exec", self.here)

    async def sent(self, device: str) -> int:
        """Packets that left ``here`` by this device."""
        (found,) = json.loads(await run("ip", "-n", self.here, "-s", "-j", "link", "show", device))
        return int(found["stats64"]["tx"]["packets"])

    async def cut(self, device: str) -> None:
        """The device is gone."""
        await run("ip", "-n", self.here, "link", "del", device)

    async def make(self) -> None:
        """Build it all."""
        for name in (self.here, self.there):
            await run("ip", "netns", "add", name)
            await run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
            await run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
            await run("ip", "-n", name, "link", "set", "lo", "up")
        for number, (device, metric) in enumerate((("vpn", "200"), ("eth", "100")), 1):
            far = f"{device}-far"
            await run(
                *("ip", "link", "add", device, "netns", self.here, "type", "veth"),
                *("peer", "name", far, "netns", self.there),
            )
            for name, end, last in ((self.here, device, 1), (self.there, far, 2)):
                await run("ip", "-n", name, "addr", "add", f"10.201.{number}.{last}/24", "dev", end)
                await run("ip", "-n", name, "link", "set", end, "up")
            await run(
                *("ip", "-n", self.here, "route", "add", "default", "via", f"10.201.{number}.2"),
                *("dev", device, "metric", metric),
            )

    async def remove(self) -> None:
        """Leave nothing."""
        for name in (self.here, self.there):
            with contextlib.suppress(AssertionError):
                await run("ip", "netns", "del", name)


@contextlib.asynccontextmanager
async def lines() -> AsyncIterator[Lines]:
    """Both namespaces, for a while."""
    made = Lines()
    try:
        await made.make()
        yield made
    finally:
        await made.remove()


@contextlib.asynccontextmanager
async def far_seeds(made: Lines, torrent: Path, folder: Path) -> AsyncIterator[list[str]]:
    """A seed at the end of each line, ``vpn`` first; their addresses with ports."""
    async with seeds_in(made.there, torrent, folder, FAR_OF_VPN, FAR_OF_ETH) as addresses:
        yield addresses
