"""One engine and its torrents: what the command line, the demo and programs in Python share.

Rules: ``start`` and ``begin`` need no event loop and import none, so that peers are met while the rest is loaded;
``attach`` and what follows run in one. Data of a torrent lies under its info-hash unless a folder is named for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from headrace import preparing
from headrace.core.choice import Choice
from headrace.engine.base import Engine, EngineTorrent
from headrace.errors import EngineError
from headrace.preparing import Prepared
from headrace.store import Lock, Store

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

    from headrace.settings import Settings
    from headrace.sources import Loaded
    from headrace.streaming.registry import Torrents
    from headrace.streaming.sharing import Sharing
    from headrace.streaming.torrent import Torrent

SAVE_EVERY = 5.0
"""Seconds between saves of resume data while pieces arrive: what a kill can cost is fetched again."""
SAVE_WITHIN = 2.0
"""Seconds that the engine has to tell the state of a torrent that is removed."""
MANY_FILES = 2000
"""More files than this are looked at in the end only: 2 µs each would hold the event loop for too long (after a kill,
all is hashed again then)."""
DEFAULT_CHOICE = Choice()


class Begun(Struct, frozen=True):
    """A torrent that the engine has, before there is an event loop."""

    handle: EngineTorrent
    name: str
    info_hashes: tuple[str, ...]
    choice: Choice
    store: Store
    lock: Lock
    folder: Path
    foreign: bool
    """The folder was named for this torrent: others' files may be in it, and ours alone are to stay."""

    def paths(self) -> list[str]:
        """Files that may lie in the folder; none before the metadata."""
        layout, part_file = self.handle.layout, self.handle.part_file
        return [*(e.path for e in layout.listed()), *([part_file.name] if part_file else [])] if layout else []


class Watcher(Protocol):
    """Whoever sees to it that there is room for data."""

    def grew(self, size: int) -> None:
        """So many bytes were checked: they arrived, or were there already."""

    def full(self, torrent: Torrent) -> None:
        """The disk is full, and this one waits for room."""


