"""``/hls/{infohash}/{index}/…``: a film for clients that cannot play the file as it is.

Rules: a playlist is whole at once, and a segment is made when it is asked for, so that a client may seek anywhere while
the film is still in the swarm. Nothing is kept by anybody on the way: what is made again is the same. A token that came
in the URL goes with the URLs inside, relative as they are; one that came otherwise will do so again. HEAD waits for
nothing but the metadata.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from headrace.core import hls
from headrace.core.languages import language_of
from headrace.errors import InputError
from headrace.http.body import reset, watch
from headrace.http.guard import Refused
from headrace.http.headers import cors
from headrace.http.stream import index_of, torrent_of, with_metadata
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File

if TYPE_CHECKING:
    from headrace.media.films import Film, Films, Sound, Video

logger = logging.getLogger(__name__)

METADATA_WITHIN = 50.0
"""Seconds for a torrent's metadata to come: proxies give up after 60."""
AT_A_TIME = 256 << 10
"""Bytes of a segment that are handed to the connection at once."""
STALLED = 30.0
"""Seconds in which a client has to take these. Unlike a stream's, its next request comes by itself, and until then the
segment is in memory."""


class Hls:
    """The handlers."""

    def __init__(self, torrents: Torrents) -> None:
        self._torrents = torrents
        self._films: Films | None = None

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        base = "/hls/{infohash}/{index}"
        return [
            web.get(f"{base}/master.m3u8", self.master),
            web.get(f"{base}/{{track}}/index.m3u8", self.media),
            web.get(f"{base}/{{track}}/init.mp4", self.init),
            web.get(f"{base}/{{track}}/{{number:[0-9]{{1,6}}}}.m4s", self.segment),
        ]

    async def master(self, request: web.Request) -> web.Response:
        """The playlist of playlists."""
        file = await self._file(request)
        if request.method == "HEAD":
            return _answer(b"", hls.MEDIA_TYPE)
        film = await self._film(file)
        # by its index: ``main`` may come to mean another file while this one is watched
        base = "" if request.match_info["index"] == str(file.index) else f"../{file.index}/"
        chosen = next((sound for sound in film.sounds if sound.default), film.sounds[0] if film.sounds else None)
        sounds = [_rendition(film, sound, base, sound is chosen) for sound in film.sounds]
        text = hls.master(_picture(film, base), sounds, hls.bandwidth(film.segments), _query(request))
        return _answer(text.encode(), hls.MEDIA_TYPE)

    async def media(self, request: web.Request) -> web.Response:
        """The playlist of a track."""
        file = await self._file(request)
        if request.method == "HEAD":
            return _answer(b"", hls.MEDIA_TYPE)
        film = await self._film(file)
        _track(film, request.match_info["track"])
        return _answer(hls.media(film.segments, _query(request)).encode(), hls.MEDIA_TYPE)

    async def init(self, request: web.Request) -> web.Response:
        """How a track begins."""
        file, name = await self._file(request), request.match_info["track"]
        if request.method == "HEAD":
            return _answer(b"", _type(name))
        film = await self._film(file)
        return _answer(_track(film, name).init, _type(name))

    async def segment(self, request: web.Request) -> web.StreamResponse:
        """A part of a track."""
        file, name = await self._file(request), request.match_info["track"]
        if request.method == "HEAD":
            return _answer(b"", _type(name))
        film = await self._film(file)
        track, number = _track(film, name).index, int(request.match_info["number"])
        if number >= len(film.segments):
            raise InputError("The film has no such segment.", "Its playlist lists them.", kind="no_segment")
        films = await self._loaded()
        try:
            async with films.segment(file, film, track, number) as data:
                return await _send(request, data, _type(name))
        except InputError as error:
            raise Refused(422, error.kind, error.message, error.hint) from None

    async def suits(self, file: File) -> bool:
        """Whether a film can be cut; waits for what tells."""
        try:
            await self._film(file)
        except Refused:
            return False
        return True

    async def aclose(self) -> None:
        """End all looks."""
        if self._films is not None:
            await self._films.aclose()

    async def _file(self, request: web.Request) -> File:
        torrent = torrent_of(self._torrents, request.match_info["infohash"])
        index = index_of(request.match_info["index"])
        await with_metadata(torrent, METADATA_WITHIN)
        return torrent.main_video() if index is None else torrent.file(index)

    async def _film(self, file: File) -> Film:
        films = await self._loaded()
        try:
            return await films.of(file)
        except InputError as error:  # the file is there, and is not what was asked for
            raise Refused(422, error.kind, error.message, error.hint) from None

    async def _loaded(self) -> Films:
        if self._films is None:
            # in a thread: it takes longer than the event loop may be held
            module: ModuleType = await asyncio.to_thread(importlib.import_module, "headrace.media.films")
            self._films = self._films or module.Films()
        return self._films


def _picture(film: Film, base: str) -> hls.Picture:
    video = film.video
    folder, codec = f"{base}{_folder(film, video.index)}", film.codecs[video.index]
    return hls.Picture(folder, codec, video.width, video.height, video.frame_rate)


def _rendition(film: Film, sound: Sound, base: str, default: bool) -> hls.Rendition:
    language = language_of(sound.language)
    name = sound.title or language or "Audio"
    return hls.Rendition(f"{base}a{sound.index}", film.codecs[sound.index], name, language, default, sound.channels)


def _folder(film: Film, track: int) -> str:
    return f"{'v' if track == film.video.index else 'a'}{track}"


def _track(film: Film, name: str) -> Video | Sound:
    """The track that a folder is named after; ``InputError`` when there is none."""
    for each in film.tracks:
        if _folder(film, each.index) == name:
            return each
    raise InputError("The film has no such track.", "Its master.m3u8 lists them.", kind="no_track")


def _type(name: str) -> str:
    return "video/mp4" if name.startswith("v") else "audio/mp4"


def _query(request: web.Request) -> str:
    token = request.query.get("token", "")
    return f"?token={quote(token, safe='')}" if token else ""


def _headers() -> dict[str, str]:
    # not stored: after an update the same number may be another part of the film
    return {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **cors()}


def _answer(body: bytes, media_type: str) -> web.Response:
    return web.Response(body=body, headers=_headers() | {"Content-Type": media_type})


async def _send(request: web.Request, data: bytes, media_type: str) -> web.StreamResponse:
    """The segment, to a client that takes it."""
    response = web.StreamResponse(headers=_headers() | {"Content-Type": media_type, "Content-Length": str(len(data))})
    await response.prepare(request)
    watch(request)
    view = memoryview(data)
    try:
        for at in range(0, len(view), AT_A_TIME):
            async with asyncio.timeout(STALLED):
                await response.write(view[at : at + AT_A_TIME])
    except (TimeoutError, ConnectionError):
        response.force_close()
        reset(request)
    return response
