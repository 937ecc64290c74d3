"""One run of ``play`` in the library: what is played, and where somebody stopped.

Rules: playing never waits for the library and never ends because of it: what fails is told once, as a warning. A
position is kept every few seconds of playing, at every pause and at the end; a few seconds from the beginning do not
replace one from further on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headrace.core import events
from headrace.core.resume import has_begun
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from headrace.library.library import Library
    from headrace.library.records import Entry, Position
    from headrace.players.base import PlayerState
    from headrace.sources import Loaded
    from headrace.streaming.torrent import File, Torrent

SAVE_EVERY = 5.0
"""Seconds of playing between two saves: what a kill costs is watched again."""


@dataclass(frozen=True, slots=True)
class Playable:
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
        self._unsaved: dict[int, tuple[float, float | None]] = {}
        """The newest position and duration, by the file's index."""
        self._mark: tuple[int, float] | None = None
        """Where it was when it was last saved, or first heard of."""
        self._state = ""
        self._failed = False
        self._opening: asyncio.Task[None]
        self._entering: asyncio.Task[None]
        self._writing: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """Look what is known of it, and write down that it is played."""
        loop = asyncio.get_running_loop()
        self._opening, self._entering = loop.create_task(self._open()), loop.create_task(self._enter())
        self._unsubscribe = self._torrent.subscribe(self._hear)

    async def positions(self) -> dict[int, Position]:
        """Where somebody stopped before, by the file's index; only those where going on makes sense."""
        await asyncio.shield(self._opening)
        return {index: found for index, found in self._known.items() if found.resume}

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

    async def settle(self) -> bool:
        """Keep the last position; whether the data is to be kept. (It may have been pinned meanwhile.)"""
        self._unsubscribe()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self._write()
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
        parts = urlsplit(path).path.split("/") if path else []
        if len(parts) > 3 and parts[1] == "stream" and parts[3].isascii() and parts[3].isdigit():
            index = int(parts[3])
            return index if any(file.index == index for file in self._torrent.files) else None
        return None if self._playable.several or self._torrent.chosen is None else self._torrent.chosen.index

    def _save(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """Keep what has not been kept; positions that come meanwhile come with the next."""
        await asyncio.wait([self._entering])
        if self.library is None:
            return
        unsaved, self._unsaved = self._unsaved, {}
        try:
            for index, (seconds, duration) in unsaved.items():
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


def resume_of(positions: dict[int, Position], file: File | None) -> float:
    """Where to go on in this file; 0.0 at its beginning."""
    found = positions.get(file.index) if file is not None else None
    return found.resume if found is not None else 0.0
