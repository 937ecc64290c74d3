"""The library's one door.

    async with await Library.open(folder) as library:
        await library.put(Entry(info_hash, "Film", magnet=link))
        await library.set_position(info_hash, 0, seconds=754.2, duration=5400.0)

Rules: whatever writes returns when it is on the disk, and only then are subscribers told; reads see all that was
written, by other processes too. Both run in threads of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from headrace.core.resume import watched_through
from headrace.errors import InputError
from headrace.library import rows
from headrace.library.records import Change, Entry, Position, Token
from headrace.library.schema import FILE, connect, failed
from headrace.library.schema import peek as look
from headrace.library.writer import Writer

T = TypeVar("T")
Subscriber = Callable[[Change], None]
_CHANGEABLE = frozenset(Entry.__dataclass_fields__) - {"info_hash"}


class Library:
    """What is known of torrents, in one folder. ``clock`` gives seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = folder / FILE
        self._clock = clock
        self._writer = Writer(self.path)
        self._readers = ThreadPoolExecutor(1, "headrace-library-read")
        self._connection: sqlite3.Connection | None = None
        self._subscribers: list[Subscriber] = []
        self._closed = False

    @classmethod
    async def open(cls, folder: Path, clock: Callable[[], float] = time.time) -> Library:
        """The library in ``folder``, made if need be; ``EngineError`` when it cannot be used."""
        library = cls(folder, clock)
        try:
            await asyncio.wrap_future(library._writer.opened)
        except BaseException:
            await library.aclose()
            raise
        return library

    async def aclose(self) -> None:
        """Write what was begun, and end. A second time it does nothing."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.close()
        self._readers.submit(self._hang_up)
        self._readers.shutdown()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def __aenter__(self) -> Library:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # torrents
    async def torrents(self) -> tuple[Entry, ...]:
        """All of them, those watched last first, then those added last."""
        return await self._read(rows.entries)

    async def torrent(self, info_hash: str) -> Entry | None:
        """One, by its v1 or v2 info-hash in any case."""
        return await self._read(lambda db: rows.entry(db, info_hash.lower()))

    async def put(self, entry: Entry, *, torrent: bytes = b"") -> Entry:
        """Add it, or replace what is said of it; positions stay. ``torrent`` is the .torrent that it came from.

        Without ``added`` it keeps the time when it was added first. Returns it as it is kept.
        """

        def work(db: sqlite3.Connection) -> tuple[Entry, bool]:
            old = rows.entry(db, entry.info_hash)
            added = entry.added or (old.added if old else self._clock())
            rows.put_entry(db, replace(entry, added=added))
            if torrent:
                rows.put_metainfo(db, entry.info_hash, torrent)
            return _known(rows.entry(db, entry.info_hash), entry.info_hash), old is None

        kept, new = await self._write(work)
        self._say(Change("added" if new else "changed", kept.info_hash))
        return kept

    async def update(self, info_hash: str, **changes: Any) -> Entry:
        """Change some of an entry's fields, by name; ``InputError`` when it is not in the library."""
        if wrong := changes.keys() - _CHANGEABLE:
            raise TypeError(f"no fields of an entry that can be changed: {sorted(wrong)}")

        def work(db: sqlite3.Connection) -> Entry:
            old = _known(rows.entry(db, info_hash.lower()), info_hash)
            rows.put_entry(db, replace(old, **changes))
            return _known(rows.entry(db, old.info_hash), info_hash)

        entry = await self._write(work)
        self._say(Change("changed", entry.info_hash))
        return entry

    async def touch(self, info_hash: str) -> Entry:
        """Somebody watches it now, and its data comes again if it was evicted."""
        return await self.update(info_hash, watched=self._clock(), evicted=False)

    async def pin(self, info_hash: str, pinned: bool = True) -> Entry:
        """Never (or again) let its data be evicted. What is pinned is to be kept."""
        return await self.update(info_hash, pinned=pinned, **({"keep": True} if pinned else {}))

    async def forget(self, info_hash: str) -> bool:
        """Drop a torrent with its positions; whether there was one. Its data is not touched."""

        def work(db: sqlite3.Connection) -> str:
            old = rows.entry(db, info_hash.lower())
            return old.info_hash if old is not None and rows.drop_entry(db, old.info_hash) else ""

        dropped = await self._write(work)
        if dropped:
            self._say(Change("forgotten", dropped))
        return bool(dropped)

    async def metainfo(self, info_hash: str) -> bytes:
        """The .torrent that it came from; empty for a magnet link."""
        return await self._read(lambda db: rows.metainfo(db, info_hash.lower()))

    # positions
    async def position(self, info_hash: str, index: int) -> Position | None:
        """Where somebody stopped in the file with this index."""
        return next((found for found in await self.positions(info_hash) if found.index == index), None)

    async def positions(self, info_hash: str | None = None) -> tuple[Position, ...]:
        """Positions in one torrent or in all, the newest first."""

        def work(db: sqlite3.Connection) -> tuple[Position, ...]:
            if info_hash is None:
                return rows.positions(db)
            entry = rows.entry(db, info_hash.lower())
            return rows.positions(db, entry.info_hash) if entry else ()

        return await self._read(work)

    async def set_position(self, info_hash: str, index: int, seconds: float, duration: float | None = None) -> Position:
        """Keep where somebody is in a file now, which counts as watching; without ``duration`` the last one counts.

        ``InputError`` when the torrent is not in the library or the figures cannot be.
        """
        _check_position(index, seconds, duration)

        def work(db: sqlite3.Connection) -> Position:
            entry = _known(rows.entry(db, info_hash.lower()), info_hash)
            before = next((p for p in rows.positions(db, entry.info_hash) if p.index == index), None)
            length = duration if duration else before.duration if before else None
            now = self._clock()
            found = Position(entry.info_hash, index, seconds, length, now, watched_through(seconds, length))
            rows.put_position(db, found)
            rows.put_entry(db, replace(entry, watched=now))
            return found

        position = await self._write(work)
        self._say(Change("position", position.info_hash, index))
        return position

    async def drop_position(self, info_hash: str, index: int) -> bool:
        """Forget where somebody stopped; whether it was known."""
        dropped = await self._write(lambda db: rows.drop_position(db, info_hash.lower(), index))
        if dropped:
            self._say(Change("position", info_hash.lower(), index))
        return dropped

    # settings and tokens
    async def settings(self) -> dict[str, Any]:
        """Settings that were changed at run time, by name."""
        return await self._read(rows.settings)

    async def set_setting(self, name: str, value: object) -> None:
        """Keep a setting (JSON's types); None takes it back."""
        await self._write(lambda db: rows.put_setting(db, name, value))
        self._say(Change("setting", name=name))

    async def tokens(self) -> tuple[Token, ...]:
        """Tokens that have not expired, the oldest first."""
        now = self._clock()
        return tuple(t for t in await self._read(rows.tokens) if t.expires is None or t.expires > now)

    async def put_token(self, token: Token) -> None:
        """Keep a token."""
        await self._write(lambda db: rows.put_token(db, token))
        self._say(Change("token"))

    async def drop_token(self, digest: str) -> bool:
        """Forget a token; whether there was one."""
        dropped = await self._write(lambda db: rows.drop_token(db, digest))
        if dropped:
            self._say(Change("token"))
        return dropped

    # telling
    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear what this process changes, on its event loop; returns what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber) if subscriber in self._subscribers else None

    def _say(self, change: Change) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(change)

    # threads
    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._writer.submit(work))

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, work)

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = connect(self.path)
            self._connection.execute("PRAGMA query_only = ON")
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            raise failed(error, self.path) from None


def peek(folder: Path) -> tuple[Entry, ...] | None:
    """The torrents of a library that cannot be opened since the disk is full; None when that cannot be told."""
    path = folder / FILE
    try:
        if not path.exists() or not path.stat().st_size:
            return ()
        connection = look(path)
        if connection is None:
            return None
        with contextlib.closing(connection):
            return rows.entries(connection)
    except (OSError, sqlite3.Error):
        return None


def _known(entry: Entry | None, info_hash: str) -> Entry:
    if entry is None:
        raise InputError(f"{info_hash} is not in the library.", "Add it first.", kind="no_torrent")
    return entry


def _check_position(index: int, seconds: float, duration: float | None) -> None:
    usable = index >= 0 and 0 <= seconds < math.inf and (duration is None or 0 <= duration < math.inf)
    if not usable:
        raise InputError("A position is a file's index and seconds from 0 on.", kind="bad_position")


__all__ = ["Change", "Entry", "Library", "Position", "Token"]
