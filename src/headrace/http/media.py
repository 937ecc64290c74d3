"""``/api/v1/torrents/{infohash}/files/{index}/media``: the tracks of a file, before it is downloaded.

Rules: an answer may have to wait for bytes of the file; a client that goes away ends that wait, and the look into the
file with it. What looks into files is imported with the first request.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from headrace.errors import InputError
from headrace.http.guard import Refused, json_response
from headrace.http.stream import index_of, torrent_of, with_metadata
from headrace.streaming.registry import Torrents

if TYPE_CHECKING:
    from headrace.media.facts import Media
    from headrace.media.probes import Probes
    from headrace.streaming.torrent import File

METADATA_WITHIN = 50.0
"""Seconds for a torrent's metadata to come: proxies give up after 60."""


class MediaApi:
    """The route's handler."""

    def __init__(self, torrents: Torrents) -> None:
        self._torrents = torrents
        self._probes: Probes | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """GET."""
        torrent = torrent_of(self._torrents, request.match_info["infohash"])
        index = index_of(request.match_info["index"])
        await with_metadata(torrent, METADATA_WITHIN)
        file = torrent.main_video() if index is None else torrent.file(index)
        media = await self.of(file)
        found: dict[str, Any] = {"infohash": torrent.info_hash, "index": file.index, "path": file.path}
        return json_response(found | {"size": file.size} | msgspec.to_builtins(media))

    async def of(self, file: File) -> Media:
        """What a file holds; waits for the bytes that tell."""
        probes = await self._looking()
        try:
            return await probes.of(file)
        except InputError as error:  # the file is there, and is not what was asked for
            raise Refused(422, error.kind, error.message, error.hint) from None

    def known(self, file: File) -> Media | None:
        """The same, if it was looked at before."""
        return self._probes.known(file) if self._probes is not None else None

    async def aclose(self) -> None:
        """End all looks."""
        if self._probes is not None:
            await self._probes.aclose()

    async def _looking(self) -> Probes:
        if self._probes is None:
            # in a thread: it takes longer than the event loop may be held
            module = await asyncio.to_thread(importlib.import_module, "headrace.media.probes")
            self._probes = self._probes or module.Probes()
        return self._probes
