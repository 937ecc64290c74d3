"""The part of the API that changes things, and what only a server with a keeper knows.

Rules: all of a request is checked before any of it is done; whatever cannot be done changes nothing. The answer to an
addition does not wait for the swarm. A path on this machine is no source here: who may use the API may not therefore
read this machine's files.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from headrace.core.bencode import MAX_TORRENT
from headrace.errors import InputError
from headrace.http import bodies
from headrace.http.api import torrent_json
from headrace.http.guard import Refused, json_response
from headrace.http.keeper import Keeper
from headrace.http.stream import index_of, torrent_of
from headrace.http.urls import Urls
from headrace.library.records import Position
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File, Torrent

FORM = "multipart/form-data"
FIELDS = ("source", "file", "paused", "keep", "tracker", "peer")
"""Texts of a form."""
TORRENT_TYPES = ("application/x-bittorrent", "application/octet-stream")
AT_ONCE = 8
"""Additions under way at most: each may hold a .torrent of 32 MiB and fetch one."""


class Writes:
    """The handlers. ``urls`` makes URLs for whoever asks."""

    def __init__(self, torrents: Torrents, keeper: Keeper, urls: Callable[[web.Request], Urls]) -> None:
        self._torrents, self._keeper, self._urls = torrents, keeper, urls
        self._adding = 0
        self._description: dict[str, Any] | None = None
        self._page: tuple[str, dict[str, str]] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        one = "/api/v1/torrents/{infohash}"
        return [
            web.post("/api/v1/torrents", self.add),
            web.delete(one, self.remove),
            web.patch(one, self.change),
            web.post(f"{one}/peers", self.add_peers),
            web.get(f"{one}/positions", self.positions),
            web.get(f"{one}/files/{{index}}/position", self.position),
            web.put(f"{one}/files/{{index}}/position", self.set_position),
            web.get("/api/v1/settings", self.settings),
            web.patch("/api/v1/settings", self.change_settings),
            web.get("/api/v1/openapi.json", self.described),
            web.get("/api/v1/docs", self.page),
        ]

    async def add(self, request: web.Request) -> web.Response:
        """201 for a new torrent, 200 for one that is there."""
        if self._adding >= AT_ONCE:
            raise Refused(
                429, "busy", f"{AT_ONCE} torrents are being added already.", "Try again soon.", {"Retry-After": "1"}
            )
        self._adding += 1
        try:
            torrent, new = await self._added(request)
        finally:
            self._adding -= 1
        if request.content_type == FORM and "text/html" in request.headers.get("Accept", ""):
            return web.Response(status=303, headers={"Location": f"/#/t/{torrent.info_hash}"})  # a browser: to its page
        headers = {"Location": f"/api/v1/torrents/{torrent.info_hash}"}
        return json_response(self._json(torrent, request), status=201 if new else 200, headers=headers)

    async def _added(self, request: web.Request) -> tuple[Torrent, bool]:
        from headrace.http.shapes import AddTorrent

        if request.content_type in TORRENT_TYPES:
            wish = _asked_beside(_lists(request.query))
            data = await bodies.body_of(request, MAX_TORRENT)
            with _refusing():
                return await self._keeper.add(data, wish)
        if request.content_type == FORM:
            texts, data = await bodies.form(request, MAX_TORRENT)
            if unknown := texts.keys() - FIELDS:
                raise Refused(422, "invalid", f"The form has a field {min(unknown)!r}.", f"Known: {', '.join(FIELDS)}.")
            wish = _asked_beside(texts | ({"source": ["-"]} if data else {}))
            with _refusing():
                return await self._keeper.add(data or wish.source, wish)
        wish = await bodies.read(request, AddTorrent)
        with _refusing():
            return await self._keeper.add(wish.source, wish)

    async def remove(self, request: web.Request) -> web.Response:
        """204; ``?data=delete`` removes what was fetched too."""
        data = request.query.get("data", "keep")
        if data not in ("keep", "delete"):
            raise Refused(422, "invalid", "data is keep or delete.")
        await self._keeper.remove(self._found(request), delete_data=data == "delete")
        return web.Response(status=204)

    async def change(self, request: web.Request) -> web.Response:
        """The torrent as it is then."""
        from headrace.http.shapes import ChangeTorrent

        torrent = self._found(request)
        change = await bodies.read(request, ChangeTorrent)
        with _refusing():
            await self._keeper.change(torrent, change)
        return json_response(self._json(torrent, request))

    async def add_peers(self, request: web.Request) -> web.Response:
        """How many addresses were added."""
        from headrace.http.shapes import AddPeers

        torrent = self._found(request)
        asked = await bodies.read(request, AddPeers)
        with _refusing():
            return json_response({"added": await self._keeper.add_peers(torrent, asked.peers)})

    async def position(self, request: web.Request) -> web.Response:
        """Where somebody was; 0 seconds when nobody was."""
        file = self._file(request)
        return json_response(_told(file.torrent, file.index, await self._keeper.position(file)))

    async def positions(self, request: web.Request) -> web.Response:
        """Where somebody was in each of the files that were watched, the newest first."""
        torrent = self._found(request)
        found = await self._keeper.positions(torrent)
        told = [_told(torrent, place.index, place) for place in found]
        return json_response({"infohash": torrent.info_hash, "positions": told})

    async def set_position(self, request: web.Request) -> web.Response:
        """Keep it."""
        from headrace.http.shapes import SetPosition

        file = self._file(request)
        place = await bodies.read(request, SetPosition)
        return json_response(_told(file.torrent, file.index, await self._keeper.set_position(file, place)))

    async def settings(self, request: web.Request) -> web.Response:
        """What can be changed."""
        return json_response(dict(self._keeper.settings()))

    async def change_settings(self, request: web.Request) -> web.Response:
        """The settings as they are then."""
        from headrace.http.shapes import ChangeSettings

        await self._keeper.change_settings(await bodies.read(request, ChangeSettings))
        return json_response(dict(self._keeper.settings()))

    async def described(self, request: web.Request) -> web.Response:
        """The API's description."""
        return json_response(await self._described())

    async def page(self, request: web.Request) -> web.Response:
        """The same, to be read."""
        if not self._page:
            self._page = await asyncio.to_thread(_paint, await self._described())
        text, headers = self._page
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    async def _described(self) -> dict[str, Any]:
        if self._description is None:
            self._description = await asyncio.to_thread(_describe)
        return self._description

    def _json(self, torrent: Torrent, request: web.Request) -> dict[str, Any]:
        return torrent_json(torrent, self._urls(request)) | self._keeper.more(torrent)

    def _found(self, request: web.Request) -> Torrent:
        return torrent_of(self._torrents, request.match_info["infohash"])

    def _file(self, request: web.Request) -> File:
        torrent, index = self._found(request), index_of(request.match_info["index"])
        if torrent.layout is None:
            raise Refused(409, "no_metadata", "The torrent's files are not known yet.", "Wait for its metadata event.")
        return torrent.main_video() if index is None else torrent.file(index)


