"""``/subtitles/lent/…``: subtitles that the user has on this machine, for a device that fetches them by itself.

Rules: only what was lent is served, by a name that cannot be guessed, and never a path of this machine.
"""

from __future__ import annotations

import secrets

from aiohttp import web

from headrace.casting.base import Captions
from headrace.errors import InputError
from headrace.http.subtitles import served
from headrace.http.urls import Urls

KEPT = 16
"""As many at most, the latest: a server lends some for each film that is cast with its viewer's own, and a device asks
for them when it begins."""


class Lent:
    """The handler, and what it serves: WebVTT by name."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        """By name, the latest last."""

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler."""
        return [web.get("/subtitles/lent/{name}.{form:vtt|srt}", self.handle)]

    def lend(self, text: str, urls: Urls, name: str = "") -> Captions:
        """Serve these subtitles."""
        word = secrets.token_urlsafe(16)
        self._texts[word] = text
        while len(self._texts) > KEPT:
            del self._texts[next(iter(self._texts))]
        return Captions(urls.lent(f"{word}.vtt"), urls.lent(f"{word}.srt"), name=name)

    async def handle(self, request: web.Request) -> web.Response:
        """One of them."""
        text = self._texts.get(request.match_info["name"])
        if text is None:
            raise InputError("There are no such subtitles.", kind="no_track")
        return await served(text, request.match_info["form"], "no-store")
