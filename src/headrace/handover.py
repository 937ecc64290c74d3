"""``play`` where a server has the folder: the server streams; the player is opened, listened to and told of here.

Rules: what users see, and how it ends, is as if this process had done it all. What does nothing since the engine is
another process's is said; what would send traffic another way than was asked for is refused. The torrent stays with the
server, unless it came with ``--no-keep`` and the server did not have it.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from headrace.bookmarks import Bookmarks, Places, index_in
from headrace.core import choose, events
from headrace.core.pieces import FileEntry
from headrace.core.subtitles import sidecars
from headrace.distant import Distant, Files
from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.players.base import is_device
from headrace.remote import Remote
from headrace.screening import Film, Screening, Stop, pass_on, stop
from headrace.settings import OPTIONS
from headrace.streaming.meeting import until_peers

if TYPE_CHECKING:
    from headrace.app import Say
    from headrace.library.presence import Present
    from headrace.players.base import OnState, PlayerState, Running
    from headrace.settings import Settings
    from headrace.sources import Loaded

OWN = (
    *("host", "port", "token", "auth", "allow_hosts", "quota", "eager", "down_limit", "up_limit", "max_peers"),
    "peer_port",
)
"""Settings of an engine and a server of one's own, which this run has not."""
LET_GO = 2.0
"""Seconds that the server has to notice that a player has gone."""


def check(server: Present, settings: Settings) -> None:
    """``EngineError`` when traffic would go another way than these settings say."""
    wrong = [name for name, digest in settings.network.items() if server.network.get(name) != digest]
    if not wrong:
        return
    flags = ", ".join("--no-dht" if name == "dht" else OPTIONS[name].flags[-1] for name in wrong)
    raise EngineError(
        f"The Headrace server of this folder (process {server.pid}) was not started with the same {flags}.",
        f"Start it so, end it, leave {flags} out, or choose another folder: --dir DIR.",
        kind="in_use",
    )


