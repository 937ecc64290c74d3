"""Who knows the server's token: by header, by cookie, or, where players and playlists cannot do otherwise, by the URL.

Rules: compared in constant time, and never written anywhere. The cookie is not the token but follows from it, so that
it ends when the token is changed and outlives a restart; scripts cannot read it and other sites' pages do not send it.
"""

from __future__ import annotations

import hashlib
import hmac

from aiohttp import web

COOKIE = "headrace"
IN_URLS = ("/stream/", "/playlist", "/subtitles/", "/hls/", "/.m3u")
"""What is opened by programs that are given nothing but a URL."""


def knows(token: str, request: web.BaseRequest) -> bool:
    """Whether the request carries the token, or what a login gave for it."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return same(credentials.strip(), token)
    if request.path.startswith(IN_URLS) and "token" in request.query:
        return same(request.query["token"], token)
    return same(request.cookies.get(COOKIE, ""), pass_for(token))


def same(given: str, right: str) -> bool:
    """Whether they are equal, in a time that does not tell how far."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def pass_for(token: str) -> str:
    """What a browser is given for the token."""
    return hmac.new(token.encode("utf-8", "replace"), b"headrace cookie 1", hashlib.sha256).hexdigest()