def _asked_beside(texts: Mapping[str, list[str]]) -> Any:
    """What a query or a form says of a .torrent. What a query has besides is passed over, a token say."""
    import msgspec

    from headrace.http.shapes import AddTorrent

    one = {name: texts[name][-1] for name in ("source", "file", "paused", "keep") if texts.get(name)}
    asked = {"trackers": texts.get("tracker", []), "peers": texts.get("peer", []), **one}
    try:
        return msgspec.convert(asked, AddTorrent, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(422, "invalid", f"What was asked does not fit: {error}.", "See /api/v1/openapi.json.") from None


def _lists(query: MultiMapping[str]) -> dict[str, list[str]]:
    return {name: query.getall(name) for name in query} | {"source": ["-"]}


def _describe() -> dict[str, Any]:
    from headrace.http.openapi import document

    return document()


def _paint(document: dict[str, Any]) -> tuple[str, dict[str, str]]:
    from headrace.http.docs import HEADERS, page

    return page(document), HEADERS


def _told(torrent: Torrent, index: int, found: Position | None) -> dict[str, Any]:
    return {
        "infohash": torrent.info_hash,
        "index": index,
        "seconds": found.seconds if found else 0.0,
        "duration": found.duration if found else None,
        "updated": found.updated if found else None,
        "finished": found is not None and found.finished,
        "resume": found.resume if found else 0.0,
    }


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What was asked for is wrong, not the URL."""
    try:
        yield
    except InputError as error:
        raise Refused(422, error.kind, error.message, error.hint) from None
