"""Who knows the server's token: by header, by cookie, or, where players and playlists cannot do otherwise, by the URL.

Rules: compared in constant time, and never written anywhere. The cookie is not the token; it ends when the token is
changed and outlives a restart; scripts cannot read it and other sites' pages do not send it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import web

COOKIE = "headrace"
IN_URLS = ("/stream/", "/playlist", "/subtitles/", "/hls/", "/.m3u")
"""What is opened by programs that are given nothing but a URL."""


class Cookies(Protocol):
    """What logins give out (``http.logins``)."""

    def knows(self, secret: str) -> bool:
        """Whether this cookie is good now."""

    def when_ended(self, secret: str, ended: Callable[[], object]) -> Callable[[], None]:
        """Call ``ended`` when this cookie is taken back; returns what calls that off."""

    async def begin(self, label: str) -> str:
        """A cookie for somebody who knew the token; ``label`` is what the browser calls itself."""

    async def end(self, secret: str) -> None:
        """This cookie is good no more."""

    def listed(self, secret: str) -> list[dict[str, Any]]:
        """All logins; this cookie's is marked."""

    async def revoke(self, name: str) -> bool:
        """End a login by its ``id``; whether there was one."""

    async def revoke_others(self, secret: str) -> int:
        """End all but the one with this cookie; how many those were."""


def knows(token: str, cookies: Cookies, request: web.BaseRequest) -> bool:
    """Whether the request carries the token, or what a login gave for it."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return same(credentials.strip(), token)
    if request.path.startswith(IN_URLS) and "token" in request.query:
        return same(request.query["token"], token)
    return cookies.knows(request.cookies.get(COOKIE, ""))


def same(given: str, right: str) -> bool:
    """Whether they are equal, in a time that does not tell how far."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
