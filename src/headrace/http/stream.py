"""``/stream/{infohash}/{index}/{name}``: one file of a torrent, with ranges, before it is downloaded.

Rules: headers go out at once and bytes when they are there; HEAD waits for nothing but the metadata. The read head
lives exactly as long as the answer: whatever ends the one (the last byte, a client that went away, an error, the
server's end) closes the other.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from headrace.core.source import Magnet, parse
from headrace.errors import HeadraceError, InputError
from headrace.http.body import reset, send, watch
from headrace.http.guard import Refused, error_response
from headrace.http.headers import ASKED, Answer, Resource, answer
from headrace.http.keeper import Keeper
from headrace.streaming.reader import ReaderClosed
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File, Torrent

logger = logging.getLogger(__name__)

MAIN = "main"
MOST_TRACKERS = 50
"""Of those in a URL."""


def torrent_of(torrents: Torrents, info_hash: str) -> Torrent:
    """The torrent with this info-hash; ``InputError`` if there is none."""
    torrent = torrents.get(info_hash)
    if torrent is None:
        raise InputError(
            "No such torrent here.", "The path has the info-hash of a torrent that was added.", kind="no_torrent"
        )
    return torrent


async def with_metadata(torrent: Torrent, timeout: float | None = None) -> None:
    """Wait until the torrent's files are known; forever if without ``timeout``, for it is the client who gives up."""
    if torrent.layout is not None:
        return
    try:
        await torrent.metadata(timeout)
    except InputError:
        # Nothing to play in it, or no file like the one that was chosen: what was asked for by index is still there.
        if torrent.layout is None:
            raise


def index_of(text: str) -> int | None:
    """A file's index as it stands in a URL, None for ``main``; ``InputError`` when it is neither."""
    if text == MAIN:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError("A file is named by its index, or `main`.", "`headrace files` lists them.", kind="no_file")
    return int(text)


class Streams:
    """The route's handler; knows who is being served, so that the server can end it."""

    def __init__(self, torrents: Torrents, eager: str | None = None, keeper: Keeper | None = None) -> None:
        self._torrents, self._eager, self._keeper = torrents, eager, keeper
        self._served: set[asyncio.Task[object]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET and HEAD."""
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        try:
            return await self._serve(request)
        except asyncio.CancelledError:
            reset(request)  # no-op when it is the client who went away
            raise
        finally:
            self._served.discard(task)

    def end(self) -> None:
        """Reset every connection that is being served."""
        # Cancelled, not aborted: sendfile must let go of the socket before it is closed.
        for task in self._served:
            task.cancel()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        index = index_of(request.match_info["index"])
        torrent = await self._torrent(request)
        await with_metadata(torrent)
        file = torrent.main_video() if index is None else torrent.file(index)
        resource = Resource(torrent.info_hash, file.index, file.path, file.size, fixed=index is not None)
        asked = {name: ", ".join(request.headers.getall(name)) for name in ASKED if name in request.headers}
        found = answer(resource, asked)
        if found.status == 416:
            return error_response(416, "range", f"The file has {file.size} bytes.", headers=found.headers)
        response = web.StreamResponse(status=found.status, headers=found.headers)
        if request.method == "HEAD" or not found.span.end:
            return response
        return await self._body(request, response, file, found)

    async def _torrent(self, request: web.Request) -> Torrent:
        """The one that is asked for. A server with a keeper adds it if the URL says where its swarm is: so a link is
        all that a player needs. Not for other sites' pages: they may ask for URLs, but add nothing (CSRF)."""
        info_hash, query = request.match_info["infohash"], request.query
        known = self._torrents.get(info_hash)
        if known is None and self._keeper is not None and ("magnet" in query or "tr" in query):
            if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
                raise Refused(403, "origin", "Pages of other sites may not add torrents here.")
            link = query.get("magnet") or info_hash
            found = parse(link)
            if not isinstance(found, Magnet) or info_hash.lower() not in (found.info_hash, found.info_hash_v2):
                raise Refused(422, "bad_magnet", "The magnet link is of another torrent than the path.")
            from headrace.http.shapes import AddTorrent

            wish = AddTorrent("-", trackers=query.getall("tr", [])[:MOST_TRACKERS])
            known, _ = await self._keeper.add(link, wish)
        return known or torrent_of(self._torrents, info_hash)

    async def _body(
        self, request: web.Request, response: web.StreamResponse, file: File, found: Answer
    ) -> web.StreamResponse:
        async with file.open(found.span.start, eager=self._eager) as reader:
            await response.prepare(request)
            watch(request)
            try:
                await send(reader, found.span.end - found.span.start, request, response)
            except (HeadraceError, ReaderClosed, OSError) as error:
                # The status is out: only a broken connection can still say that this is not the whole.
                if not isinstance(error, ConnectionError):
                    logger.warning("a stream of %s was broken off: %s", file.torrent.info_hash, error)
                response.force_close()
                reset(request)
        return response
