"""``play``: from a torrent that the engine has to a player that ends.

Rules: the server's URL is told as soon as it answers. A player that takes subtitles and titles while it runs is started
then; the others when the metadata is there. A player that ends, ends it all; Ctrl-C ends the player too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec.structs import replace

from headrace.core import events
from headrace.errors import HeadraceError
from headrace.history import History, Playable
from headrace.http.server import Server
from headrace.screening import Film, Screening, Stop, form_told, pass_on, stop
from headrace.session import Begun, Session
from headrace.token import is_loopback, token_for
from headrace.uptime import elapsed

if TYPE_CHECKING:
    from headrace.app import Say
    from headrace.casting.base import Device, Show
    from headrace.library.library import Library
    from headrace.players.base import OnState, PlayerState, Running
    from headrace.settings import Settings
    from headrace.sources import Loaded
    from headrace.storage import Storage
    from headrace.streaming.torrent import File, Torrent


class Playing:
    """One run of ``play``."""

    def __init__(self, session: Session, begun: Begun, say: Say, loaded: Loaded | None = None) -> None:
        self._session, self._say, self._settings, self._loaded = session, say, session.settings, loaded
        self._torrent: Torrent = session.adopt(begun)
        self._torrent.subscribe(say)
        self._server = self._served(self._settings)
        self._history = self._remember()
        self._screening = Screening(self._settings, say, self._heard)
        self._storage: Storage | None = None

    async def run(self) -> int:
        """Serve, play, clean up; the exit code."""
        self._history.begin()
        try:
            self._screening.choose()
            await self._meet()
            await self._server.start()
            self._say(
                events.Serving(
                    self._server.url(self._torrent, None),
                    self._server.playlist_url(self._torrent),
                    self._server.port,
                    self._server.everywhere,
                )
            )
            return await self._play()
        finally:
            await asyncio.shield(self._end())

    def _served(self, settings: Settings) -> Server:
        return Server(
            self._session.torrents,
            host=settings.host,
            port=settings.port,
            token=token_for(settings),  # it is kept, so that bookmarks stay good
            allow_hosts=settings.allow_hosts,
            uptime=elapsed,
        )

    async def _meet(self) -> None:
        """Look for the device that is to play, and serve where it reaches us: it fetches the film by itself."""
        device = await self._screening.meet()
        if device is None or not is_loopback(self._settings.host):
            return
        from headrace.casting.reach import address_towards

        here = await address_towards(device.host)
        if not is_loopback(here):
            self._server = self._served(replace(self._settings, host=here))
            self._say(events.Warning("casting", f"Served in the network, on {here}, for {device.name} to fetch it."))

    def _remember(self) -> History:
        settings = self._settings
        played = Playable(
            self._torrent, self._loaded, settings.file, settings.trackers, keep=settings.keep, several=settings.all
        )
        return History(played, self._say, self._open_library)

    async def _open_library(self) -> Library:
        await asyncio.to_thread(import_module, "headrace.storage")  # 20 ms of imports, while the server starts
        from headrace.holdings import Holdings
        from headrace.storage import open_library

        settings = self._settings
        return await open_library(settings.library_folder, Holdings(settings.data_folder), self._say)

    async def _play(self) -> int:
        stopped = await self._history.positions() if self._screening.resumes else {}
        # where to go on is known when the file is
        early = self._screening.may_be_early and not stopped
        player = asyncio.ensure_future(self._launch(None, {})) if early else None
        try:
            await self._torrent.metadata(self._settings.timeout or None)
            file = self._torrent.main_video()
            running = await player if player is not None else await self._launch(file, stopped)
        except BaseException:
            if player is not None:
                await stop(player)
            raise
        if early:
            await running.add_subtitles(self._sidecars(file))
        return await self._until_end(running)

    async def _until_end(self, running: Running) -> int:
        """Until the player is gone, the torrent can never go on, or nobody is there to fetch from."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(note: events.Note) -> None:
            if self._torrent.error and not over.done():
                over.set_exception(HeadraceError(f"The torrent failed: {self._torrent.error}."))

        unsubscribe = self._torrent.subscribe(hear)
        self._tidy()
        peers = asyncio.ensure_future(
            self._torrent.until_peers(over, self._settings.timeout, data_will_do=True)
        )  # nobody may answer in time, and nothing be there
        peers.add_done_callback(lambda task: pass_on(task, over))
        try:
            return await self._screening.until_end(running, over)
        finally:
            unsubscribe()
            peers.cancel()

    def _tidy(self) -> None:
        """See to it that the data stays within its quota, and that what a crash left goes."""
        if self._storage is None and self._history.library is not None:
            from headrace.holdings import Holdings
            from headrace.storage import Storage

            holdings = Holdings(self._settings.data_folder)
            self._storage = Storage(
                holdings, self._history.library, self._settings.quota, torrents=self._session.torrents, say=self._say
            )
            self._session.watcher = self._storage
            self._storage.added()

    async def _launch(self, file: File | None, stopped: Mapping[int, float]) -> Running:
        torrent, playlist = self._torrent, self._settings.all
        film = Film(
            self._server.playlist_url(torrent) if playlist else self._server.url(torrent, file),
            file.name if file else torrent.name,
            file.index if file else None,
            self._sidecars(file) if file and not playlist else (),
            partial(self._cast, file) if file else None,
        )
        paths = {each.index: each.path for each in torrent.files}
        stops = {index: Stop(paths[index], seconds) for index, seconds in stopped.items() if index in paths}
        return await self._screening.launch(film, stops)

    async def _cast(self, file: File, start: float, on_state: OnState) -> Running:
        from headrace.players import cast

        device = self._screening.device
        assert device is not None
        show = await self._show(file, device, start)
        return await cast.start(device, show, self._server.url(self._torrent, file), on_state)

    async def _show(self, file: File, device: Device, start: float) -> Show:
        from headrace.http.shows import captions_of
        from headrace.subtitling import own

        urls = await self._server.urls_towards(device.host)
        given = await own(self._settings)
        captions = self._server.lent.lend(given, urls) if given else await captions_of(file, urls)
        prepared = await self._server.shows.of(device, file, urls, captions, start)
        if told := form_told(prepared.form.hls, prepared.form.note):
            self._say(told)
        return prepared.show

    def _sidecars(self, file: File) -> tuple[str, ...]:
        from headrace.core.subtitles import sidecars

        entries = [each.entry for each in self._torrent.files]
        return tuple(
            self._server.url(self._torrent, self._torrent.file(found.entry.index))
            for found in sidecars(entries, file.entry)
        )

    def _heard(self, state: PlayerState) -> None:
        self._history.heard(state)
        gauge = self._torrent.monitor.gauge
        if state.position is not None:
            gauge.position = round(state.position, 1)
        gauge.duration = state.duration or gauge.duration
        gauge.player_paused = state.state == "paused"

    async def _end(self) -> None:
        await self._server.aclose()
        status = await self._torrent.last_status()
        if self._storage is not None:
            await self._storage.aclose()
        keep = await self._history.settle()
        if not keep:
            await self._session.remove(self._torrent, delete_data=True)
        await self._history.aclose(forget=not keep)
        self._say(events.Done(round(self._screening.played, 1), status.downloaded, status.uploaded))