class Handover:
    """One run. ``flags`` are the settings that were given on the command line."""

    def __init__(
        self, server: Present, settings: Settings, loaded: Loaded, say: Say, flags: frozenset[str] = frozenset()
    ) -> None:
        self._server, self._settings, self._loaded, self._say = server, settings, loaded, say
        self._flags = flags
        self._bookmarks = Bookmarks(self._index_of, self._keep)
        self._screening = Screening(settings, say, self._heard)
        self._torrent: Distant
        self._entry: FileEntry | None = None
        self._last: events.Progress | None = None
        self._before = (0, 0)
        """Bytes that the server had received and sent when this began."""
        self._told: set[str] = set()
        """Events that come once, and came."""

    async def run(self) -> int:
        """Add, play, clean up; the exit code."""
        check(self._server, self._settings)
        self._screening.choose()
        self._say(events.Starting(self._loaded.origin))
        self._say_what_does_nothing()
        async with Remote(self._server.url, self._server.token) as remote:
            self._torrent = Distant(remote, self._loaded)
            self._torrent.subscribe(self._hear)
            try:
                new = await self._torrent.add(self._settings)
                self._before = (self._torrent.told["downloaded"], self._torrent.told["uploaded"])
                return await self._play(new)
            finally:
                await asyncio.shield(self._end())

    def _say_what_does_nothing(self) -> None:
        idle = [OPTIONS[name].flags[-1] for name in OWN if name in self._flags]
        if idle:
            does = "does" if len(idle) == 1 else "do"
            told = f"{', '.join(idle)} {does} nothing here: the server at {self._server.url} streams this."
            self._say(events.Warning("server", told))

    async def _play(self, new: bool) -> int:
        early = new and self._screening.may_be_early and self._torrent.told["watched"] is None
        player = asyncio.ensure_future(self._launch_early()) if early else None
        try:
            files = await self._files()
            entry = self._entry = self._chosen(files)
            self._say(events.Selected(entry.index, entry.path, entry.size))
            running = await player if player is not None else await self._launch(files, entry)
        except BaseException as error:
            if player is not None:
                await stop(player)
            if new and isinstance(error, InputError):  # it is not what the user took it for
                await self._torrent.remove(data=False)
            raise
        if early:
            await running.add_subtitles(_sidecars(files, entry))
        return await self._until_end(running)

    async def _files(self) -> Files:
        torrent, timeout = self._torrent, self._settings.timeout or None
        try:
            files = await torrent.files(timeout)
        except TimeoutError:
            peers = self._last.peers if self._last else 0
            raise SwarmError(
                f"No metadata within {timeout:.0f} s: {peers} peers connected.",
                f"The server at {self._server.url} goes on looking. Try --tracker URL or --peer HOST:PORT.",
                kind="no_metadata",
            ) from None
        told = torrent.told
        self._once(
            events.Metadata(told["infohash"], told["name"], told["size"], told["piece_length"], files.described())
        )
        return files

    def _chosen(self, files: Files) -> FileEntry:
        if self._settings.all:
            return choose.playlist(files.entries)[0]
        selector = self._settings.file
        return choose.select(files.entries, selector) if selector else choose.main_video(files.entries)

    # the player
    async def _launch_early(self) -> Running:
        told = self._torrent.told
        self._say_serving(told["url"])
        return await self._screening.launch(Film(told["url"], told["name"]), {})

    async def _launch(self, files: Files, entry: FileEntry) -> Running:
        told, playlist = self._torrent.told, self._settings.all
        self._say_serving(files.url(entry.index))
        if told["selected"] == entry.index and told["time_to_playable"] == 0:
            self._once(events.Ready(told["buffered_bytes"]))  # the server said it before
        stops = {}
        for each in choose.playlist(files.entries) if playlist else [entry]:
            if self._screening.resumes and (seconds := await self._torrent.resume_of(each.index)):
                stops[each.index] = Stop(each.path, seconds)
        url = told["playlist_url"] if playlist else files.url(entry.index)
        film = Film(
            url, entry.name, entry.index, () if playlist else _sidecars(files, entry), partial(self._cast, entry, url)
        )
        return await self._screening.launch(film, stops)

    async def _cast(self, entry: FileEntry, url: str, start: float, on_state: OnState) -> Running:
        from headrace import relay

        return await relay.cast(self._torrent, self._settings, entry, url, start, self._say, on_state)

    def _say_serving(self, url: str) -> None:
        self._say(events.Serving(url, self._torrent.told["playlist_url"], urlsplit(url).port or 80))

    async def _until_end(self, running: Running) -> int:
        torrent, timeout = self._torrent, self._settings.timeout
        peers = asyncio.ensure_future(
            until_peers(torrent.subscribe, torrent.over, timeout, lambda note: bool(note.share))
        )
        peers.add_done_callback(lambda task: pass_on(task, torrent.over))
        try:
            return await self._screening.until_end(running, torrent.over)
        finally:
            peers.cancel()

    # what the server tells
    def _hear(self, note: events.Note) -> None:
        if isinstance(note, events.Progress):
            self._last = note
            self._say(self._completed(note))
        elif isinstance(note, events.Metadata) or (isinstance(note, events.Ready) and not self._other):
            self._once(note)
        elif isinstance(note, events.Waiting | events.Resumed | events.Warning):
            self._say(note)

    @property
    def _other(self) -> bool:
        """Another file plays than the one that the server has chosen."""
        return self._entry is not None and self._torrent.told["selected"] != self._entry.index

    def _once(self, note: events.Note) -> None:
        if note.event not in self._told:
            self._told.add(note.event)
            self._say(note)

    def _completed(self, note: events.Progress) -> events.Progress:
        """With what only the player knows; counted from the beginning of this run.

        The server speaks of the file that it has chosen for the torrent; what that says of another one is left out.
        """
        screening = self._screening
        if self._entry is not None and self._other:
            note = replace(note, wanted=self._entry.size, map="", share=None, time_to_playable=None)
            note = replace(note, buffered_seconds=None, duration=None)
        return replace(
            note,
            state="paused" if note.state == "playing" and screening.state == "paused" else note.state,
            position=None if screening.position is None else round(screening.position, 1),
            duration=note.duration or screening.duration,
            downloaded=max(note.downloaded - self._before[0], 0),
        )

    # what the player tells
    def _heard(self, state: PlayerState) -> None:
        if not is_device(self._screening.name):  # where a device is, the server keeps
            self._bookmarks.heard(state)
        if state.position is not None:
            self._once(events.Ready(0))  # at the latest; the server may never have spoken of this file

    def _index_of(self, url: str) -> int | None:
        if (index := index_in(url)) is not None:
            return index
        return None if self._settings.all or self._entry is None else self._entry.index

    async def _keep(self, places: Places) -> None:
        try:
            for index, (seconds, duration) in places.items():
                await self._torrent.keep(index, seconds, duration)
        except HeadraceError as error:
            self._once(events.Warning("library", f"{error.message} Positions are not kept."))

    # the end
    async def _end(self) -> None:
        torrent = self._torrent
        received, sent = (self._last.downloaded if self._last else self._before[0]), self._before[1]
        if torrent.told:
            await self._bookmarks.settle()
            with contextlib.suppress(HeadraceError):
                found = await torrent.look()
                received, sent = found["downloaded"], found["uploaded"]
                if not self._settings.keep:
                    await self._let_go()
        await torrent.aclose()
        received, sent = max(received - self._before[0], 0), max(sent - self._before[1], 0)
        self._say(events.Done(round(self._screening.played, 1), received, sent))

    async def _let_go(self) -> None:
        """``--no-keep``: remove it with its data, unless it is to be kept all the same or somebody else watches."""
        told = self._torrent.told
        if told.get("keep", True):
            self._say(events.Warning("server", "The server had this torrent before: it is kept."))
            return
        gone = asyncio.get_running_loop().create_future()

        def hear(note: events.Note) -> None:
            if isinstance(note, events.Progress) and not note.readers and not gone.done():
                gone.set_result(None)

        unsubscribe = self._torrent.subscribe(hear)
        try:
            if told["readers"]:
                async with asyncio.timeout(LET_GO):
                    await gone
            await self._torrent.remove(data=True)
        except TimeoutError:
            self._say(events.Warning("server", "Somebody else watches it: it is removed when the server starts again."))
        finally:
            unsubscribe()


def _sidecars(files: Files, entry: FileEntry) -> tuple[str, ...]:
    """URLs of the subtitles that belong to a film."""
    return tuple(files.url(found.entry.index) for found in sidecars(files.entries, entry))
