"""Data under a quota: what goes is decided by ``core.quota``, and done here.

Rules: the disk is looked at when a torrent comes, when as much has arrived as there was room for, and when the disk is
full; never on a schedule. It is looked at and written to in threads. What goes leaves its entry in the library. A
library that cannot be read stops nothing, but then nothing is thrown away either: what is pinned is not known.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from headrace.core import events, quota
from headrace.core.quota import Held
from headrace.core.units import format_size
from headrace.errors import EngineError, HeadraceError
from headrace.holdings import Holding, Holdings

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.library.library import Library
    from headrace.library.records import Entry
    from headrace.streaming.registry import Torrents
    from headrace.streaming.torrent import Torrent

STEP = 64 * 1024**2
"""Bytes that arrive between two looks when there was nothing that could go."""
ROOM_LEAST, ROOM_MOST = 64 * 1024**2, 1024**3
"""Bytes to make room for on a full disk: what is still to come, within these."""


async def open_library(folder: Path, holdings: Holdings, say: Callable[[events.Note], None]) -> Library:
    """The library; on a disk so full that it cannot be opened, once room was made for it.

    Raises EngineError when it cannot be used.
    """
    from headrace.library.library import Library

    try:
        return await Library.open(folder)
    except EngineError as error:
        told = await asyncio.to_thread(_clear_the_way, folder, holdings) if error.kind == "disk" else []
        if not told:
            raise
    for warning in told:
        say(warning)
    return await Library.open(folder)


def _clear_the_way(folder: Path, holdings: Holdings) -> list[events.Warning]:
    """Remove what was watched longest ago, if that can be told; what to say of it."""
    from headrace.library.library import peek

    entries = peek(folder)
    if entries is None:
        return []
    told = []
    by_hash = {entry.info_hash: entry for entry in entries}
    held = [_held(holding, by_hash.get(holding.info_hash)) for holding in holdings.look()]
    for each in quota.to_evict(held, quota.UNLIMITED, ROOM_LEAST):
        with contextlib.suppress(EngineError):
            told.append(_evicted(by_hash.get(each.info_hash), each.info_hash, holdings.delete(each.info_hash)))
    return told


class Storage:
    """Keeps the data of one folder within ``limit`` bytes (None: the default).

    ``torrents`` are those of this process, and ``let_go`` takes one of them out of its engine; without it all of them
    count as being read. ``take_back`` gives the engine one without its data. ``say`` hears what went.
    """

    def __init__(
        self,
        holdings: Holdings,
        library: Library,
        limit: int | None = None,
        *,
        torrents: Torrents | None = None,
        let_go: Callable[[Torrent], Awaitable[None]] | None = None,
        take_back: Callable[[Entry], Awaitable[None]] | None = None,
        say: Callable[[events.Note], None] = lambda note: None,
    ) -> None:
        self._holdings, self._library, self._limit = holdings, library, limit
        self._torrents, self._let_go, self._take_back, self._say = torrents, let_go, take_back, say
        self._working = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()
        self._room: int | None = None

    # what happens
    def added(self) -> None:
        """A torrent came: clear away what is not to be kept, and what is too much."""
        self._spawn(self._settle())

    def grew(self, size: int) -> None:
        """So many bytes arrived."""
        if self._room is None:
            return  # nobody has looked yet
        self._room -= size
        if self._room <= 0:
            self._room = None  # until it was looked at again
            self._spawn(self.check())

    def limit_to(self, limit: int | None) -> None:
        """Another quota from now on; None: the default."""
        self._limit = limit
        self._spawn(self.check())

    def full(self, torrent: Torrent) -> None:
        """The disk is full, and this one waits for room."""
        self._spawn(self._make_room(torrent))

    async def aclose(self) -> None:
        """Begin nothing more; what is being removed is removed."""
        tasks = tuple(self._tasks)
        async with self._working:
            for task in tasks:
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # what is done
    async def held(self) -> list[Held]:
        """What there is, as the policy sees it."""
        found = await asyncio.to_thread(self._holdings.look)
        entries = {entry.info_hash: entry for entry in await self._library.torrents()}
        return [self._as_held(holding, entries.get(holding.info_hash)) for holding in found]

    async def limit(self, held: Iterable[Held]) -> int:
        """The quota in bytes."""
        if self._limit is not None:
            return self._limit
        free = await asyncio.to_thread(self._holdings.free)
        return quota.default_quota(free, sum(each.size for each in held))

    async def check(self, room: int = 0) -> int:
        """Remove what is too much, and what it takes to have ``room`` more; the bytes that became free."""
        async with self._working:
            left, freed = 0, 0
            try:
                held = await self.held()
                limit = await self.limit(held)
                for each in quota.to_evict(held, limit, room):
                    freed += await self._evict(each)
                left = limit - sum(each.size for each in held) + freed
            finally:
                self._room = max(left, STEP)
            return freed

    async def sweep(self) -> int:
        """Remove what was not to be kept and is still here after a crash; the bytes that became free."""
        async with self._working:
            freed = 0
            for entry in await self._library.torrents():
                if not entry.keep and not await asyncio.to_thread(self._holdings.in_use, entry.info_hash):
                    gone = await self._delete(entry.info_hash, state=True)
                    if gone is not None:
                        freed += gone
                        await self._library.forget(entry.info_hash)
            return freed

    async def _settle(self) -> None:
        await self.sweep()
        await self.check()

    async def _make_room(self, torrent: Torrent) -> None:
        left = sum(file.size for file in torrent.goals) * (1.0 - torrent.share_of_goals())
        if await self.check(int(min(max(left, ROOM_LEAST), ROOM_MOST))):
            torrent.disk_retry.now()

    async def _evict(self, held: Held) -> int:
        live = self._torrents.get(held.info_hash) if self._torrents is not None else None
        if live is not None:
            if self._let_go is None or _is_read(live):  # somebody has begun to read it meanwhile
                return 0
            await self._let_go(live)
        freed = await self._delete(held.info_hash)
        entry = await self._library.torrent(held.info_hash)
        if entry is not None and freed is not None:
            entry = await self._library.update(held.info_hash, evicted=True)
        if live is not None and entry is not None and self._take_back is not None:
            await self._take_back(entry)
        if freed is None:
            return 0
        if live is not None and self._torrents is not None:
            self._torrents.say(live, events.Evicted(freed, live.name))
        self._say(_evicted(entry, held.info_hash, freed))
        return freed

    async def _delete(self, info_hash: str, *, state: bool = False) -> int | None:
        """The bytes that became free; None when it is still there."""
        try:
            return await asyncio.to_thread(self._holdings.delete, info_hash, state=state)
        except HeadraceError as error:
            if error.kind != "in_use":  # another process was quicker
                self._say(events.Warning("storage", error.message))
            return None

    def _as_held(self, holding: Holding, entry: Entry | None) -> Held:
        live = self._torrents.get(holding.info_hash) if self._torrents is not None else None
        held = _held(holding, entry)
        if live is None or self._let_go is None:
            return held
        return replace(held, reading=_is_read(live), fetching=_is_fetched(live))

    def _spawn(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Awaitable[object]) -> None:
        try:
            await work
        except HeadraceError as error:
            self._say(events.Warning("storage", error.message))


def _held(holding: Holding, entry: Entry | None) -> Held:
    """Data that the library does not know is as old as its files."""
    watched = (entry.watched or entry.added) if entry is not None else holding.changed
    pinned = entry is not None and entry.pinned
    return Held(holding.info_hash, holding.size, watched, pinned=pinned, reading=holding.in_use)


def _evicted(entry: Entry | None, info_hash: str, freed: int) -> events.Warning:
    name = (entry.name if entry is not None else "") or info_hash
    return events.Warning("evicted", f"{name} was removed to make room ({format_size(freed)}).")


def _is_read(torrent: Torrent) -> bool:
    return torrent.conductor is not None and bool(torrent.conductor.places)


def _is_fetched(torrent: Torrent) -> bool:
    return bool(torrent.goals) and torrent.share_of_goals() < 1.0
