"""What the server's API changes, done: torrents of a session and of the library (``http.keeper.Keeper``).

Rules: whatever blocks (names to look up, .torrent files to fetch and read) runs in a thread; everything is checked
before the engine is told of any of it; what was answered is in the library by then, so that the next start finds it. A
source that names a file of this machine is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headrace import preparing, sources
from headrace.core import choose, events, options, source
from headrace.core.choice import Choice
from headrace.core.quota import UNLIMITED
from headrace.errors import HeadraceError, InputError
from headrace.library.library import Entry, Library, Position

if TYPE_CHECKING:
    from headrace.http.shapes import AddTorrent, ChangeSettings, ChangeTorrent, SetPosition
    from headrace.session import Session
    from headrace.sources import Loaded
    from headrace.streaming.torrent import File, Torrent

logger = logging.getLogger(__name__)

WATCHED_EVERY = 60.0
"""Seconds between notes in the library that somebody watches."""
LIMITS = ("down_limit", "up_limit", "max_peers")
"""The engine's settings that can be changed while it runs."""
CHANGEABLE = (*LIMITS, "quota")
"""All settings that can be."""
NO_LIMIT = "none"
"""A quota without a limit, as the library keeps it."""
_TRACKER = options.url("udp", "http", "https")


class Keeping:
    """Keeps the torrents of a session in a library. ``fixed`` names settings that the library does not decide."""

    def __init__(self, session: Session, library: Library, fixed: frozenset[str] = frozenset()) -> None:
        self._session, self._library, self._fixed = session, library, fixed
        self._settings: dict[str, Any] = {name: getattr(session.settings, name) for name in CHANGEABLE}
        self.quota_changed: Callable[[int | None], None] = lambda limit: None
        """Told of another quota in bytes; None is the default."""
        self._entries: dict[str, Entry] = {}
        self._touched: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe = session.torrents.subscribe(self._hear)

    async def restore(self) -> None:
        """Everything as it was; what cannot be is said, and stays in the library."""
        kept = {name: value for name, value in (await self._library.settings()).items() if name in CHANGEABLE}
        if kept.get("quota") == NO_LIMIT:
            kept["quota"] = UNLIMITED
        self._settings |= {name: value for name, value in kept.items() if name not in self._fixed}
        self._apply_limits()
        for entry in reversed(await self._library.torrents()):
            if entry.keep:
                try:
                    await self.revive(entry)
                except HeadraceError as error:
                    logger.warning("%s is not served: %s", entry.info_hash, error.message)
        self.quota_changed(self._settings["quota"])

    def _apply_limits(self) -> None:
        self._session.set_limits(**{name: self._settings[name] for name in LIMITS})

    async def revive(self, entry: Entry) -> None:
        """Serve what the library has."""
        metainfo = b"" if entry.magnet else await self._library.metainfo(entry.info_hash)
        loaded = await asyncio.to_thread(_loaded, entry, metainfo)
        self._entries[entry.info_hash] = entry
        torrent, _ = await self._session.introduce(loaded, self._choice(entry.selector, entry.files or ()))
        torrent.handle.add_trackers(entry.trackers)
        torrent.set_limits(entry.down_limit, entry.up_limit)
        torrent.set_paused(entry.paused)

    async def aclose(self) -> None:
        """Write what was begun."""
        self._unsubscribe()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # torrents
    async def add(self, given: str | bytes, wish: AddTorrent) -> tuple[Torrent, bool]:
        """Add a torrent, or tell the one that is there more."""
        trackers = tuple(map(_tracker, wish.trackers))
        peers = await preparing.found_addresses(wish.peers)
        loaded = await asyncio.to_thread(self._load, given, wish.selector)
        torrent, new = await self._session.introduce(loaded, self._choice(wish.selector))
        if new:
            torrent.say(events.Starting(loaded.origin))
            torrent.set_paused(wish.paused)
        torrent.handle.add_trackers(trackers)
        torrent.handle.add_peers(peers)
        try:
            await self._enter(torrent, loaded, wish, trackers)
        except BaseException:
            if new:  # what could not be kept was not added
                await self._let_go(torrent, delete_data=False)
            raise
        return torrent, new

    async def add_found(self, data: bytes) -> None:
        """Add what lay in the folder that is watched."""
        from headrace.http.shapes import AddTorrent

        await self.add(data, AddTorrent("-"))

    async def _enter(self, torrent: Torrent, loaded: Loaded, wish: AddTorrent, trackers: tuple[str, ...]) -> None:
        """Into the library, or its entry's trackers."""
        known = await self._library.torrent(torrent.info_hash)
        if known is not None:
            fresh = tuple(url for url in trackers if url not in known.trackers)
            entry = replace(known, trackers=(*known.trackers, *fresh), keep=known.keep or wish.keep)
        else:
            entry = Entry(
                torrent.info_hash,
                torrent.name,
                info_hash_v2=next((h for h in torrent.info_hashes if len(h) == 64 and h != torrent.info_hash), ""),
                magnet=loaded.magnet.uri if loaded.magnet else "",
                trackers=trackers,
                selector=wish.selector,
                size=sum(file.size for file in torrent.files),
                paused=wish.paused,
                keep=wish.keep,
            )
        self._entries[torrent.info_hash] = await self._library.put(entry, torrent=loaded.torrent)

    def _choice(self, selector: str, files: tuple[int, ...] = ()) -> Choice:
        return Choice(selector, eager=self._session.settings.eager, on_demand=True, files=files)

    def _load(self, given: str | bytes, selector: str) -> Loaded:
        """Read the source (blocking)."""
        settings = self._session.settings
        if isinstance(given, bytes):
            loaded = sources.of_bytes(given, "the upload")
        else:
            if not isinstance(source.parse(given), source.Magnet | source.TorrentUrl):
                raise InputError(
                    "That is neither a magnet link, an info-hash nor the URL of a .torrent.",
                    "A .torrent itself is sent as the body.",
                    kind="bad_source",
                )
            loaded = sources.load(given, proxy=settings.proxy, source_address=settings.interface)
        if loaded.torrent and selector:
            choose.select(tuple(preparing.inspect(loaded).listed()), selector)
        return loaded

    async def remove(self, torrent: Torrent, *, delete_data: bool) -> None:
        """Let go of it, here and in the library."""
        known = self._entries.pop(torrent.info_hash, None)
        await self._library.forget(torrent.info_hash)
        if known is not None:  # else somebody else is at it
            await self._let_go(torrent, delete_data=delete_data)

    async def _let_go(self, torrent: Torrent, *, delete_data: bool) -> None:
        await self._session.remove(torrent, delete_data=delete_data)
        self._session.torrents.say(torrent, events.Removed("delete" if delete_data else "keep", torrent.name))

    async def change(self, torrent: Torrent, change: ChangeTorrent) -> None:
        """All of it or nothing."""
        given = given_in(torrent, change)
        kept = {
            name: tuple(file.index for file in value) if name == "files" else value for name, value in given.items()
        }
        if kept.get("pinned"):
            kept["keep"] = True
        self._entries[torrent.info_hash] = await self._library.update(torrent.info_hash, **kept)
        apply(torrent, given)

    async def add_peers(self, torrent: Torrent, peers: list[str]) -> int:
        """Connect to these."""
        found = await preparing.found_addresses(peers)
        torrent.handle.add_peers(found)
        return len(found)

    def more(self, torrent: Torrent) -> dict[str, Any]:
        """What only the library knows."""
        entry = self._entries.get(torrent.info_hash, Entry(torrent.info_hash))
        known = {"pinned": entry.pinned, "keep": entry.keep, "evicted": entry.evicted}
        return {"added": entry.added or None, "watched": entry.watched, **known}

    # positions and settings
    async def position(self, file: File) -> Position | None:
        """Where somebody was last."""
        return await self._library.position(file.torrent.info_hash, file.index)

    async def positions(self, torrent: Torrent) -> Sequence[Position]:
        """Where somebody was in each of its files, the newest first."""
        return await self._library.positions(torrent.info_hash)

    async def set_position(self, file: File, place: SetPosition) -> Position:
        """Keep where somebody is."""
        return await self._library.set_position(file.torrent.info_hash, file.index, place.seconds, place.duration)

    def settings(self) -> Mapping[str, Any]:
        """The limits of all torrents together, as the API tells them."""
        quota = self._settings["quota"]
        return self._settings | {"quota": "default" if quota is None else None if quota == UNLIMITED else quota}

    async def change_settings(self, change: ChangeSettings) -> None:
        """Change them at once; the next start has them too, unless its options say otherwise."""
        given = {name: value for name in CHANGEABLE if (value := getattr(change, name)) is not _unset()}
        if "quota" in given:
            given |= {"quota": {None: UNLIMITED, "default": None}.get(given["quota"], given["quota"])}
        for name, value in given.items():
            await self._library.set_setting(name, NO_LIMIT if value == UNLIMITED else value)
        if "quota" in given:
            self._settings["quota"] = self._session.settings.quota if given["quota"] is None else given["quota"]
            self.quota_changed(self._settings["quota"])
        self._settings |= {name: value for name, value in given.items() if name in LIMITS}
        self._apply_limits()

    # what torrents tell
    def _hear(self, torrent: Torrent, note: events.Note) -> None:
        info_hash = torrent.info_hash
        if info_hash not in self._entries:
            return
        if isinstance(note, events.Metadata):
            self._do(info_hash, self._library.update(info_hash, name=note.name, size=note.size))
        elif isinstance(note, events.Progress) and note.readers:
            now = asyncio.get_running_loop().time()
            if now - self._touched.get(info_hash, -WATCHED_EVERY) >= WATCHED_EVERY:
                self._touched[info_hash] = now
                self._do(info_hash, self._library.touch(info_hash))

    async def _note(self, info_hash: str, work: Coroutine[Any, Any, Entry]) -> None:
        try:
            entry = await work
        except InputError:
            return  # it was removed meanwhile
        if info_hash in self._entries:
            self._entries[info_hash] = entry

    def _do(self, info_hash: str, work: Coroutine[Any, Any, Entry]) -> None:
        """In the background; what goes wrong is said."""
        task = asyncio.get_running_loop().create_task(self._note(info_hash, work))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("the library could not be told: %s", error)


