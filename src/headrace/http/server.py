"""The server: sockets, routes, and their end.

Rules: loopback by default; every request passes the guard; ``aclose`` takes under a second, whoever is connected, and
ends bodies in their middle with a reset, never as if they were whole.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from aiohttp import web

from headrace.casting.reach import address_towards
from headrace.errors import InputError, PlayerError
from headrace.http.api import Api
from headrace.http.events import Events
from headrace.http.guard import Guard, ProtocolLog, json_response
from headrace.http.hls import Hls
from headrace.http.hosts import bracketed, host_of, is_loopback, is_wildcard, lan_address
from headrace.http.keeper import Exhibit, Keeper, Stage
from headrace.http.lent import Lent
from headrace.http.listen import open_sockets
from headrace.http.login import Login
from headrace.http.logins import Derived, Logins
from headrace.http.media import MediaApi
from headrace.http.metrics import Metrics
from headrace.http.pages import Pages
from headrace.http.playlist import MEDIA_TYPE, Entry, render
from headrace.http.poster import PosterApi
from headrace.http.shows import Shows
from headrace.http.stats import Stats, only
from headrace.http.stream import Streams, torrent_of, with_metadata
from headrace.http.subtitles import Subtitles
from headrace.http.urls import Urls
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File, Torrent

SHUTDOWN = 0.2
"""Seconds that a handler has to end by itself, twice (aiohttp waits, cancels, and waits again)."""


class Server:
    """Serves the torrents over HTTP. ``eager`` goes to ``File.open``; None leaves it to the torrent.

    ``port`` None: 8888 or the next free one; 0: any. With ``token`` every request but ``/healthz`` needs it.
    With ``logins`` browsers' logins are kept and can be ended one by one.
    With ``keeper`` the API changes things too, else it is for reading only; with ``exhibit`` there is a demo to try;
    with ``stage`` films can be cast.
    ``uptime`` is the clock of the events' ``t``: seconds since the process began.
    """

    def __init__(
        self,
        torrents: Torrents,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        token: str = "",
        allow_hosts: Sequence[str] = (),
        eager: str | None = None,
        keeper: Keeper | None = None,
        logins: Logins | None = None,
        exhibit: Exhibit | None = None,
        stage: Stage | None = None,
        uptime: Callable[[], float] | None = None,
    ) -> None:
        began = time.monotonic()
        self.port = port or 0
        self._torrents, self._host, self._asked_port, self._token = torrents, host, port, token
        self._keeper, self._exhibit, self._stage = keeper, exhibit, stage
        self._cookies = logins or Derived(token)
        self._guard = Guard(self._cookies, token, allowed_names(host, allow_hosts))
        self._streams = Streams(torrents, eager, keeper)
        clock = uptime or (lambda: time.monotonic() - began)
        self._events = Events(torrents, clock)
        if exhibit is not None:
            exhibit.subscribe(self._events.tell)
        if stage is not None:
            stage.subscribe(self._events.tell)
        self._stats, self._metrics = Stats(torrents, clock, self._urls_for), Metrics(torrents, clock)
        self._pages = Pages()
        self._api = Api(torrents, self._urls_for, keeper.more if keeper is not None else None)
        self._media, self._poster, self._hls = MediaApi(torrents), PosterApi(torrents), Hls(torrents)
        self._subtitles, self.lent = Subtitles(torrents, self._urls_for, self._media), Lent()
        self.shows = Shows(self._media, self._hls)
        self._runner: web.AppRunner | None = None
        self._shown, self.everywhere = "", False
        self._bound: list[str] = []

    async def start(self) -> None:
        """Listen; ``EngineError`` when the port or the address cannot be had."""
        sockets = await open_sockets(self._host, self._asked_port)
        bound, self.port = sockets[0].getsockname()[:2]
        self._bound = [str(listening.getsockname()[0]) for listening in sockets]
        self._shown, self.everywhere = self._shown_host(str(bound)), is_wildcard(str(bound))
        log = logging.getLogger("headrace.http.protocol")
        if not log.filters:
            log.addFilter(ProtocolLog())
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=log,
            handler_cancellation=True,  # else a player that went away keeps its window wanted
            shutdown_timeout=SHUTDOWN,
        )
        await self._runner.setup()
        for listening in sockets:
            await web.SockSite(self._runner, listening).start()

    def url(self, torrent: Torrent, file: File | None) -> str:
        """The URL of a file; without one of the main video, also before the metadata."""
        return self._urls.stream(torrent, file)

    def playlist_url(self, torrent: Torrent) -> str:
        """The URL of a torrent's playlist."""
        return self._urls.playlist(torrent)

    async def urls_towards(self, host: str) -> Urls:
        """URLs for a device at this address; ``PlayerError`` when it cannot reach us there."""
        here = await address_towards(host)
        if here not in self._bound and not self.everywhere:
            if all(map(is_loopback, self._bound)):
                raise PlayerError(
                    "The device cannot reach this server, which serves this machine only.",
                    f"Start it with --host {here}; a token guards it then.",
                    kind="unreachable",
                )
            here = next(bound for bound in self._bound if not is_loopback(bound))
        return Urls(f"http://{bracketed(here)}:{self.port}", self._token)

    @property
    def base_url(self) -> str:
        """Where its pages begin."""
        return f"{self._urls.base}/"

    async def aclose(self) -> None:
        """End: no new connections, open ones reset in the middle of bodies. Under a second."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
        await self._events.aclose()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard.middleware()])
        app.add_routes([*self._stats.routes(), *self._metrics.routes(), *self._hls.routes(), *self.lent.routes()])
        app.add_routes(Login(self._token, self._cookies).routes())
        if self._keeper is not None:
            from headrace.http.write import Writes

            app.add_routes(Writes(self._torrents, self._keeper, self._urls_for).routes())
        if self._exhibit is not None:
            from headrace.http.demo import DemoApi

            app.add_routes(DemoApi(self._exhibit).routes())
        if self._stage is not None:
            from headrace.http.cast import CastApi

            app.add_routes(CastApi(self._torrents, self._stage, self.shows, self.urls_towards, self.lent).routes())
        for path, handler in (
            ("/stream/{infohash}/{index}", self._streams.handle),
            ("/stream/{infohash}/{index}/{name:.*}", self._streams.handle),
            ("/playlist/{infohash}.{ending:m3u8?}", self._playlist),
            ("/playlist.{ending:m3u8?}", self._library),  # Kodi takes every .m3u8 at a URL for HLS
            ("/.m3u", self._peerflix),
            ("/healthz", _health),
            ("/", self._pages.start),
            ("/ui/{digest}/{name:.+}", self._pages.part),
            ("/api/v1/events", self._events.handle),
            ("/api/v1/torrents", self._api.torrents),
            ("/api/v1/torrents/{infohash}", self._api.torrent),
            ("/api/v1/torrents/{infohash}/files", self._api.files),
            ("/api/v1/torrents/{infohash}/files/{index}/subtitles", self._subtitles.listed),
            ("/api/v1/torrents/{infohash}/files/{index}/subtitles/{track}", self._subtitles.part),
            ("/subtitles/{infohash}/{index}/{track}.{form:vtt|srt}", self._subtitles.track),
            ("/api/v1/torrents/{infohash}/pieces", self._api.pieces),
            ("/api/v1/torrents/{infohash}/peers", self._api.peers),
            ("/api/v1/torrents/{infohash}/files/{index}/media", self._media.handle),
            ("/api/v1/torrents/{infohash}/files/{index}/poster", self._poster.handle),
        ):
            app.router.add_get(path, handler)
        app.on_response_prepare.append(self._guard.finish)
        app.on_shutdown.append(self._shutdown)
        return app

    async def _shutdown(self, _: web.Application) -> None:
        self._streams.end()
        await self._media.aclose()
        await self._hls.aclose()
        await self._events.aclose()

    async def _playlist(self, request: web.Request) -> web.Response:
        torrent = torrent_of(self._torrents, request.match_info["infohash"])
        await with_metadata(torrent)
        return self._playlist_of(torrent.playlist(), request, torrent.name)

    async def _peerflix(self, request: web.Request) -> web.Response:
        """Where peerflix has its playlist; of a server with many torrents that of them all."""
        if len(self._torrents) != 1:
            return await self._library(request)
        torrent = only(self._torrents)
        await with_metadata(torrent)
        return self._playlist_of(torrent.playlist(), request, torrent.name)

    async def _library(self, request: web.Request) -> web.Response:
        return self._playlist_of([file for t in self._torrents for file in playable(t)], request, "Headrace")

    def _playlist_of(self, files: Sequence[File], request: web.Request, title: str) -> web.Response:
        urls = self._urls_for(request)
        entries = [Entry(file.name, urls.stream(file.torrent, file), duration_of(file)) for file in files]
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=render(entries, title), content_type=MEDIA_TYPE, charset="utf-8", headers=headers)

    @property
    def _urls(self) -> Urls:
        return Urls(f"http://{bracketed(self._shown)}:{self.port}", self._token)

    def _urls_for(self, request: web.Request) -> Urls:
        """URLs under the name by which the client reached us, which the guard has checked."""
        authority = request.headers.get("Host", "")
        return Urls(f"http://{authority}", self._token) if authority else self._urls

    def _shown_host(self, bound: str) -> str:
        if is_wildcard(bound):
            return lan_address()
        return bound if self._host == "localhost" else self._host


def allowed_names(host: str, allow_hosts: Sequence[str]) -> frozenset[str]:
    """Host names that requests may carry beside loopback's and the address they came to; ``InputError`` for others."""
    names = {name: host_of(name) or host_of(f"[{name}]") for name in (host, *allow_hosts)}
    for name in allow_hosts:
        if names[name] is None:
            raise InputError(f"{name!r} is no host name.", "Give a name or an address, such as media.lan.")
    return frozenset(found for found in names.values() if found is not None and not is_wildcard(found))


def playable(torrent: Torrent) -> list[File]:
    """The torrent's playlist; nothing before the metadata, or when nothing in it plays."""
    try:
        return torrent.playlist()
    except InputError:
        return []


def duration_of(file: File) -> float | None:
    """Seconds, once the container's index was read."""
    warm = file.torrent.warm_of(file)
    return warm.info.duration if warm is not None and warm.info is not None else None


async def _health(_: web.Request) -> web.Response:
    return json_response({"status": "ok"})
