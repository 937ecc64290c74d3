"""``/api/v1/torrents/{infohash}/files/{index}/poster``: a picture out of a film, made of what is there already.

Rules: it waits for nothing of the swarm. What makes pictures is imported with the first request.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from aiohttp import web

from headrace.http.stream import index_of, torrent_of
from headrace.streaming.registry import Torrents

if TYPE_CHECKING:
    from headrace.media.posters import Posters

KEPT = "private, max-age=86400"


class PosterApi:
    """The route's handler."""

    def __init__(self, torrents: Torrents) -> None:
        self._torrents = torrents
        self._posters: Posters | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """GET: a JPEG; 404 when there is none, or not yet."""
        torrent = torrent_of(self._torrents, request.match_info["infohash"])
        index = index_of(request.match_info["index"])
        file = torrent.main_video() if index is None else torrent.file(index)
        if self._posters is None:
            # in a thread: it takes longer than the event loop may be held
            module = await asyncio.to_thread(importlib.import_module, "headrace.media.posters")
            self._posters = self._posters or module.Posters()
        picture = await self._posters.of(file)
        headers = {"Cache-Control": KEPT, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=picture, content_type="image/jpeg", headers=headers)
