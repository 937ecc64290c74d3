"""What every request meets before its handler: the Host check, preflights, the token; and errors as JSON.

Rules: nothing of a URL is logged, for it may carry the token. Tokens are compared in constant time. A request whose
Host is not ours is refused before anything else looks at it (DNS rebinding). Scripts of other origins may read streams
and playlists, which one finds only by an info-hash, and the rest only where a token guards it.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from headrace import __version__
from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.http.headers import METHODS, cors, preflight
from headrace.http.hosts import is_own
from headrace.streaming.waits import StreamFailed

logger = logging.getLogger(__name__)

_KINDS = {400: "bad_request", 404: "not_found", 405: "method", 413: "too_large", 414: "too_long", 431: "too_large"}


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may ask. ``token`` empty: everybody who reaches the server; ``allowed``: host names beside the own ones."""

    token: str = ""
    allowed: frozenset[str] = frozenset()

    def middleware(self) -> Any:
        """As aiohttp wants it."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
            return await _answered(request, handler)

        return check

    async def finish(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """A signal of aiohttp (``on_response_prepare``): the headers that every response has."""
        response.headers["Server"] = f"headrace/{__version__}"
        if self._is_open(request.path) and "Access-Control-Allow-Origin" not in response.headers:
            response.headers.update(cors())

    def _refusal(self, request: web.Request) -> web.Response | None:
        if (wrong := self._wrong_host(request)) is not None:
            return wrong
        if request.method == "OPTIONS":
            return self._options(request)
        if self.token and not is_public(request.path) and not self._knows_token(request):
            challenge = {"WWW-Authenticate": 'Bearer realm="headrace"'}
            return error_response(
                401,
                "token",
                "This server wants its token.",
                "Add ?token=… or an Authorization: Bearer header.",
                challenge,
            )
        return None

    def _wrong_host(self, request: web.Request) -> web.Response | None:
        # aiohttp's parser refuses several, and none in HTTP/1.1 (RFC 9112 section 3.2); HTTP/1.0 had no Host, and no
        # browser speaks it.
        hosts = request.headers.getall("Host", [])
        local = request.transport.get_extra_info("sockname") if request.transport else None
        address = str(local[0]) if local else ""
        # request.host is the target's when that is absolute, which counts more than the header (RFC 9112, 3.2.2).
        if all(is_own(name, address, self.allowed) for name in (*hosts, request.host if hosts else "localhost")):
            return None
        return error_response(
            421,
            "host",
            "This server does not answer to that host name.",
            "Use its address, or start it with --allow-host NAME.",
        )

    def _knows_token(self, request: web.BaseRequest) -> bool:
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        given = credentials.strip() if scheme.lower() == "bearer" else request.query.get("token", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode("utf-8", "replace"))

    def _options(self, request: web.Request) -> web.Response:
        missing = request.match_info.http_exception
        if missing is not None and missing.status == 404:
            return _translated(missing)
        headers = {"Allow": METHODS}
        if self._is_open(request.path) and "Access-Control-Request-Method" in request.headers:
            # A public page may reach into this network only if it was given the token (which media URLs carry).
            wants_network = request.headers.get("Access-Control-Request-Private-Network") == "true"
            network = wants_network and bool(self.token) and self._knows_token(request)
            headers |= preflight(request.headers.get("Access-Control-Request-Headers", ""), private_network=network)
        return web.Response(status=204, headers=headers)

    def _is_open(self, path: str) -> bool:
        return bool(self.token) or path.startswith(("/stream/", "/playlist/", "/subtitles/"))


def is_public(path: str) -> bool:
    """What needs no token: the page that asks for it, and whether the server lives."""
    return path in ("/", "/healthz") or path.startswith("/ui/")


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _translated(error)
    except HeadraceError as error:
        return error_response(status_of(error), error.kind, error.message, error.hint)
    except ConnectionError:
        raise
    except Exception:
        logger.exception("a request failed unexpectedly")
        return error_response(500, "unexpected", "Something went wrong inside the server.", "Its log says what.")


def status_of(error: HeadraceError) -> int:
    """The HTTP status that fits an error of ours."""
    if isinstance(error, InputError):
        return 404  # all that a URL can get wrong is the name of a thing
    if isinstance(error, SwarmError):
        return 504
    if isinstance(error, StreamFailed):
        return 503
    return 507 if isinstance(error, EngineError) and error.kind == "disk_full" else 500


def error_response(
    status: int, kind: str, message: str, hint: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error as every client gets it: ``{"error": {"kind", "message", "hint"}}``."""
    return json_response({"error": {"kind": kind, "message": message, "hint": hint}}, status=status, headers=headers)


def json_response(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer that nobody keeps: it is out of date at once."""
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return web.Response(text=json.dumps(data), status=status, content_type="application/json", headers=kept)


def _translated(error: web.HTTPException) -> web.Response:
    kind = _KINDS.get(error.status, "http")
    headers = {"Allow": METHODS} if error.status == 405 else {}
    return error_response(error.status, kind, f"{error.reason}.", headers=headers)


class ProtocolLog(logging.Filter):
    """For aiohttp's own log: a malformed request is the client's fault, and its text may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep that it happened; drop what was sent, and whisper."""
        record.exc_info = None
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger("headrace").isEnabledFor(logging.DEBUG)
