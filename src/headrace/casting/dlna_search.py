"""DLNA renderers answer a search over SSDP (UPnP Device Architecture 1.1, section 1.3).

Rules: asks on each address of this machine, for a machine with several networks has one way to each; a description is
fetched only from the host that answered, so that nobody sends us elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from async_upnp_client.aiohttp import AiohttpRequester
from async_upnp_client.description_cache import DescriptionCache
from async_upnp_client.exceptions import UpnpError
from async_upnp_client.search import SsdpSearchListener
from async_upnp_client.utils import CaseInsensitiveDict

from headrace import interfaces
from headrace.casting.base import Device
from headrace.casting.names import address_in
from headrace.core.display import printable

logging.getLogger("async_upnp_client").addHandler(logging.NullHandler())  # it tells tracebacks of others' mistakes

RENDERER = "urn:schemas-upnp-org:device:MediaRenderer:1"
"""What is asked for; renderers of versions 2 and 3 answer to it too (UDA 1.1, section 1.3.2)."""
PATIENCE = 2
"""Seconds in which renderers spread their answers (MX)."""
DESCRIBED_WITHIN = 3
"""Seconds for a description."""


@contextlib.asynccontextmanager
async def looking(found: Callable[[Device], None]) -> AsyncIterator[None]:
    """Within it, each renderer that answers is handed to ``found``."""
    search = _Search(found)
    try:
        for address in interfaces.addresses():
            if ":" not in address:
                await search.ask(address)
        yield
    finally:
        search.close()


class _Search:
    """One question on all networks. Each renderer answers several times, and is looked at once."""

    def __init__(self, found: Callable[[Device], None]) -> None:
        self._found = found
        self._descriptions = DescriptionCache(AiohttpRequester(timeout=DESCRIBED_WITHIN))
        self._listeners: list[SsdpSearchListener] = []
        self._seen: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, address: str) -> None:
        """Ask on this address; one that has gone, or has no multicast, is passed over."""
        listener = SsdpSearchListener(
            callback=self._answered, source=(address, 0), timeout=PATIENCE, search_target=RENDERER
        )
        with contextlib.suppress(OSError, UpnpError):
            await listener.async_start()
            self._listeners.append(listener)
            listener.async_search()

    def _answered(self, headers: CaseInsensitiveDict) -> None:
        location, sender = str(headers.get("location", "")), str(headers.get("_host", ""))
        if location in self._seen or not comes_from(location, sender):
            return
        self._seen.add(location)
        task = asyncio.get_running_loop().create_task(self._look(location))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, location: str) -> None:
        told = await self._descriptions.async_get_description_dict(location)
        if told is not None and (device := device_of(told, location)) is not None:
            self._found(device)

    def close(self) -> None:
        """Hear nobody any more."""
        for listener in self._listeners:
            listener.async_stop()
        for task in self._tasks:
            task.cancel()


def comes_from(location: str, sender: str) -> bool:
    """Whether a description lies with the host that named it."""
    try:
        parts = urlsplit(location)
        return parts.scheme in ("http", "https") and bool(sender) and parts.hostname == sender and parts.port != 0
    except ValueError:
        return False


def device_of(told: Mapping[str, Any], location: str) -> Device | None:
    """The device of a description; None when it has no name for itself."""
    said = {key: told.get(key) for key in ("UDN", "friendlyName", "modelName")}
    texts = {key: printable(value) if isinstance(value, str) else "" for key, value in said.items()}
    if not texts["UDN"]:
        return None
    address = address_in(location)
    return Device(texts["UDN"], texts["friendlyName"] or address, "dlna", address, texts["modelName"], location)
