"""Chromecasts announce themselves by DNS-SD (RFC 6763) over multicast DNS (RFC 6762). The one importer of zeroconf.

Rules: asks on all interfaces, IPv4; a machine without a network finds nothing, which is no error.
The record's names are those that every sender uses (``fn`` friendly name, ``md`` model, ``id`` UUID in hex): see
pychromecast's discovery.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from headrace.casting.base import Device
from headrace.core.display import printable

SERVICE = "_googlecast._tcp.local."
DETAILS_WITHIN = 2000
"""Milliseconds for a device that announced itself to tell more."""


@contextlib.asynccontextmanager
async def looking(found: Callable[[Device], None]) -> AsyncIterator[None]:
    """Within it, each Chromecast that answers is handed to ``found``."""
    try:
        network = AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only)
    except OSError:  # no network, or none with multicast
        yield
        return
    tasks: set[asyncio.Task[None]] = set()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Added:
            task = asyncio.get_running_loop().create_task(_look(zeroconf, name, found))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    browser = AsyncServiceBrowser(network.zeroconf, SERVICE, handlers=[changed])
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await browser.async_cancel()
        await network.async_close()


async def _look(network: Zeroconf, name: str, found: Callable[[Device], None]) -> None:
    info = AsyncServiceInfo(SERVICE, name)
    if await info.async_request(network, DETAILS_WITHIN) and (device := device_of(info)) is not None:
        found(device)


def device_of(info: AsyncServiceInfo) -> Device | None:
    """The device of an announcement; None when it lacks an address."""
    addresses = info.parsed_addresses(IPVersion.V4Only)
    if not addresses or not info.port:
        return None
    texts = {key.decode("utf-8", "replace"): (value or b"") for key, value in info.properties.items()}
    said = {key: printable(texts.get(key, b"").decode("utf-8", "replace")) for key in ("fn", "md", "id")}
    name = said["fn"] or info.name.removesuffix(f".{SERVICE}")
    return Device(said["id"] or info.name, name, "chromecast", f"{addresses[0]}:{info.port}", said["md"])
