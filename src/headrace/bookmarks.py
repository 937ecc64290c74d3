"""Where a player is in each file of a torrent: what of it is kept, and when.

Rules: a position is kept every few seconds of playing, at every pause and at the end; a few seconds from the beginning
do not replace one from further on. Nobody waits for a write, and one is under way at a time: positions that come
meanwhile come with the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headrace.core.resume import has_begun

if TYPE_CHECKING:
    from headrace.players.base import PlayerState

SAVE_EVERY = 5.0
"""Seconds of playing between two saves: what a kill costs is watched again."""
Places = Mapping[int, tuple[float, float | None]]
"""Position and duration in seconds, by the file's index."""


def index_in(url: str) -> int | None:
    """The index of the file whose stream this is; None when the URL does not tell."""
    parts = urlsplit(url).path.split("/") if url else []
    told = len(parts) > 3 and parts[1] == "stream" and parts[3].isascii() and parts[3].isdigit()
    return int(parts[3]) if told else None


class Bookmarks:
    """Hears a player. ``index_of`` tells which file a URL is of; ``write`` keeps places, and deals with its errors."""

    def __init__(self, index_of: Callable[[str], int | None], write: Callable[[Places], Awaitable[None]]) -> None:
        self._index_of, self._write = index_of, write
        self._unsaved: dict[int, tuple[float, float | None]] = {}
        self._mark: tuple[int, float] | None = None
        """Where it was when it was last saved, or first heard of."""
        self._state = ""
        self._writing: asyncio.Task[None] | None = None

    def heard(self, state: PlayerState) -> None:
        """The player told something."""
        changed, self._state = state.state != self._state, state.state
        index = self._index_of(state.path)
        if index is None or state.position is None or not has_begun(state.position, state.duration):
            return
        self._unsaved[index] = (state.position, state.duration)
        if self._mark is None or self._mark[0] != index:
            self._mark = (index, state.position)
        if (changed and state.state in ("paused", "ended")) or abs(state.position - self._mark[1]) >= SAVE_EVERY:
            self._mark = (index, state.position)
            self._save()

    async def settle(self) -> None:
        """Keep what has not been kept."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self._write_unsaved()

    def _save(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_unsaved())

    async def _write_unsaved(self) -> None:
        unsaved, self._unsaved = self._unsaved, {}
        if unsaved:
            await self._write(unsaved)
