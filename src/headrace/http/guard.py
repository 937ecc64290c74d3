"""What every request meets before its handler: the Host check, preflights, the token; and errors as JSON.

Rules: nothing of a URL is logged, for it may carry the token. Tokens are compared in constant time. A request whose
Host is not ours is refused before anything else looks at it (DNS rebinding). Scripts of other origins may read streams
and playlists, which one finds only by an info-hash, and the rest only where a token guards it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from headrace import __version__
from headrace.core.redact import redact
from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.http.auth import COOKIE, Cookies, knows
from headrace.http.body import reset
from headrace.http.headers import METHODS, cors, preflight
from headrace.http.hosts import is_own
from headrace.streaming.waits import StreamFailed

logger = logging.getLogger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""


class Refused(HeadraceError):
    """A request that is answered with this status. ``headers`` go with it."""

    def __init__(
        self, status: int, kind: str, message: str, hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, hint, kind=kind)
        self.status, self.headers = status, headers


_KINDS = {400: "bad_request", 404: "not_found", 405: "method", 413: "too_large", 414: "too_long", 431: "too_large"}


class Guard(Struct, frozen=True):
    """Who may ask. ``token`` empty: everybody who reaches the server; ``allowed``: host names beside the own ones;
    ``cookies``: what logins gave out."""

    cookies: Cookies
    token: str = ""
    allowed: frozenset[str] = frozenset()

    def middleware(self) -> Any:
        """As aiohttp wants it."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
            if self.token and request.method in SAFE and COOKIE in request.cookies and not is_public(request.path):
                return await self._while_logged_in(request, handler)
            return await _answered(request, handler)

        return check

    async def _while_logged_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What a login asked for ends with it: films and events are sent for hours."""
        task = asyncio.current_task()
        assert task is not None
        forget = self.cookies.when_ended(request.cookies[COOKIE], task.cancel)
        try:
            return await _answered(request, handler)
        except asyncio.CancelledError:
            reset(request)  # so that nobody takes it for whole; nothing happens where the client has gone
            raise
        finally:
            forget()

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
        if request.method not in SAFE and (foreign := _foreign(request)) is not None:
            return foreign
        if self.token and not is_public(request.path) and not knows(self.token, self.cookies, request):
            challenge = {"WWW-Authenticate": 'Bearer realm="headrace"'}
            return error_response(
                401,
                "token",
                "This server wants its token.",
                "Send it as Authorization: Bearer; stream and playlist URLs take ?token=… too.",
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

    def _options(self, request: web.Request) -> web.Response:
        missing = request.match_info.http_exception
        if missing is not None and missing.status == 404:
            return _translated(missing)
        headers = {"Allow": METHODS if missing is None else _allowed(missing)}
        if self._is_open(request.path) and "Access-Control-Request-Method" in request.headers:
            # A public page may reach into this network only if it was given the token (which media URLs carry).
            wants_network = request.headers.get("Access-Control-Request-Private-Network") == "true"
            network = wants_network and bool(self.token) and knows(self.token, self.cookies, request)
            headers |= preflight(request.headers.get("Access-Control-Request-Headers", ""), private_network=network)
        return web.Response(status=204, headers=headers)

    def _is_open(self, path: str) -> bool:
        return bool(self.token) or path.startswith(("/stream/", "/playlist/", "/subtitles/", "/hls/"))


def is_public(path: str) -> bool:
    """What needs no token: the page that asks for it, and whether the server lives."""
    return path in ("/", "/healthz", "/api/v1/login") or path.startswith("/ui/")


def _foreign(request: web.Request) -> web.Response | None:
    """The refusal of a request that changes something and comes from another site's page (CSRF).

    Browsers send Origin with every such request (Fetch standard, 3.2), and Sec-Fetch-Site where they know it; programs
    send neither. Only the authority is compared: a proxy in front may speak https.
    """
    origins = request.headers.getall("Origin", [])
    same = all(_authority(origin) == _authority(f"//{request.host}") for origin in origins)
    if same and request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
        return None
    return error_response(
        403, "origin", "Pages of other sites may not change anything here.", "Use the server's own page, or a program."
    )


def _authority(url: str) -> str:
    """``host:port`` of an origin, without the port that its scheme has anyway; nothing when there is none."""
    scheme, separator, authority = url.lower().rpartition("//")
    usual = {"http:": ":80", "https:": ":443"}.get(scheme, "")
    return authority.removesuffix(usual) if separator else ""


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _translated(error)
    except Refused as error:
        return error_response(error.status, error.kind, redact(error.message), error.hint, error.headers)
    except HeadraceError as error:
        return error_response(status_of(error), error.kind, redact(error.message), redact(error.hint))
    except ConnectionError:
        raise
    except Exception:
        logger.exception("a request failed unexpectedly")
        return error_response(500, "unexpected", "Something went wrong inside the server.", "Its log says what.")


_OF_ENGINE = {"disk_full": 507, "disk": 507, "in_use": 409, "missing": 503}


def status_of(error: HeadraceError) -> int:
    """The HTTP status that fits an error of ours."""
    if isinstance(error, InputError):
        return 404  # all that a URL can get wrong is the name of a thing
    if isinstance(error, SwarmError):
        return 504
    if isinstance(error, StreamFailed):
        return 503
    return _OF_ENGINE.get(error.kind, 500) if isinstance(error, EngineError) else 500


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
    headers = {"Allow": _allowed(error)} if error.status == 405 else {}
    return error_response(error.status, kind, f"{error.reason}.", headers=headers)


def _allowed(error: web.HTTPException) -> str:
    """The methods of a path, OPTIONS last."""
    methods = error.allowed_methods if isinstance(error, web.HTTPMethodNotAllowed) else ()
    return ", ".join([*sorted(methods), "OPTIONS"]) if methods else METHODS


class ProtocolLog(logging.Filter):
    """For aiohttp's own log: a malformed request is the client's fault, and its text may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep that it happened; drop what was sent, and whisper."""
        record.exc_info = None
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger("headrace").isEnabledFor(logging.DEBUG)