def given_in(torrent: Torrent, change: ChangeTorrent) -> dict[str, Any]:
    """What is to change, by name; ``files`` as files. ``InputError`` when there are no such files."""
    given = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not _unset()}
    if "files" in given:
        if torrent.layout is None:
            raise InputError(
                "The torrent's files are not known yet.", "Wait for its metadata event.", kind="no_metadata"
            )
        given["files"] = [torrent.file(index) for index in dict.fromkeys(given["files"])]
    return given


def apply(torrent: Torrent, given: Mapping[str, Any]) -> None:
    """Change a torrent that runs, and tell."""
    if "files" in given:
        torrent.fetch(given["files"])
    down, up = torrent.limits
    torrent.set_limits(given.get("down_limit", down), given.get("up_limit", up))
    if given.get("paused", torrent.paused) != torrent.paused:
        torrent.set_paused(given["paused"])
    goals = tuple(file.index for file in torrent.goals)
    torrent.say(events.Changed(torrent.paused, *torrent.limits, goals))


def _unset() -> Any:
    from msgspec import UNSET

    return UNSET


def _loaded(entry: Entry, metainfo: bytes) -> Loaded:
    """What it came from; of a torrent that an older release entered without it, the info-hash will do."""
    return sources.of_bytes(metainfo, entry.name) if metainfo else sources.load(entry.magnet or entry.info_hash)


def _tracker(url: str) -> str:
    try:
        return str(_TRACKER(url))
    except ValueError as error:
        raise InputError(f"A tracker's address is {error}.", "udp://, http:// or https://.", kind="bad_value") from None
