"""Text without secrets, for logs, errors and JSON.

Rules: private trackers put passkeys into path segments, queries, and sometimes host names; feeds put API keys into
queries; proxies and web seeds have ``user:password@``. So what is *known* to be harmless stays and the rest becomes
``***``: scheme, host and port, plain words of a path, a readable .torrent name. A magnet link keeps hash, name, peers
and its trackers' hosts. Text around links stays as it is, and so does a link that was redacted.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_MARK = "***"
_LINK = re.compile(
    r"""(?P<magnet>magnet:/*\?[^\s"'<>]*)"""
    r"""|(?P<url>[a-z][a-z0-9+.-]{0,30}://[^\s"'<>]*)"""
    r"""|(?P<quoted>[a-z][a-z0-9+.-]{0,30}%3a%2f%2f[^\s&"'<>]*)""",
    re.IGNORECASE,
)
_PUNCTUATION = ":;,.!?)"
"""What follows a link in a sentence is no part of it."""
_WORD = re.compile(r"[a-z_.-]{1,16}", re.IGNORECASE)
_KEYLIKE = re.compile(r"[0-9a-z]{16,}", re.IGNORECASE)
_TORRENT_NAME = re.compile(r"[^/?#&=]{1,200}\.torrent", re.IGNORECASE)


def redact(text: str) -> str:
    """``text`` with every secret that its links may carry replaced by ``***``."""
    bare = text.strip()
    # A whole magnet link may hold blanks in its name, with trackers behind them.
    if bare[:7].lower() == "magnet:":
        return _magnet(bare)
    return _LINK.sub(_link, text)


def _link(match: re.Match[str]) -> str:
    begin = match[0].find("?") + 1 if match["magnet"] else 0
    link = match[0][:begin] + match[0][begin:].rstrip(_PUNCTUATION)
    after = match[0][len(link) :]
    if match["magnet"]:
        return _magnet(link) + after
    return (_url(link) if match["url"] else _quoted(link)) + after


def _magnet(link: str) -> str:
    kept = []
    for part in link[7:].lstrip("/?").replace("&amp;", "&").split("&"):
        key, _, value = part.partition("=")
        kind = key.lower().split(".")[0]
        if kind in {"tr", "ws"}:
            kept.append(f"{key}={_quoted(value)}")
        elif kind in {"xt", "dn"} or key.lower() == "x.pe":
            kept.append(f"{key}={_LINK.sub(_link, value)}")
    return link[:7] + "?" + "&".join(kept)


def _quoted(value: str) -> str:
    """A URL that may be percent-encoded, without secrets and encoded."""
    url = unquote(value).encode("utf-8", "replace").decode()
    return quote(_url(url), safe=":/*?[]") if "://" in url else _MARK


def _url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    place, _, _ = rest.partition("#")
    place, asked, _ = place.partition("?")
    authority, *segments = re.split(r"[/\\]", place)
    host = _KEYLIKE.sub(_MARK, authority.rpartition("@")[2])
    path = "".join("/" + _segment(segment) for segment in segments)
    return f"{scheme}://{host}{path}" + f"?{_MARK}" * bool(asked)


def _segment(segment: str) -> str:
    if not segment or segment == _MARK or _WORD.fullmatch(segment):
        return segment
    readable = _TORRENT_NAME.fullmatch(segment) and not _KEYLIKE.search(segment)
    return segment if readable else _MARK
