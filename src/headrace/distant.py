"""A torrent of a server in another process: added, heard, asked.

Rules: events are heard before anything is asked for, so that none is missed; what ends it all (the server ended, the
torrent was removed or failed) is an error in ``over``. Nothing is shown here: whoever subscribes does that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from headrace.core import events
from headrace.core.pieces import FileEntry
from headrace.core.source import format_peer
from headrace.errors import EngineError, HeadraceError
from headrace.remote import Lines, Remote

if TYPE_CHECKING:
    from headrace.settings import Settings
    from headrace.sources import Loaded

Subscriber = Callable[[events.Note], None]
T = TypeVar("T")


class Distant:
    """One torrent. ``told`` is what the API says of it, from its addition on."""

    def __init__(self, remote: Remote, loaded: Loaded) -> None:
        self._remote, self._loaded = remote, loaded
        self._hashes = frozenset({loaded.info_hash})
        self._subscribers: list[Subscriber] = []
        self._lines = Lines()
        self._removing = False
        loop = asyncio.get_running_loop()
        self._open: asyncio.Future[None] = loop.create_future()
        self._known: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self.over.add_done_callback(lambda over: over.cancelled() or over.exception())
        self._listening = loop.create_task(self._listen())
        self._listening.add_done_callback(self._ended)
        self.told: dict[str, Any] = {}

    async def add(self, settings: Settings) -> bool:
        """Have the server add it; whether it is new there."""
        await self.unless_over(self._open)
        loaded = self._loaded
        peers = [format_peer(peer) for peer in settings.peers]
        if loaded.magnet is not None:
            body = {"source": loaded.magnet.uri, "trackers": settings.trackers, "peers": peers, "keep": settings.keep}
            body |= {"file": settings.file} if settings.file else {}
            status, self.told = await self._remote.ask("POST", "/torrents", body)
        else:
            query = [*(("tracker", url) for url in settings.trackers), *(("peer", peer) for peer in peers)]
            query += [("file", settings.file)] if settings.file else []
            query += [("keep", "true" if settings.keep else "false")]
            status, self.told = await self._remote.ask("POST", "/torrents", data=loaded.torrent, query=query)
        self._hashes |= frozenset(self.told["infohashes"])
        if self.told["paused"]:  # who plays it wants it to go on
            await self._remote.ask("PATCH", self._path(), {"paused": False})
        return status == 201

    async def files(self, timeout: float | None) -> Files:
        """The files, once they are known; ``TimeoutError`` after so many seconds."""
        if self.told["size"] is None:
            async with asyncio.timeout(timeout):
                await self.unless_over(self._known)
        await self.look()
        return Files((await self._remote.get(self._path("/files")))["files"])

    async def look(self) -> dict[str, Any]:
        """What the API says now."""
        self.told = await self._remote.get(self._path())
        return self.told

    async def resume_of(self, index: int) -> float:
        """Where to go on in a file, in seconds; 0.0 at its beginning."""
        return float((await self._remote.get(self._path(f"/files/{index}/position")))["resume"])

    async def keep(self, index: int, seconds: float, duration: float | None) -> None:
        """Keep where somebody is in a file."""
        place = {"seconds": seconds, "duration": duration}
        await self._remote.ask("PUT", self._path(f"/files/{index}/position"), place)

    async def cast(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Have a device play one of its files; what the API says of that."""
        _, told = await self._remote.ask("POST", "/cast", {"infohash": self.told["infohash"], **wish})
        return dict(told)

    async def steer(self, cast: str, change: dict[str, Any]) -> None:
        """Change what a device does."""
        await self._remote.ask("PATCH", f"/cast/{cast}", change)

    async def end_cast(self, cast: str) -> None:
        """Stop a device; an error if it has ended."""
        await self._remote.ask("DELETE", f"/cast/{cast}")

    async def remove(self, *, data: bool) -> None:
        """Have the server forget it, and delete its data or not."""
        self._removing = True
        await self._remote.ask("DELETE", self._path(), query=[("data", "delete" if data else "keep")])

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear what happens to it; returns what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber) if subscriber in self._subscribers else None

    async def unless_over(self, awaited: asyncio.Future[T]) -> T:
        """Its result, unless something ends all of it first."""
        ends: list[asyncio.Future[Any]] = [awaited, self.over]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not awaited.done():
            self.over.result()
        return awaited.result()

    async def aclose(self) -> None:
        """Hear nothing more."""
        self._listening.cancel()
        await asyncio.wait([self._listening])

    def _path(self, rest: str = "") -> str:
        return f"/torrents/{self.told['infohash']}{rest}"

    async def _listen(self) -> None:
        """Hear events until the server ends. A stream that breaks (who is slow is cut off) is opened again."""
        while True:
            worked = False
            try:
                async for told in self._remote.listen(self._lines):
                    worked = True
                    if not self._open.done():
                        self._open.set_result(None)
                    for each in told:
                        if each.get("infohash") in self._hashes and (note := events.note_of(each)) is not None:
                            self._take(note)
            except EngineError:
                if not worked:
                    raise

    def _take(self, note: events.Note) -> None:
        if isinstance(note, events.Metadata) and not self._known.done():
            self._known.set_result(None)
        elif isinstance(note, events.Removed) and not self._removing:
            self._fail(EngineError("The torrent was removed from the server.", "Play it again.", kind="removed"))
        elif isinstance(note, events.Progress) and note.state == "failed":
            self._fail(HeadraceError("The torrent failed on the server.", "Its page there says why."))
        for subscriber in tuple(self._subscribers):
            subscriber(note)

    def _ended(self, listening: asyncio.Task[None]) -> None:
        if not listening.cancelled() and (error := listening.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self.over.done():
            self.over.set_exception(error)


class Files:
    """The files of a torrent, as the API lists them."""

    def __init__(self, listed: list[dict[str, Any]]) -> None:
        self._by_index = {each["index"]: each for each in listed}
        self.entries = tuple(FileEntry(each["index"], each["path"], each["size"], each["offset"]) for each in listed)

    def url(self, index: int) -> str:
        """The URL of a file's stream."""
        return str(self._by_index[index]["url"])

    def described(self) -> tuple[dict[str, Any], ...]:
        """As the metadata event has them."""
        return tuple(
            {name: each[name] for name in ("index", "path", "size", "kind")} for each in self._by_index.values()
        )
