"""``/api/v1/devices`` and ``/api/v1/cast``: films on devices in the network.

Rules: the whole of a request is checked before a device is spoken to. A device gets URLs under the address by which it
reaches us, whoever asked; when there is none, that is said before anything starts. An answer does not wait until a film
plays: ``cast`` events tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from headrace.errors import InputError, PlayerError
from headrace.http import bodies
from headrace.http.guard import Refused, json_response
from headrace.http.keeper import Stage
from headrace.http.lent import Lent
from headrace.http.shows import Shows, captions_of
from headrace.http.stream import torrent_of
from headrace.http.urls import Urls
from headrace.streaming.registry import Torrents

if TYPE_CHECKING:
    from headrace.casting.base import Captions
    from headrace.core.events import Cast
    from headrace.http.shapes import StartCast
    from headrace.streaming.torrent import File

_STATUS = {
    "no_device": 404,
    "ambiguous_device": 409,
    "device_busy": 409,
    "unreachable": 409,
    "refused": 409,
    "device_gone": 410,
    "no_cast": 404,
}
"""By the error's kind: all of them are about the device, or what is missing to speak to it."""
WITHOUT = "none"
"""``subtitles`` for none."""


class CastApi:
    """The handlers. ``urls`` makes URLs for a device at an address."""

    def __init__(
        self, torrents: Torrents, stage: Stage, shows: Shows, urls: Callable[[str], Awaitable[Urls]], lent: Lent
    ) -> None:
        self._torrents, self._stage, self._shows, self._urls, self._lent = torrents, stage, shows, urls, lent

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        return [
            web.get("/api/v1/devices", self.devices),
            web.get("/api/v1/cast", self.listed),
            web.post("/api/v1/cast", self.begin),
            web.patch("/api/v1/cast/{id}", self.change),
            web.delete("/api/v1/cast/{id}", self.stop),
        ]

    async def devices(self, _: web.Request) -> web.Response:
        """Who answers within some seconds."""
        try:
            return json_response({"devices": [device.as_dict() for device in await self._stage.devices()]})
        except PlayerError as error:
            raise _refused(error) from None

    async def listed(self, _: web.Request) -> web.Response:
        """What is cast now."""
        return json_response({"casts": [told(cast) for cast in self._stage.listed()]})

    async def begin(self, request: web.Request) -> web.Response:
        """201 when the device has taken the film."""
        from headrace.http.shapes import StartCast

        wish = await bodies.read(request, StartCast)
        file = self._file(wish)
        own = await _own(wish)
        try:
            device = await self._stage.find(wish.device)
            urls = await self._urls(device.host)
            captions = self._lent.lend(own, urls) if own else await _beside(file, urls, wish.subtitles)
            prepared = await self._shows.of(device, file, urls, captions, wish.start)
            cast = await self._stage.begin(device, prepared.show, file)
        except PlayerError as error:
            raise _refused(error) from None
        form = {"hls": prepared.form.hls, "note": prepared.form.note}
        return json_response(told(cast) | form, status=201, headers={"Location": f"/api/v1/cast/{cast.id}"})

    async def change(self, request: web.Request) -> web.Response:
        """Steer it."""
        from headrace.http.shapes import ChangeCast

        change = await bodies.read(request, ChangeCast)
        try:
            return json_response(told(await self._stage.change(request.match_info["id"], change)))
        except PlayerError as error:
            raise _refused(error) from None

    async def stop(self, request: web.Request) -> web.Response:
        """End it."""
        await self._stage.stop(request.match_info["id"])
        return web.Response(status=204)

    def _file(self, wish: StartCast) -> File:
        torrent = torrent_of(self._torrents, wish.infohash)
        if torrent.layout is None:
            raise Refused(409, "no_metadata", "The torrent's files are not known yet.", "Wait for its metadata event.")
        try:
            return torrent.main_video() if wish.index is None else torrent.file(wish.index)
        except InputError as error:
            raise Refused(422, error.kind, error.message, error.hint) from None


async def _own(wish: StartCast) -> str:
    """Subtitles that came with the wish, as WebVTT; empty when none did."""
    if wish.captions is None:
        return ""
    if wish.subtitles is not None:
        raise Refused(422, "subtitles", "A film has one kind of subtitles.", "Give subtitles or captions, not both.")
    from headrace.media.webvtt import to_webvtt

    try:
        return await asyncio.to_thread(to_webvtt, wish.captions.encode(), "")
    except InputError as error:
        raise Refused(422, error.kind, error.message, error.hint) from None


async def _beside(file: File, urls: Urls, track: str | None) -> Captions | None:
    if track == WITHOUT:
        return None
    captions = await captions_of(file, urls, track)
    if captions is None and track is not None:
        raise Refused(422, "no_track", "The video has no such subtitle file.", "Ask for its list of subtitles.")
    return captions


def told(cast: Cast) -> dict[str, Any]:
    """A cast as JSON: its event's fields."""
    fields = cast.as_dict()
    del fields["event"]
    return fields


def _refused(error: PlayerError) -> Refused:
    return Refused(_STATUS.get(error.kind, 409), error.kind, error.message, error.hint)
