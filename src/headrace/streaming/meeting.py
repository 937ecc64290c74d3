"""The wait for somebody to fetch from.

Rules: what counts are the torrent's own notes, of this process or of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from headrace.core.events import Note, Progress
from headrace.errors import SwarmError

Subscribe = Callable[[Callable[[Note], None]], Callable[[], None]]
"""Takes who is to hear notes, and returns what ends it."""


async def until_peers(
    subscribe: Subscribe, done: asyncio.Future[Any], timeout: float, will_do: Callable[[Progress], bool]
) -> None:
    """Return when a peer was met, ``done`` has ended, or something ``will_do``; ``SwarmError`` after ``timeout``
    seconds (0: never). While what lies on the disk is checked, no time passes: who is needed is known after that.
    """
    met, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear(note: Note) -> None:
        if done.done() or (isinstance(note, Progress) and (note.peers or note.downloaded or will_do(note))):
            met.set()
        elif isinstance(note, Progress) and note.state == "checking" and timeout:
            limit.reschedule(loop.time() + timeout)

    unsubscribe = subscribe(hear)
    try:
        async with asyncio.timeout(timeout or None) as limit:
            await met.wait()
    except TimeoutError:
        raise SwarmError(
            f"No peer answered within {timeout:.0f} s.",
            "Is the swarm alive? Try a longer --timeout, --tracker URL or --peer HOST:PORT.",
            kind="no_peers",
        ) from None
    finally:
        unsubscribe()
