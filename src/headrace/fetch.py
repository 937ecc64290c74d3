"""Small files from the web: a .torrent, a blocklist, subtitles.

Rules: at most ``limit`` bytes and ``timeout`` seconds in all, whatever a server does (name look-up and slow drips
included); redirects are followed, also one to a magnet link, which ends the way; a body that is gzip is unpacked within
the same limit. What fails is an ``InputError`` that names the place and the cause, without secrets. With a proxy of
ours nothing goes around it: what it cannot carry is refused. urllib takes 60 ms to import: do it where it is used.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
import threading
import time
import urllib.request as web
from collections.abc import Callable
from functools import partial
from http.client import HTTPMessage
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from msgspec import Struct

from headrace.core.display import printable
from headrace.core.packed import MAGIC, gunzip
from headrace.core.redact import redact
from headrace.errors import InputError
from headrace.interfaces import device_of

_CHUNK = 64 * 1024
_SAVE_IT = "Fetch the file yourself and give its path."
_AGAIN = "Try again later, or fetch the file yourself and give its path."
_KEPT = "%/:=&?~#+!$,;'@()*[]"
"""Characters of a URL that stay; others, such as blanks and letters with accents, are percent-encoded."""
_HTML = frozenset({"text/html", "application/xhtml+xml"})


class Fetched(Struct, frozen=True):
    """What a URL led to: a body, which the server may have called HTML, or the magnet link that a redirect named."""

    body: bytes = b""
    html: bool = False
    magnet: str = ""


class Route(Struct, frozen=True):
    """The way to the web: an ``http://[user:password@]host:port`` proxy; an address or interface to go out from.

    Without a proxy here the environment's (``https_proxy``) counts, as for other programs. Interfaces by name: Linux.
    """

    proxy: str = ""
    source: str = ""


DIRECT = Route()
"""Whatever way the environment names."""


def fetch(url: str, *, limit: int, timeout: float, route: Route = DIRECT) -> Fetched:
    """Fetch an http(s) URL: at most ``limit`` bytes, in at most ``timeout`` seconds; else ``InputError``."""
    scheme = route.proxy.partition("://")[0].lower() if "://" in route.proxy else "http"
    if route.proxy and scheme != "http":
        raise InputError(
            f"Headrace cannot fetch http(s) URLs through a {printable(scheme)} proxy, and does not go around it.",
            f"{_SAVE_IT} Or use a magnet link.",
            kind="bad_url",
        )
    place = printable(redact(url), 200)
    work = partial(_fetch, url, limit, time.monotonic() + timeout, route, place)
    return _in_thread(work, timeout, place)


def _in_thread(work: Callable[[], Fetched], timeout: float, place: str) -> Fetched:
    """Run ``work`` in a thread: neither a name look-up nor a header that drips in can be bounded from within."""
    results: list[Fetched | BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # raised again in the caller's thread
            results.append(error)

    thread = threading.Thread(target=run, name="headrace-fetch", daemon=True)
    thread.start()
    thread.join(timeout)
    if not results:
        raise _failed(place, "no answer in time", _AGAIN)
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]


def _fetch(url: str, limit: int, deadline: float, route: Route, place: str) -> Fetched:
    try:
        request = _request(url)
        with _opener(route).open(request, timeout=max(0.001, deadline - time.monotonic())) as response:
            body = _read(response.read1, limit, deadline, place)
            declared = response.headers.get("Content-Length", "")
            if declared.isdigit() and len(body) < int(declared):
                raise _failed(place, "the transfer broke off", _AGAIN)
            return Fetched(_unpacked(body, limit, place), response.headers.get_content_type() in _HTML)
    except _MagnetFound as found:
        return Fetched(magnet=found.uri)
    except HTTPError as error:
        raise _refused(place, error.code) from None
    except URLError as error:
        raise _failed(place, _cause(error.reason), _AGAIN) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(place, _cause(error), _AGAIN) from None


def _read(read: Callable[[int], bytes], limit: int, deadline: float, place: str) -> bytes:
    body = bytearray()
    while chunk := read(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise _too_large(place, limit)
        if time.monotonic() > deadline:
            raise _failed(place, "no answer in time", _AGAIN)
    return bytes(body)


def _unpacked(body: bytes, limit: int, place: str) -> bytes:
    """gzip is not asked for, but some servers send it all the same, and some files are gzip."""
    if not body.startswith(MAGIC):
        return body
    try:
        plain = gunzip(body, limit)
    except ValueError as error:
        raise _failed(place, str(error), _AGAIN) from None
    if len(plain) > limit:
        raise _too_large(place, limit)
    return plain


def _request(url: str) -> web.Request:
    parts = urlsplit(url)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise ValueError("not a complete http(s) URL")
    user, _, place = parts.netloc.rpartition("@")
    if not parts.hostname.isascii():
        place = parts.hostname.encode("idna").decode() + (f":{parts.port}" if parts.port else "")
    plain = quote(urlunsplit(parts._replace(netloc=place, fragment="")), safe=_KEPT)
    request = web.Request(plain, headers={"User-Agent": "Headrace", "Accept": "*/*"})  # noqa: S310 - checked above
    if user:
        # Not sent on to where a redirect leads.
        request.add_unredirected_header("Authorization", _basic(user))
    return request


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(unquote(user).encode()).decode()


class _MagnetFound(Exception):
    """A redirect named a magnet link: indexers answer so to a request for a .torrent."""

    def __init__(self, uri: str) -> None:
        super().__init__()
        self.uri = uri


class _Redirects(web.HTTPRedirectHandler):
    def http_error_302(self, req: web.Request, fp: Any, code: int, msg: str, headers: HTTPMessage) -> Any:
        target = (headers.get("Location") or "").strip()
        if target.lower().startswith("magnet:"):
            raise _MagnetFound(target)
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Plain(web.HTTPHandler):
    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def http_request(self, req: web.Request) -> web.Request:
        return _proxied(super().http_request(req), self._route.proxy)

    def http_open(self, req: web.Request) -> Any:
        kind: Any = partial(_connection, http.client.HTTPConnection, self._route.source)
        return self.do_open(kind, req)


class _Secure(web.HTTPSHandler):
    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def https_request(self, req: web.Request) -> web.Request:
        return _proxied(super().https_request(req), self._route.proxy)

    def https_open(self, req: web.Request) -> Any:
        kind: Any = partial(_connection, http.client.HTTPSConnection, self._route.source)
        return self.do_open(kind, req)


def _opener(route: Route) -> web.OpenerDirector:
    """No handler for ftp and file: a redirect must not leave the web, nor our way to it."""
    opener = web.OpenerDirector()
    handlers = [web.UnknownHandler(), web.HTTPDefaultErrorHandler(), web.HTTPErrorProcessor(), _Redirects()]
    for handler in [*handlers, _Plain(route), _Secure(route), *([] if route.proxy else [web.ProxyHandler()])]:
        opener.add_handler(handler)
    return opener


def _proxied(request: web.Request, proxy: str) -> web.Request:
    """``request`` by way of ``proxy``, if any. urllib's own handler would obey ``no_proxy`` and go around it."""
    if not proxy:
        return request
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    user, _, place = parts.netloc.rpartition("@")
    if user:
        request.add_unredirected_header("Proxy-authorization", _basic(user))
    request.set_proxy(place if parts.port else f"{place.rstrip(':')}:80", "http")
    return request


