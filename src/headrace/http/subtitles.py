"""``/subtitles/…vtt`` and the list of a video's subtitles: files beside it in the torrent, and tracks inside it.

Rules: a track is named by what it is, so that its URL always means the same: ``s`` and the index of its file, or ``e``
and the container's number for it. Only files that belong to the video by their names are converted, and none beyond
``LARGEST``. Of a track inside the video, parts are told of what is there, and nothing is fetched for them; the whole is
told when the file is whole. Televisions read ``….srt``.
"""

from __future__ import annotations

import asyncio
import importlib
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from headrace.core.cues import webvtt
from headrace.core.languages import language_of
from headrace.core.media_types import media_type_of, suffix_of
from headrace.core.pieces import missing_in
from headrace.core.subtitles import Sidecar
from headrace.errors import InputError
from headrace.http.catalog import text_subtitles
from headrace.http.guard import Refused, json_response
from headrace.http.headers import cors
from headrace.http.media import MediaApi
from headrace.http.stream import index_of, torrent_of, with_metadata
from headrace.http.urls import Urls
from headrace.media.webvtt import LARGEST, to_srt, to_webvtt
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File

if TYPE_CHECKING:
    from headrace.media.embedded import Embedded
    from headrace.media.facts import Media, Track

LONGEST_PART = 600.0
"""Seconds of a film in one part."""
KEPT = 32
"""Whole tracks that are kept: 100 kB each."""
_TEXT = frozenset({"ass", "ssa", "subrip", "mov_text", "webvtt", "text"})
"""FFmpeg's names of subtitles that are text; the others are pictures."""


class Subtitles:
    """The handlers. ``media`` knows what is inside files."""

    def __init__(self, torrents: Torrents, urls: Callable[[web.Request], Urls], media: MediaApi) -> None:
        self._torrents, self._urls, self._media = torrents, urls, media
        self._embedded: Embedded | None = None
        self._whole: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    async def listed(self, request: web.Request) -> web.Response:
        """The tracks of a video, the best first: files, then those inside it if they are known (``looked``)."""
        file = await self._file(request)
        urls, torrent = self._urls(request), file.torrent
        tracks = [track_json(found, urls.subtitles(torrent, file, track_of(found))) for found in await beside(file)]
        media = await self._inside(file, request.query.get("embedded", "known"))
        for track in texts_of(media):
            tracks.append(embedded_json(track, urls.subtitles(torrent, file, f"e{track.index}")))
        told = {"infohash": torrent.info_hash, "index": file.index, "looked": media is not None, "subtitles": tracks}
        return json_response(told)

    async def _inside(self, file: File, wish: str) -> Media | None:
        if wish not in ("known", "wait"):
            raise Refused(422, "invalid", "embedded is known or wait.")
        return await self._media.of(file) if wish == "wait" else self._media.known(file)

    async def track(self, request: web.Request) -> web.Response:
        """One track; waits for its file. One inside the video is told when the video is whole."""
        file = await self._file(request)
        wanted = request.match_info["track"]
        if wanted.startswith("e"):
            text = await self._all_of(file, await self._number(file, wanted))
        else:
            found = next((each for each in await beside(file) if track_of(each) == wanted), None)
            if found is None:
                raise no_track()
            data = await read_whole(file.torrent.file(found.entry.index))
            text = await asyncio.to_thread(to_webvtt, data, suffix_of(found.entry.path), found.language)
        return await served(text, request.match_info["form"], "private, max-age=86400")

    async def part(self, request: web.Request) -> web.Response:
        """Cues of a track inside the video, between two seconds, of what is there."""
        file = await self._file(request)
        start, end = span_of(request)
        number = await self._number(file, request.match_info["track"])
        part = await (await self._reading()).part(file, number, start, end)
        cues = [{"start": c.start, "end": c.end, "text": c.text, "settings": c.settings} for c in part.cues]
        told = {"infohash": file.torrent.info_hash, "index": file.index, "track": f"e{number}", "from": start}
        return json_response(told | {"until": part.until, "cues": cues})

    async def _number(self, file: File, track: str) -> int:
        """The container's number of a track of text; looks into the file if nobody has."""
        wanted = track[1:]
        if track[:1] != "e" or not (wanted.isascii() and wanted.isdigit()) or len(wanted) > 4:
            raise no_track()
        found = next((each.index for each in texts_of(await self._media.of(file)) if each.index == int(wanted)), None)
        if found is None:
            raise no_track()
        return found

    async def _all_of(self, file: File, number: int) -> str:
        key = (file.torrent.info_hash, file.index, number)
        if key not in self._whole:
            if not is_whole(file):
                raise Refused(
                    409,
                    "incomplete",
                    "These subtitles lie all over the video, and it is not whole yet.",
                    "Parts of them are told by /api/v1/…/subtitles/{track}?from=…&to=….",
                )
            self._whole[key] = webvtt(await (await self._reading()).whole(file, number))
            if len(self._whole) > KEPT:
                self._whole.popitem(last=False)
        return self._whole[key]

    async def _reading(self) -> Embedded:
        if self._embedded is None:
            # in a thread: it takes longer than the event loop may be held
            module = await asyncio.to_thread(importlib.import_module, "headrace.media.embedded")
            self._embedded = self._embedded or module.Embedded()
        return self._embedded

    async def _file(self, request: web.Request) -> File:
        torrent = torrent_of(self._torrents, request.match_info["infohash"])
        await with_metadata(torrent)
        index = index_of(request.match_info["index"])
        return torrent.main_video() if index is None else torrent.file(index)


def no_track() -> InputError:
    """What is said of a track that there is none of."""
    return InputError("The video has no such subtitles.", "Ask for its list of subtitles.", kind="no_track")


def span_of(request: web.Request) -> tuple[float, float]:
    """The seconds that a request asks for."""
    try:
        start, end = (float(request.query[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        raise Refused(422, "invalid", "from and to are seconds.", "For example ?from=60&to=120.") from None
    if not (math.isfinite(start) and 0 <= start < end <= start + LONGEST_PART and end < 1e6):
        raise Refused(422, "invalid", f"A part has more than 0 and at most {LONGEST_PART:.0f} seconds.")
    return start, end


def is_whole(file: File) -> bool:
    """Whether all of it is there."""
    layout, have = file.torrent.layout, file.torrent.handle.have
    if layout is None or not have:
        return False
    return next(missing_in(have, layout.pieces_of(file.entry.span)), None) is None


def texts_of(media: Media | None) -> list[Track]:
    """The tracks inside a video that are text."""
    tracks = media.tracks if media is not None else ()
    return [track for track in tracks if track.kind == "subtitle" and track.codec in _TEXT]


def embedded_json(track: Track, url: str) -> dict[str, Any]:
    """A track inside the video, as one beside it."""
    title = track.title.casefold()
    return {
        "track": f"e{track.index}",
        "file": None,
        "name": track.title,
        "language": language_of(track.language),
        "forced": track.forced or "forced" in title,
        "hearing_impaired": any(word in title.split() for word in ("sdh", "cc", "(sdh)", "[sdh]")),
        "url": url,
    }


async def served(text: str, form: str, caching: str) -> web.Response:
    """WebVTT as ``vtt`` or ``srt``, for pages and devices anywhere; ``caching`` is the Cache-Control."""
    if form == "srt":
        text = await asyncio.to_thread(to_srt, text)
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff", **cors()}
    return web.Response(text=text, content_type=media_type_of(f"_.{form}"), charset="utf-8", headers=headers)


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
