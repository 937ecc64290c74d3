"""Subtitles that the user names, a file or a URL, as WebVTT: for devices, which cannot open either by themselves.

Rules: read in a thread; at most as large as subtitles are; what cannot be read is an ``InputError``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core.display import printable
from headrace.core.media_types import suffix_of
from headrace.core.redact import redact
from headrace.errors import InputError

if TYPE_CHECKING:
    from headrace.settings import Settings

FETCHED_WITHIN = 30.0
"""Seconds for a URL."""


async def own(settings: Settings) -> str:
    """The first subtitles that the settings name; empty when they name none."""
    if not settings.subtitles:
        return ""
    return await asyncio.to_thread(read, settings.subtitles[0], settings.proxy, settings.interface)


def read(given: str, proxy: str = "", source: str = "") -> str:
    """The subtitles of a path or a URL; ``proxy`` and ``source`` are the way to the web. Blocking."""
    from headrace.media.webvtt import LARGEST, to_webvtt

    if "://" in given:
        from headrace.fetch import Route, fetch

        data = fetch(given, limit=LARGEST, timeout=FETCHED_WITHIN, route=Route(proxy, source)).body
        return to_webvtt(data, suffix_of(given.partition("?")[0]))
    path = Path(given).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{printable(redact(given))} cannot be read: {reason}.", kind="subtitles") from None
    if len(data) > LARGEST:
        raise InputError(f"{printable(given)} is too large for subtitles.", kind="subtitles")
    return to_webvtt(data, suffix_of(path.name))