def _connection(kind: Callable[..., Any], source: str, host: str, **options: Any) -> Any:
    connection = kind(host, **options)
    if source:
        connection._create_connection = partial(_connect, source)
    return connection


def _connect(source: str, address: tuple[str, int], timeout: float, _unused: object) -> socket.socket:
    """A connection that leaves from ``source``, or none."""
    failure = OSError("the host has no address")
    for family, kind, protocol, _, target in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout)
            _bind(connection, source)
            connection.connect(target)
        except OSError as error:
            failure = error
            connection.close()
        else:
            return connection
    raise failure


def _bind(connection: socket.socket, source: str) -> None:
    try:
        ipaddress.ip_address(source)
    except ValueError:
        if not hasattr(socket, "SO_BINDTODEVICE"):
            raise OSError("this system cannot bind to an interface by its name; give its address") from None
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, source.encode() + b"\0")
    else:
        connection.bind((source, 0))
        if (device := device_of(source)) != source:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")


def _cause(error: object) -> str:
    """Why it failed, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    told: tuple[tuple[type[BaseException], str], ...] = (
        (ssl.SSLError, "no secure connection could be made"),
        (socket.gaierror, "the host's name is not known"),
        (TimeoutError, "no answer in time"),
        (ConnectionRefusedError, "nothing answers there"),
        (ConnectionResetError, "the server closed the connection"),
        (http.client.IncompleteRead, "the transfer broke off"),
        (http.client.BadStatusLine, "what answers there is not a web server"),
    )
    for kind, words in told:
        if isinstance(error, kind):
            return words
    said = error.strerror if isinstance(error, OSError) else None
    return printable(redact(said or str(error) or type(error).__name__), 120)


def _refused(place: str, code: int) -> InputError:
    if code in {404, 410}:
        return _failed(place, f"it is not there (HTTP {code})", "Check the address; links to files may expire.")
    if code in {401, 403}:
        return _failed(place, f"access is refused (HTTP {code})", f"The site may want a login. {_SAVE_IT}")
    if code == 407:
        return _failed(
            place, "the proxy wants a name and password (HTTP 407)", "Write --proxy http://USER:PASSWORD@HOST."
        )
    if 300 <= code < 400:
        return _failed(place, f"its redirects lead nowhere (HTTP {code})", _SAVE_IT)
    return _failed(place, f"the server failed (HTTP {code})" if code >= 500 else f"HTTP {code}", _AGAIN)


def _too_large(place: str, limit: int) -> InputError:
    return _failed(place, f"it is larger than {limit // 1024**2} MiB", "Check the address.")


def _failed(place: str, cause: str, hint: str) -> InputError:
    return InputError(f"Cannot fetch {place}: {cause}.", hint, kind="bad_url")
