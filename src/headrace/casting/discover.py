"""Devices in the network, found by asking both ways at once.

Rules: a search is bounded in time and ends early once the device that is meant has answered; nothing is asked again and
again. The libraries are imported in a thread: that takes longer than the event loop may be held.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import Any

from headrace.casting import names
from headrace.casting.base import KINDS, Device, Kind
from headrace.casting.names import Wish
from headrace.errors import PlayerError

WITHIN = 3.0
"""Seconds for devices to answer: renderers may take two (the MX of our question), and then tell who they are."""
LINGER = 0.5
"""Seconds after the one that is meant has answered: is there another of that name?"""
_MODULES: dict[Kind, str] = {"chromecast": "headrace.casting.mdns", "dlna": "headrace.casting.dlna_search"}


async def find(wish: Wish, within: float = WITHIN) -> Device:
    """The device that is meant; ``PlayerError`` when there is none, or more than one."""
    device = names.direct(wish)
    return device if device is not None else names.pick(await search(wish, within), wish)


async def search(wish: Wish | None = None, within: float = WITHIN) -> list[Device]:
    """The devices that answer in ``within`` seconds, of the wish's kind or of both; in the order of lists."""
    wish = wish or Wish(None)
    kinds = [kind for kind in KINDS if wish.kind in (None, kind)]
    modules = await asyncio.to_thread(lambda: [library(_MODULES[kind]) for kind in kinds])
    there: dict[str, Device] = {}
    met = asyncio.Event()

    def found(device: Device) -> None:
        there.setdefault(device.id, device)
        if names.fits(device, wish):
            met.set()

    async with contextlib.AsyncExitStack() as stack:
        for module in modules:
            await stack.enter_async_context(module.looking(found))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(met.wait(), within)
            await asyncio.sleep(min(LINGER, within))
    return names.in_order(list(there.values()))


def library(module: str) -> Any:
    """A module that needs the extra; ``PlayerError`` without it. (Blocking: it imports.)"""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("headrace"):
            raise
        raise PlayerError(
            f"Casting needs the package {error.name}, which is not installed.",
            "pip install 'headrace[cast]'",
            kind="no_cast",
        ) from None
