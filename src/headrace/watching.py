"""A folder whose .torrent and .magnet files are added to the server, by the system's own notices (inotify, kqueue, …).

Rules: a file that was added is renamed (``.added``), so that it is not added again, nor after it was removed; one that
cannot be read is left as it is, for it may still be written, and is tried again when it changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from headrace.core.bencode import MAX_TORRENT
from headrace.core.display import printable
from headrace.errors import EngineError, HeadraceError

logger = logging.getLogger(__name__)

SUFFIXES = (".torrent", ".magnet")
DONE = ".added"
SETTLE = 400
"""Milliseconds without changes after which a file is looked at: programs write in several steps."""


async def watch(folder: Path, add: Callable[[bytes], Awaitable[object]], stop: asyncio.Event) -> None:
    """Add what lies in ``folder`` and what comes, until ``stop``; ``EngineError`` when there is no such folder."""
    if not await asyncio.to_thread(folder.is_dir):
        raise EngineError(
            f"There is no folder {folder} to watch.", "Make it, or name another: --watch DIR.", kind="disk"
        )
    from watchfiles import awatch

    notices = awatch(folder, recursive=False, debounce=SETTLE * 4, step=SETTLE, stop_event=stop)
    first = asyncio.ensure_future(anext(notices, set()))
    await asyncio.sleep(0)  # it has begun: from here on nothing is missed
    try:
        await _add_all(await asyncio.to_thread(_candidates, folder), add)
        await _add_all(_among(await first), add)
        async for changes in notices:
            await _add_all(_among(changes), add)
    finally:
        first.cancel()


def _candidates(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _among(changes: Iterable[tuple[object, str]]) -> list[Path]:
    paths = {Path(path) for _, path in changes}
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES)


async def _add_all(paths: Iterable[Path], add: Callable[[bytes], Awaitable[object]]) -> None:
    for path in paths:
        try:
            data = await asyncio.to_thread(_read, path)
            if data:
                await add(data)
                await asyncio.to_thread(path.rename, path.with_name(path.name + DONE))
        except HeadraceError as error:
            logger.warning("%s is not added: %s", printable(path.name), error.message)
        except OSError as error:
            logger.warning("%s cannot be read or renamed: %s", printable(path.name), error.strerror)


def _read(path: Path) -> bytes:
    """Its bytes; none when it is gone, is no ordinary file, or is too large."""
    if not path.is_file() or path.stat().st_size > MAX_TORRENT:
        return b""
    return path.read_bytes()
