"""``/`` and ``/ui/…``: the web interface, files that never change while the server runs.

Rules: only what lies in ``web/`` is served, by name from a table, so that no path can lead elsewhere. Nothing of it
holds a secret, and it is served without the token: it is the page that asks for it. A page may run our own scripts
only, and nothing from any other host (Content-Security-Policy).

The page's parts are found under a folder that is named by a digest of all of them. So browsers may keep them for good
(RFC 8246), and a new version is never mixed with parts of the old one.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

FOLDER = Path(__file__).parent / "web"
PARTS = "/ui/"
"""Where the page's parts are."""
START = "index.html"
PLACE = b"@PARTS@"
"""Stands in the page for the folder of its parts."""
STYLES = "vendor/styles.txt"
FOREVER = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".LICENSE": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}


class Part(NamedTuple):
    """One file of the interface, ready to send."""

    media_type: str
    body: bytes
    etag: str


class Site:
    """All of the interface, in memory: about a megabyte. ``load`` reads the disk."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        everything = b"".join(name.encode() + b"\0" + body + b"\0" for name, body in sorted(parts.items()))
        self.digest = hashlib.sha256(everything).hexdigest()[:16]
        base = f"{PARTS}{self.digest}".encode()
        self.parts = {name: _part(name, body.replace(PLACE, base)) for name, body in parts.items()}
        self.policy = policy(parts.get(STYLES, b"").decode().split())

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Site:
        """Read all files; blocks for a few milliseconds."""
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix in _TYPES]
        return cls({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def _part(name: str, body: bytes) -> Part:
    return Part(_TYPES[Path(name).suffix], body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def policy(styles: list[str]) -> str:
    """The Content-Security-Policy. ``styles`` are the hashes of what media-chrome writes into its shadow roots."""
    hashes = " ".join(f"'{digest}'" for digest in styles)
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {hashes}".strip(),
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",  # what hls.js hands to the video
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(rules)


class Pages:
    """The handlers. Files are read at the first request: whoever only streams does not pay for them."""

    def __init__(self) -> None:
        self._site: asyncio.Task[Site] | None = None

    async def start(self, request: web.Request) -> web.Response:
        """The page."""
        site = await self._loaded()
        headers = {
            "Content-Security-Policy": site.policy,
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }
        return _answer(request, site.parts[START], ALWAYS_ASK, headers)

    async def part(self, request: web.Request) -> web.Response:
        """One of its parts. From a page of another version it is the present one, which nobody may keep."""
        site = await self._loaded()
        found = site.parts.get(request.match_info["name"])
        if found is None or found is site.parts[START]:
            raise web.HTTPNotFound
        current = request.match_info["digest"] == site.digest
        return _answer(request, found, FOREVER if current else ALWAYS_ASK, {})

    async def _loaded(self) -> Site:
        if self._site is None:
            self._site = asyncio.ensure_future(asyncio.to_thread(Site.load))
        return await asyncio.shield(self._site)  # it is everybody's; a client that goes away must not cancel it


def _answer(request: web.Request, part: Part, caching: str, more: dict[str, str]) -> web.Response:
    headers = {
        "Cache-Control": caching,
        "ETag": part.etag,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        **more,
    }
    known = request.if_none_match or ()
    if any(tag.value == "*" or f'"{tag.value}"' == part.etag for tag in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=part.body, headers=headers | {"Content-Type": part.media_type})
