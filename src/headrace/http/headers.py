"""What a stream's answer says before its body: a function of the file and of what was asked.

Rules: no I/O and no server. GET and HEAD get the same answer, a Range included: RFC 9110 section 14.2 defines Range for
GET alone, but players ask with HEAD whether it works, and nginx, Apache and Go's file server all answer them with 206.
Names of files come from strangers: nothing of them reaches a header but printable ASCII, the rest is percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from msgspec import Struct

from headrace.core.dlna import FEATURES, IMAGE_FEATURES
from headrace.core.http_range import Unsatisfiable, content_range, if_none_match, if_range_matches, parse_range
from headrace.core.media_types import kind_of, media_type_of
from headrace.core.spans import Span

ASKED = ("range", "if-range", "if-none-match", "transfermode.dlna.org", "getcontentfeatures.dlna.org")
"""The request headers, in lower case, that ``answer`` looks at."""

EXPOSED = (
    "Content-Length, Content-Range, Accept-Ranges, ETag, Content-Disposition, "
    "transferMode.dlna.org, contentFeatures.dlna.org"
)
METHODS = "GET, HEAD, OPTIONS"

_ATTR_CHAR = "!#$&+^`|"
"""What RFC 8187's attr-char has beyond letters, digits and ``-._~``, which ``quote`` never encodes."""
_NOT_PLAIN = re.compile(r'[^\x20-\x7e]|["\\%]')
"""RFC 6266 appendix D: no escapes and no percent signs in ``filename``, agents disagree about them."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Resource(Struct, frozen=True):
    """A file as it is asked for. ``size`` in bytes; ``fixed``: by its index, so that the URL always means this file."""

    info_hash: str
    index: int
    path: str
    size: int
    fixed: bool = True

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def streamed(self) -> bool:
        """Whether it is played as it comes."""
        return kind_of(self.path) in ("video", "audio")

    @property
    def etag(self) -> str:
        """Strong (RFC 9110 section 8.8.1): the info-hash fixes every byte."""
        return f'"{self.info_hash}-{self.index}"'


class Answer(NamedTuple):
    """Status, headers, and the bytes of the file that a GET is to send."""

    status: int
    headers: dict[str, str]
    span: Span


def answer(resource: Resource, asked: Mapping[str, str]) -> Answer:
    """The answer to a GET or HEAD. ``asked`` has the request's headers by lower-case name."""
    headers = _common(resource)
    if if_none_match(asked.get("if-none-match"), resource.etag):
        return Answer(304, headers, Span(0, 0))
    headers |= _described(resource) | _dlna(resource, asked)
    wanted = parse_range(asked.get("range"), resource.size)
    # 13.2.2: If-Range comes last and only decides whether Range counts.
    if wanted is None or not if_range_matches(asked.get("if-range"), resource.etag):
        return Answer(200, headers | {"Content-Length": str(resource.size)}, Span(0, resource.size))
    if isinstance(wanted, Unsatisfiable):
        return Answer(416, _common(resource) | {"Content-Range": wanted.content_range}, Span(0, 0))
    headers["Content-Range"] = content_range(wanted, resource.size)
    headers["Content-Length"] = str(wanted.end - wanted.start)
    return Answer(206, headers, wanted)


def content_disposition(name: str) -> str:
    """``inline`` with the file's name (RFC 6266, RFC 8187), whatever the name holds."""
    name = _CONTROL.sub("_", name)
    plain = _NOT_PLAIN.sub("_", name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR, errors='replace')}"
    return f'inline; filename="{plain}"{extended}'


def cors() -> dict[str, str]:
    """For scripts of any origin: web players, Chromecast receivers."""
    return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}


def preflight(asked_headers: str, *, private_network: bool) -> dict[str, str]:
    """The answer to a CORS preflight. ``private_network``: a page of the Internet may reach into this network.

    What is asked for is granted by name, for ``*`` does not cover Authorization (Fetch standard, 4.8).
    """
    names = [name.strip() for name in asked_headers.split(",")]
    granted = ", ".join(name for name in names if re.fullmatch(r"[A-Za-z0-9.!#$%&'*+^_`|~-]+", name))
    headers = cors() | {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": "7200"}
    if granted:
        headers["Access-Control-Allow-Headers"] = granted
    if private_network:
        headers["Access-Control-Allow-Private-Network"] = "true"
    return headers


def _common(resource: Resource) -> dict[str, str]:
    # Private: the URL may carry a token, and what is watched is nobody's business. ``main`` may come to mean another
    # file, so it is asked again (and the ETag answers).
    fresh = "max-age=3600" if resource.fixed else "no-cache"
    return {"ETag": resource.etag, "Accept-Ranges": "bytes", "Cache-Control": f"private, {fresh}, no-transform"}


def _described(resource: Resource) -> dict[str, str]:
    headers = {
        "Content-Type": media_type_of(resource.path),
        "Content-Disposition": content_disposition(resource.name),
        "X-Content-Type-Options": "nosniff",
    }
    if not resource.streamed:
        # A page, SVG or PDF of a stranger's torrent must not run scripts as if it were part of this server.
        headers["Content-Security-Policy"] = "sandbox"
    return headers


def _dlna(resource: Resource, asked: Mapping[str, str]) -> dict[str, str]:
    """DLNA guidelines 7.4.1.3 (contentFeatures) and 7.4.1.3.23 (transferMode), only for those who ask."""
    features = asked.get("getcontentfeatures.dlna.org", "").strip() == "1"
    mode = asked.get("transfermode.dlna.org", "").strip().lower()
    if not features and not mode:
        return {}
    usual = "Streaming" if resource.streamed else "Interactive"
    headers = {"transferMode.dlna.org": "Background" if mode == "background" else usual}
    if features:
        headers["contentFeatures.dlna.org"] = FEATURES if resource.streamed else IMAGE_FEATURES
    return headers
