"""``/subtitles/…vtt`` and the list of a video's subtitles: the files beside it in the torrent, as WebVTT.

Rules: a track is named by what it is, ``s`` and the index of its file, so that its URL always means the same. Only
files that belong to the video by their names are converted, and none beyond ``LARGEST``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from headrace.core.media_types import suffix_of
from headrace.core.subtitles import Sidecar
from headrace.errors import InputError
from headrace.http.catalog import text_subtitles
from headrace.http.guard import json_response
from headrace.http.headers import cors
from headrace.http.stream import index_of, torrent_of, with_metadata
from headrace.http.urls import Urls
from headrace.media.webvtt import LARGEST, to_webvtt
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File


class Subtitles:
    """The handlers."""

    def __init__(self, torrents: Torrents, urls: Callable[[web.Request], Urls]) -> None:
        self._torrents, self._urls = torrents, urls

    async def listed(self, request: web.Request) -> web.Response:
        """The tracks of a video, the best first."""
        file = await self._file(request)
        urls, torrent = self._urls(request), file.torrent
        tracks = [track_json(found, urls.subtitles(torrent, file, track_of(found))) for found in await beside(file)]
        return json_response({"infohash": torrent.info_hash, "index": file.index, "subtitles": tracks})

    async def track(self, request: web.Request) -> web.Response:
        """One track; waits for its file."""
        file = await self._file(request)
        wanted = request.match_info["track"]
        found = next((each for each in await beside(file) if track_of(each) == wanted), None)
        if found is None:
            raise InputError("The video has no such subtitles.", "Ask for its list of subtitles.", kind="no_track")
        data = await read_whole(file.torrent.file(found.entry.index))
        text = await asyncio.to_thread(to_webvtt, data, suffix_of(found.entry.path), found.language)
        headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff", **cors()}
        return web.Response(text=text, content_type="text/vtt", charset="utf-8", headers=headers)

    async def _file(self, request: web.Request) -> File:
        torrent = torrent_of(self._torrents, request.match_info["infohash"])
        await with_metadata(torrent)
        index = index_of(request.match_info["index"])
        return torrent.main_video() if index is None else torrent.file(index)


async def beside(file: File) -> list[Sidecar]:
    """The subtitle files that belong to a video."""
    entries = [each.entry for each in file.torrent.files]
    return await asyncio.to_thread(text_subtitles, entries, file.entry)


def track_of(found: Sidecar) -> str:
    """A track's name in URLs."""
    return f"s{found.entry.index}"


def track_json(found: Sidecar, url: str) -> dict[str, Any]:
    """A track as JSON; ``file`` is the index of its file, ``language`` a BCP 47 tag or empty."""
    return {
        "track": track_of(found),
        "file": found.entry.index,
        "name": found.entry.name,
        "language": found.language,
        "forced": found.forced,
        "hearing_impaired": found.hearing_impaired,
        "url": url,
    }


async def read_whole(file: File) -> bytes:
    """All of a small file; ``InputError`` for one that is too large for subtitles."""
    if file.size > LARGEST:
        raise InputError("The file is too large for subtitles.", f"At most {LARGEST >> 20} MiB.", kind="subtitles")
    data = bytearray()
    async with file.open() as reader:
        while chunk := await reader.read():
            data += chunk
    return bytes(data)
