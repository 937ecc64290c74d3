"""``headrace cache``: what is on the disk, by torrent."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from headrace.cli.parsing import Arguments, Verb
from headrace.cli.words import clean, count
from headrace.core import events, quota
from headrace.core.quota import Held
from headrace.core.units import format_size
from headrace.errors import EngineError, InputError
from headrace.holdings import Holdings
from headrace.library import presence
from headrace.library.library import Library
from headrace.library.records import Entry
from headrace.settings import Settings, UsageError
from headrace.storage import Storage, open_library

VERB = Verb(
    "cache",
    "what is on the disk: list, remove, pin",
    (
        ("headrace cache ls", "every torrent that has data, the last watched first"),
        ("headrace cache rm sintel", "remove its data; where you stopped is still known"),
        ("headrace cache forget sintel", "remove its data and all that is known of it"),
        ("headrace cache gc --quota 5G", "remove what was watched longest ago until 5 GiB are left"),
        ("headrace cache pin sintel", "never remove its data by itself; the contrary: unpin"),
    ),
    source=False,
    notes="TORRENT is an info-hash or its beginning (4 digits or more), a glob or a part of the name. What is being "
    "read is never removed. Exit code 5 when what was named is open in another Headrace.\n"
    "Sizes are those on the disk: of a file that is half there, the half.",
    words="ls | gc | (rm | forget | pin | unpin) TORRENT…",
)
_SHORT = 4
"""Digits of an info-hash from which on they are taken for one."""


class Row(Struct, frozen=True):
    """A torrent as the list shows it: its data, if it has any, and what the library knows."""

    held: Held
    entry: Entry | None
    name: str
    evictable: bool

    def as_json(self) -> dict[str, Any]:
        """The object of ``--json``; ``total`` is the size of all its files, null while unknown."""
        entry, held = self.entry, self.held
        return {
            "infohash": held.info_hash,
            "name": self.name,
            "size": held.size,
            "total": (entry.size or None) if entry else None,
            "added": entry.added if entry else None,
            "watched": entry.watched if entry else None,
            "pinned": held.pinned,
            "in_use": held.reading,
            "evictable": self.evictable,
        }


class Cache:
    """One look at a data folder. Nothing is made that is not there yet."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.holdings = Holdings(settings.data_folder)
        self.library: Library
        self.storage: Storage

    async def run(self, work: Callable[[Cache], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Do it with the library open."""
        folder = self.settings.library_folder
        async with await open_library(folder, self.holdings, self._heard) as self.library:
            self.storage = Storage(self.holdings, self.library, self.settings.quota)
            return await work(self)

    def _heard(self, note: events.Note) -> None:
        """On a full disk something had to go before anything could be looked at."""
        sys.stderr.write(f"{clean(note.as_dict()['message'])}\n")

    async def rows(self) -> list[Row]:
        """What has data or an entry, those watched last first."""
        names = {each.info_hash: each.name for each in await asyncio.to_thread(self.holdings.look)}
        held = {each.info_hash: each for each in await self.storage.held()}
        entries = {entry.info_hash: entry for entry in await self.library.torrents()}
        may_go = {each.info_hash for each in quota.evictable(held.values())}
        rows = []
        for info_hash in held.keys() | entries.keys():
            entry = entries.get(info_hash)
            name = (entry.name if entry else "") or names.get(info_hash, "")
            empty = Held(info_hash, 0, (entry.watched or entry.added) if entry else 0.0, bool(entry and entry.pinned))
            rows.append(Row(held.get(info_hash, empty), entry, name, info_hash in may_go))
        return sorted(rows, key=lambda row: (-row.held.watched, row.held.info_hash))


def run(arguments: Arguments) -> int:
    """Do what was asked; the exit code."""
    action, *names = arguments.words or ("ls",)
    if action not in _WORK:
        raise UsageError(f"cache cannot {action[:40]!r}.", f"It takes: {', '.join(_WORK)}. See: headrace cache --help")
    if bool(names) != (action not in ("ls", "gc")):
        raise UsageError(
            f"cache {action} takes no TORRENT." if names else f"cache {action}: no TORRENT was given.",
            "See: headrace cache --help",
        )
    settings = arguments.settings
    cache = Cache(settings)
    if not settings.data_folder.exists() and not (settings.library_folder / "library.db").exists():
        found = _nothing(cache, names)
    else:
        found = asyncio.run(cache.run(lambda cache: _WORK[action](cache, names)))
    sys.stdout.write((json.dumps(found) if settings.json else as_text(action, found)) + "\n")
    return 0


def choose(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Those that the names mean, each once; ``InputError`` for a name that means none, or several and is no glob."""
    found: dict[str, Row] = {}
    for name in names:
        matches = [row for row in rows if _fits(row, name)]
        if not matches:
            raise InputError(
                f"No torrent here is called {clean(name)[:80]!r}.", "See: headrace cache ls", kind="no_torrent"
            )
        if len(matches) > 1 and not any(c in name for c in "*?["):
            shown = ", ".join(clean(row.name) or row.held.info_hash for row in matches[:4])
            raise InputError(
                f"{clean(name)[:80]!r} means {len(matches)} torrents: {shown}.",
                "Give more of the name, the info-hash, or a glob for all of them.",
                kind="ambiguous",
            )
        found.update((row.held.info_hash, row) for row in matches)
    return list(found.values())


def _fits(row: Row, name: str) -> bool:
    low, info_hash = name.lower(), row.held.info_hash
    hashes = (info_hash, row.entry.info_hash_v2) if row.entry else (info_hash,)
    if len(low) >= _SHORT and any(each.startswith(low) for each in hashes):
        return True
    if any(c in name for c in "*?["):
        return fnmatch.fnmatchcase(row.name.lower(), low)
    return bool(low) and low in row.name.lower()


# what it can do
async def _ls(cache: Cache, names: Sequence[str]) -> dict[str, Any]:
    rows = [row for row in await cache.rows() if row.held.size]
    limit = await cache.storage.limit([row.held for row in rows])
    return _summary(cache, rows, limit)


async def _gc(cache: Cache, names: Sequence[str]) -> dict[str, Any]:
    before = {row.held.info_hash: row for row in await cache.rows() if row.held.size}
    await cache.storage.sweep()
    await cache.storage.check()
    after = await _ls(cache, names)
    left = {torrent["infohash"] for torrent in after["torrents"]}
    gone = [_removed(row, row.held.size) for info_hash, row in before.items() if info_hash not in left]
    return {
        "removed": gone,
        "freed": sum(each["freed"] for each in gone),
        "size": after["size"],
        "quota": after["quota"],
    }


async def _rm(cache: Cache, names: Sequence[str], *, forget: bool = False) -> dict[str, Any]:
    gone = []
    for row in choose(await cache.rows(), names):
        try:
            freed = await asyncio.to_thread(cache.holdings.delete, row.held.info_hash, state=forget)
        except EngineError as error:
            server = presence.find(cache.settings.library_folder) if error.kind == "in_use" else None
            raise (server.refusal() if server is not None else error) from None
        if forget:
            await cache.library.forget(row.held.info_hash)
        elif row.entry is not None:
            await cache.library.update(row.held.info_hash, evicted=True)
        gone.append(_removed(row, freed))
    return {"removed": gone, "freed": sum(each["freed"] for each in gone)}


async def _forget(cache: Cache, names: Sequence[str]) -> dict[str, Any]:
    return await _rm(cache, names, forget=True)


async def _pin(cache: Cache, names: Sequence[str], *, pinned: bool = True) -> dict[str, Any]:
    chosen = choose(await cache.rows(), names)
    for row in chosen:
        if row.entry is None:
            await cache.library.put(Entry(row.held.info_hash, row.name))
        await cache.library.pin(row.held.info_hash, pinned)
    told = [{"infohash": row.held.info_hash, "name": row.name} for row in chosen]
    return {"pinned" if pinned else "unpinned": told}


async def _unpin(cache: Cache, names: Sequence[str]) -> dict[str, Any]:
    return await _pin(cache, names, pinned=False)


_WORK: dict[str, Callable[[Cache, Sequence[str]], Awaitable[dict[str, Any]]]] = {
    "ls": _ls,
    "gc": _gc,
    "rm": _rm,
    "forget": _forget,
    "pin": _pin,
    "unpin": _unpin,
}


def _nothing(cache: Cache, names: Sequence[str]) -> dict[str, Any]:
    """There is no folder: nothing is in it, and none is made."""
    choose([], names)
    limit = cache.settings.quota
    limit = quota.default_quota(cache.holdings.free(), 0) if limit is None else limit
    return _summary(cache, [], limit) | {"removed": [], "freed": 0}


def _summary(cache: Cache, rows: Sequence[Row], limit: int) -> dict[str, Any]:
    return {
        "folder": str(cache.settings.data_folder),
        "size": sum(row.held.size for row in rows),
        "quota": None if limit == quota.UNLIMITED else limit,
        "free": cache.holdings.free(),
        "torrents": [row.as_json() for row in rows],
    }


def _removed(row: Row, freed: int) -> dict[str, Any]:
    return {"infohash": row.held.info_hash, "name": row.name, "freed": freed}


# how it is told
def as_text(action: str, found: dict[str, Any]) -> str:
    """What a person reads."""
    if action == "ls":
        return table(found, time.time())
    if action in ("pin", "unpin"):
        return "\n".join(f"{action.capitalize()}ned: {_title(each)}" for each in next(iter(found.values())))
    lines = [f"Removed: {_title(each)}, {format_size(each['freed'])}" for each in found["removed"]]
    if action == "gc":
        lines.append(f"{format_size(found['freed'])} freed, {_of_quota(found)}.")
    return "\n".join(lines)


def table(found: dict[str, Any], now: float) -> str:
    """A line for each torrent, the name last."""
    rows = [("HASH", "SIZE", "OF", "WATCHED", "STATE", "NAME")]
    for each in found["torrents"]:
        total = format_size(each["total"]) if each["total"] else "?"
        state = "in use" if each["in_use"] else "pinned" if each["pinned"] else ""
        watched = ago(now - each["watched"]) if each["watched"] else "never"
        rows.append((each["infohash"][:8], format_size(each["size"]), total, watched, state, clean(each["name"])))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(f"{cell:{'>' if column in (1, 2) else '<'}{widths[column]}}" for column, cell in enumerate(row[:5]))
        + f"  {row[5]}"
        for row in rows
    ]
    head = f"{clean(found['folder'])}: {count(len(rows) - 1, 'torrent')}, {_of_quota(found)}"
    return "\n".join([head, *(line.rstrip() for line in lines)] if found["torrents"] else [head])


def ago(seconds: float) -> str:
    """How long ago, no more exact than anybody wants to know."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(int(seconds // length), unit)} ago"
    return "now"


def _of_quota(found: dict[str, Any]) -> str:
    limit = "no limit" if found["quota"] is None else f"quota {format_size(found['quota'])}"
    return f"{format_size(found['size'])} on the disk ({limit})"


def _title(each: dict[str, Any]) -> str:
    return clean(each["name"]) or str(each["infohash"])
