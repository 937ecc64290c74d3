"""From a device to a caster, whichever way it speaks."""

from __future__ import annotations

import asyncio
from typing import Any

from headrace.casting.base import Caster, Device, Kind, OnStatus
from headrace.casting.discover import library

_MODULES: dict[Kind, str] = {"chromecast": "headrace.casting.chromecast", "dlna": "headrace.casting.dlna"}


async def connect(device: Device, on_status: OnStatus) -> Caster:
    """Meet a device; ``PlayerError`` when it does not answer, or what speaks to it is not installed."""
    # in a thread: importing takes longer than the event loop may be held
    module: Any = await asyncio.to_thread(library, _MODULES[device.kind])
    caster: Caster = await module.caster(device, on_status)
    try:
        await caster.connect()
    except BaseException:
        await asyncio.shield(caster.aclose())
        raise
    return caster
