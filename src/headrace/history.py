"""One run of ``play`` in the library: what is played, and where somebody stopped.

Rules: playing never waits for the library and never ends because of it: what fails is told once, as a warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from headrace.bookmarks import Bookmarks, Places, index_in
from headrace.core import events
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from headrace.library.library import Library
    from headrace.library.records import Entry, Position
    from headrace.players.base import PlayerState
    from headrace.sources import Loaded
    from headrace.streaming.torrent import Torrent


class Playable(Struct, frozen=True):
    """What is played, and what the user said of it: ``selector`` and ``trackers`` as in ``Entry``."""

    torrent: Torrent
    source: Loaded | None = None
    selector: str = ""
    trackers: tuple[str, ...] = ()
    keep: bool = True
    several: bool = False
    """It is a playlist: which file plays is told by the player alone."""


class History:
    """Remembers one run. ``say`` hears what goes wrong with the library, which ``open_library`` opens."""

    def __init__(
        self,
        playable: Playable,
        say: Callable[[events.Note], None],
        open_library: Callable[[], Awaitable[Library]],
    ) -> None:
        self._playable, self._say, self._open_library = playable, say, open_library
        self._torrent = playable.torrent
        self.library: Library | None = None
        self._known: dict[int, Position] = {}
        self._bookmarks = Bookmarks(self._index_of, self._write)
        self._failed = False
        self._opening: asyncio.Task[None]
        self._entering: asyncio.Task[None]
        self._unsubscribe: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """Look what is known of it, and write down that it is played."""
        loop = asyncio.get_running_loop()
        self._opening, self._entering = loop.create_task(self._open()), loop.create_task(self._enter())
        self._unsubscribe = self._torrent.subscribe(self._hear)

    async def positions(self) -> dict[int, float]:
        """Seconds at which to go on, by the file's index; only of files where that makes sense."""
        await asyncio.shield(self._opening)
        return {index: found.resume for index, found in self._known.items() if found.resume}

    def heard(self, state: PlayerState) -> None:
        """The player told something."""
        self._bookmarks.heard(state)

    async def settle(self) -> bool:
        """Keep the last position; whether the data is to be kept. (It may have been pinned meanwhile.)"""
        self._unsubscribe()
        await asyncio.wait([self._entering])
        await self._bookmarks.settle()
        entry = await self._entry_now()
        return self._playable.keep if entry is None else entry.keep

    async def aclose(self, *, forget: bool = False) -> None:
        """End; with ``forget`` the data has gone, and nothing shall tell that it was there.

        Until then the entry says that it is not to be kept, so that the next start clears away what this one could not.
        """
        if self.library is None:
            return
        try:
            if forget:
                await self.library.forget(self._torrent.info_hash)
        except HeadraceError as error:
            self._warn(error)
        finally:
            await self.library.aclose()

    async def _open(self) -> None:
        try:
            library = await self._open_library()
            found = await library.positions(self._torrent.info_hash)
        except HeadraceError as error:
            self._warn(error)
            return
        self._known = {position.index: position for position in found}
        self.library = library

    async def _enter(self) -> None:
        """Write down that it is being played, before its data goes anywhere for long."""
        await asyncio.wait([self._opening])
        if self.library is None:
            return
        try:
            source, old = self._playable.source, await self.library.torrent(self._torrent.info_hash)
            entry = self._entry() if old is None else self._known_anew(old)
            await self.library.put(entry, torrent=source.torrent if source else b"")
            await self.library.touch(self._torrent.info_hash)
            await self._describe()
        except HeadraceError as error:
            self._warn(error)

    def _entry(self) -> Entry:
        from headrace.library.records import Entry

        playable, torrent = self._playable, self._torrent
        magnet = playable.source.magnet if playable.source else None
        v2 = next((h for h in torrent.info_hashes if len(h) == 64 and h != torrent.info_hash), "")
        return Entry(
            torrent.info_hash,
            torrent.name,
            info_hash_v2=v2,
            magnet=magnet.uri if magnet else "",
            trackers=playable.trackers,
            selector=playable.selector,
            keep=playable.keep,
        )

    def _known_anew(self, old: Entry) -> Entry:
        """What was chosen for it before stays: this run's choice is this run's. A link is worth more than none."""
        fresh = self._entry()
        more = tuple(url for url in fresh.trackers if url not in old.trackers)
        return replace(
            old,
            magnet=old.magnet or fresh.magnet,
            trackers=(*old.trackers, *more),
            keep=fresh.keep or old.pinned,
        )

    def _hear(self, note: events.Note) -> None:
        if isinstance(note, events.Metadata) and self._entering.done():
            self._entering = asyncio.get_running_loop().create_task(self._enter_again())

    async def _enter_again(self) -> None:
        try:
            await self._describe()
        except HeadraceError as error:
            self._warn(error)

    async def _describe(self) -> None:
        """Name and size, once the metadata says them."""
        if self.library is not None and self._torrent.layout is not None:
            size = sum(file.size for file in self._torrent.files)
            await self.library.update(self._torrent.info_hash, name=self._torrent.name, size=size)

    def _index_of(self, path: str) -> int | None:
        """Which file the player speaks of: our URLs say it; else it is the one that was chosen."""
        index = index_in(path)
        if index is not None:
            return index if any(file.index == index for file in self._torrent.files) else None
        return None if self._playable.several or self._torrent.chosen is None else self._torrent.chosen.index

    async def _write(self, places: Places) -> None:
        await asyncio.wait([self._entering])
        if self.library is None:
            return
        try:
            for index, (seconds, duration) in places.items():
                await self.library.set_position(self._torrent.info_hash, index, seconds, duration)
        except HeadraceError as error:
            self._warn(error)

    async def _entry_now(self) -> Entry | None:
        try:
            return await self.library.torrent(self._torrent.info_hash) if self.library is not None else None
        except HeadraceError as error:
            self._warn(error)
            return None

    def _warn(self, error: HeadraceError) -> None:
        if not self._failed:
            self._failed = True
            self._say(events.Warning("library", f"{error.message} Positions are not kept."))