class Session:
    """An engine, its torrents and where their data lies.

        async with Session() as session:
            torrent = await session.add("magnet:?xt=…")

    ``settings`` are the options of the command line; ``engine`` is for tests; ``torrents`` is where those of this
    session are to be found beside another's.
    """

    def __init__(
        self, settings: Settings | None = None, *, engine: Engine | None = None, torrents: Torrents | None = None
    ) -> None:
        if settings is None:
            from headrace.settings import Settings

            settings = Settings()
        self.settings = settings
        self._engine = engine
        self._begun: dict[str, Begun] = {}
        self._torrents = torrents
        self._saver: asyncio.Task[None] | None = None
        self._sharing: Sharing | None = None
        self._changed: set[str] = set()
        self._door: asyncio.Lock
        """One torrent at a time is let in, so that none is twice."""
        self.watcher: Watcher | None = None

    @property
    def torrents(self) -> Torrents:
        """The torrents, once there is an event loop."""
        if self._torrents is None:
            raise RuntimeError("the session is not open: use `async with`")
        return self._torrents

    # before the event loop
    def start(self) -> None:
        """Start the engine; ``EngineError`` when it cannot."""
        if self._engine is None:
            try:
                from headrace.engine.libtorrent import LibtorrentEngine
            except ImportError as error:
                raise EngineError(f"The engine is missing: {error}.", "pip install 'libtorrent>=2.1.1'") from None
            self._engine = LibtorrentEngine(self.settings.engine_options(self._blocked()))
        self._engine.start()

    def _blocked(self) -> Sequence[tuple[str, str]]:
        if not self.settings.blocklist:
            return ()
        from headrace import blocklists

        settings = self.settings
        return blocklists.load(settings.blocklist, proxy=settings.proxy, source_address=settings.interface)

    def begin(
        self,
        loaded: Loaded,
        choice: Choice = DEFAULT_CHOICE,
        folder: Path | None = None,
        peers: tuple[tuple[str, int], ...] | None = None,
    ) -> Begun:
        """Hand a torrent to the engine. ``folder`` is where its files go; else a folder of its own under ``dir``.

        ``peers`` are those of the settings and the source, by address; looked up here when they are not given.

        Raises InputError for what cannot be read, EngineError when the folder cannot be written or is in use.
        """
        return self._hand_over(preparing.prepare(self.settings, loaded, choice, folder, peers))

    def _hand_over(self, prepared: Prepared) -> Begun:
        request = prepared.request
        try:
            handle = self._running().add(request)
        except Exception:
            prepared.lock.release()
            raise
        begun = Begun(
            handle,
            prepared.name,
            prepared.info_hashes,
            prepared.choice,
            prepared.store,
            prepared.lock,
            request.save_path,
            prepared.foreign,
        )
        self._begun[request.info_hash] = begun
        return begun

    async def introduce(
        self, loaded: Loaded, choice: Choice = DEFAULT_CHOICE, folder: Path | None = None
    ) -> tuple[Torrent, bool]:
        """As ``begin`` and ``adopt``, without blocking the event loop; perhaps still without metadata.

        A torrent that is there already is given back as it is; the second says whether it is new.
        """
        import asyncio

        who = await asyncio.to_thread(preparing.identity, loaded)
        async with self._door:
            known = next(filter(None, map(self.torrents.get, who[1])), None)
            if known is not None:
                return known, False
            prepared = await asyncio.to_thread(preparing.prepare, self.settings, loaded, choice, folder, known=who)
            return self.adopt(self._hand_over(prepared)), True

    def set_limits(self, down_limit: int, up_limit: int, max_peers: int) -> None:
        """Of all torrents together, instead of what the settings say."""
        self._running().set_limits(down_limit, up_limit, max_peers)

    def _running(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the session was not started")
        return self._engine

    # in the event loop
    def attach(self) -> None:
        """Take the engine's events on the running loop from now on."""
        import asyncio

        from headrace.streaming.registry import Torrents

        if self._torrents is None:
            self._torrents = Torrents()
        self._door = asyncio.Lock()
        self._running().attach(self._torrents.dispatch)
        self._saver = asyncio.get_running_loop().create_task(self._save_now_and_then())

    def adopt(self, begun: Begun) -> Torrent:
        """The torrent that was begun."""
        from headrace.core.events import Metadata
        from headrace.streaming.torrent import Torrent

        torrent = Torrent(begun.handle, name=begun.name, info_hashes=begun.info_hashes, choice=begun.choice)
        torrent.resume_saved = lambda data: self._save(begun, data)
        torrent.pieces_came = lambda count: self._pieces_came(torrent, count)
        torrent.disk_full = lambda: self.watcher.full(torrent) if self.watcher is not None else None
        torrent.subscribe(lambda note: begun.handle.save_resume() if isinstance(note, Metadata) else None)
        self.torrents.add(torrent)
        self._share()
        return torrent

    def _share(self) -> None:
        """With a second torrent the link is shared."""
        if self._sharing is None and len(self.torrents) > 1:
            from headrace.streaming.sharing import Sharing

            self._sharing = Sharing(self.torrents)

    def _pieces_came(self, torrent: Torrent, count: int) -> None:
        self._changed.add(torrent.info_hash)
        if self.watcher is not None and torrent.layout is not None:
            self.watcher.grew(count * torrent.layout.piece_length)

    async def add(
        self, source: str, *, file: str = "", folder: Path | None = None, timeout: float | None = None
    ) -> Torrent:
        """Add a magnet link, info-hash, .torrent path or URL; returns with the metadata.

        ``file`` selects what is fetched in the end (default: the main video). ``timeout`` in seconds (default: the
        settings'). Raises InputError, SwarmError or EngineError.
        """
        import asyncio

        from headrace import sources

        settings = self.settings
        loaded = await asyncio.to_thread(sources.load, source, proxy=settings.proxy, source_address=settings.interface)
        limit = settings.timeout or None if timeout is None else timeout
        torrent, new = await self.introduce(loaded, Choice(selector=file, eager=settings.eager), folder)
        try:
            await torrent.metadata(limit)
        except BaseException:
            if new:
                await self.remove(torrent)
            raise
        return torrent

    async def remove(self, torrent: Torrent, *, delete_data: bool = False) -> None:
        """Let go of a torrent; its readers fail. With ``delete_data`` its files and what is kept of it go too, else
        its state is saved once more."""
        async with self._door:
            await self._remove(torrent, delete_data)

    async def _remove(self, torrent: Torrent, delete_data: bool) -> None:
        if not delete_data and torrent.layout is not None:
            await self._save_last(torrent)
        torrent.resume_saved = None
        await torrent.remove(delete_data=delete_data)
        self.torrents.discard(torrent)
        begun = self._begun.pop(torrent.info_hash, None)
        if begun is None:
            return
        if delete_data:
            begun.store.forget(torrent.info_hash)
            _remove_empty(torrent.handle, self.settings.data_folder)
            begun.lock.release()
        else:
            self._leave(begun)

    async def _save_last(self, torrent: Torrent) -> None:
        """Ask for the state and wait until it is saved, a moment at most."""
        import asyncio

        saved, save = asyncio.Event(), torrent.resume_saved

        def keep(data: bytes) -> None:
            if save is not None:
                save(data)
            saved.set()

        torrent.resume_saved = keep
        torrent.handle.save_resume()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(saved.wait(), SAVE_WITHIN)

    def _save(self, begun: Begun, data: bytes) -> None:
        if begun.choice.metadata_only and begun.store.load(begun.handle.info_hash):
            return  # it looked at the metadata alone: what is known of the data stays as it is
        with contextlib.suppress(OSError):  # a full disk: the next start hashes what is there
            begun.store.save(begun.handle.info_hash, data)
            if len(paths := begun.paths()) <= MANY_FILES:
                begun.store.describe(begun.handle.info_hash, begun.folder, paths, clean=False)

    async def _save_now_and_then(self) -> None:
        import asyncio

        while True:
            await asyncio.sleep(SAVE_EVERY)
            for info_hash in tuple(self._changed):
                self._changed.discard(info_hash)
                if info_hash in self._begun:
                    self._begun[info_hash].handle.save_resume()

    async def aclose(self) -> None:
        """End: readers fail, state is saved, trackers are told."""
        if self._saver is not None:
            self._saver.cancel()
        for torrent in self._own():
            torrent.close()
        if self._engine is not None:
            await self._engine.aclose()
        for begun in self._begun.values():
            self._leave(begun)
        self._begun.clear()

    def _own(self) -> list[Torrent]:
        """Those of this session, which may share the place where they are found."""
        if self._torrents is None:
            return []
        return [torrent for info_hash in self._begun if (torrent := self._torrents.get(info_hash)) is not None]

    def _leave(self, begun: Begun) -> None:
        """The engine writes no more: what lies there now is what the saved state is about."""
        info_hash, paths = begun.handle.info_hash, begun.paths()
        with contextlib.suppress(OSError):
            if paths and not begun.choice.metadata_only and begun.store.load(info_hash):
                begun.store.describe(info_hash, begun.folder, paths, clean=True)
            part_file = begun.handle.part_file
            if begun.foreign and part_file is not None and part_file.exists():
                begun.store.park(info_hash, part_file)
        begun.lock.release()

    async def __aenter__(self) -> Session:
        import asyncio

        await asyncio.to_thread(self.start)
        self.attach()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _remove_empty(handle: EngineTorrent, home: Path) -> None:
    """The folder that was the torrent's own, if nothing else is in it."""
    with contextlib.suppress(OSError):
        (home / handle.info_hash).rmdir()
