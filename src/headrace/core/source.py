"""What the user gave: a magnet link, an info-hash, a path, a URL, or ``-``.

Rules: a pure function of the text; nothing is opened or asked. Whatever text comes, the answer is a ``Reference`` or an
``InputError``. Imports stay light (this runs before anything else does). Trackers, web seeds and peers of a magnet are
kept in their order; parts that no client could use are dropped in silence, as long as there is an info-hash. ``so=``
(BEP 53) is dropped: which file plays is the user's choice, and an engine would skip all other files.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from msgspec import Struct

from headrace.core.display import printable
from headrace.core.redact import redact
from headrace.errors import InputError

__all__ = ["Magnet", "Reference", "Stdin", "TorrentPath", "TorrentUrl", "parse", "parse_peer", "redact"]

MAX_TEXT = 256 * 1024
"""Characters in a reference: a magnet with 200 long trackers has some 20,000."""

_HEX40 = re.compile(r"[0-9a-f]{40}", re.ASCII)
_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BASE32 = re.compile(r"[a-z2-7]{32}", re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.ASCII | re.IGNORECASE)
_KEY = re.compile(r"(xt|tr|ws|dn|dht|x\.pe)(?:\.\d+)?", re.ASCII)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_TRACKER_SCHEMES = frozenset({"udp", "http", "https", "ws", "wss"})
_WEB_SCHEMES = frozenset({"http", "https"})
_FORMS = "Give a magnet link, an info-hash, a .torrent (path or http(s) URL), or - for standard input."


class Magnet(Struct, frozen=True):
    """A magnet link or a bare info-hash.

    ``info_hash`` is lower-case hex: v1's 40 digits, or 64 for a torrent that is v2 only; ``info_hash_v2`` has 64 digits
    or is empty. ``uri`` is the link written anew (BEP 9, BEP 52), in the one spelling that libtorrent reads whole.
    ``peers`` are ``(host, port)`` (``x.pe``); the host may be a name, which libtorrent does not take from a link.
    """

    info_hash: str
    info_hash_v2: str
    name: str
    uri: str
    trackers: tuple[str, ...]
    peers: tuple[tuple[str, int], ...]


class TorrentPath(Struct, frozen=True):
    """A path to a .torrent file."""

    path: str


class TorrentUrl(Struct, frozen=True):
    """An http or https URL of a .torrent file."""

    url: str


class Stdin(Struct, frozen=True):
    """A .torrent or a magnet link on standard input."""


Reference = Magnet | TorrentPath | TorrentUrl | Stdin


def parse(text: str) -> Reference:
    """Read a SOURCE as the user typed it; ``InputError`` when it can be none. A path is not looked for here.

    An info-hash wins over a file of that very name; ``./NAME`` means the file.
    """
    text = text.strip().strip("\"'<>").strip()
    if not text:
        raise InputError("No source was given.", _FORMS, kind="bad_source")
    if len(text) > MAX_TEXT:
        raise InputError(f"The source is longer than {MAX_TEXT} characters.", _FORMS, kind="bad_source")
    if text == "-":
        return Stdin()
    if (bare := _bare_hash(text)) is not None:
        return bare
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _path(text)
    return _by_scheme(scheme[1].lower(), text)


def _by_scheme(scheme: str, text: str) -> Reference:
    rest = text[len(scheme) + 1 :]
    if scheme == "magnet":
        return _magnet(rest)
    if scheme in _WEB_SCHEMES:
        return _url(text)
    if scheme == "file":
        return _file_url(rest)
    if rest.startswith("//"):
        raise InputError(f"Headrace cannot open {scheme}:// links.", _FORMS, kind="bad_source")
    return _path(text)


def _path(text: str) -> TorrentPath:
    if "\0" in text:
        raise InputError("A path cannot hold a NUL character.", _FORMS, kind="bad_source")
    return TorrentPath(text)


def _file_url(rest: str) -> TorrentPath:
    """RFC 8089: ``file:/path``, ``file:///path``, ``file://localhost/path``, and ``file:///C:/path``."""
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in {"", "localhost"}:
            raise InputError("A file:// link can only name a file on this machine.", _FORMS, kind="bad_source")
        rest = slash + path
    path = unquote(rest, errors="surrogateescape")  # as os.fsdecode names files whose names are not UTF-8
    if re.match(r"/[A-Za-z]:", path):
        path = path[1:]
    if not path.strip("/"):
        raise InputError("The file:// link names no file.", _FORMS, kind="bad_source")
    return _path(path)


def _url(text: str) -> TorrentUrl:
    if not _usable_url(text, _WEB_SCHEMES):
        raise InputError("The URL is not complete: its host or port is missing or wrong.", _FORMS, kind="bad_source")
    return TorrentUrl(_clean(text))


def _usable_url(url: str, schemes: frozenset[str]) -> bool:
    """Whether a URL has one of these schemes, a host, and a port in range if any."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _clean(text: str) -> str:
    """No control characters, no characters that turn a terminal's text around, no lone surrogates."""
    return _CONTROLS.sub("", text).encode("utf-8", "replace").decode()


def _bare_hash(text: str) -> Magnet | None:
    text = re.sub(r"^(?:urn:)?bt[im]h:", "", text.lower())
    v1, v2 = _v1(text), _v2(text)
    return _build(v1, v2, "", [], [], [], []) if v1 or v2 else None


def _v1(text: str) -> str:
    """A v1 hash as lower-case hex, or nothing; ``text`` is lower case."""
    if _BASE32.fullmatch(text):
        text = base64.b32decode(text.upper()).hex()
    return text if _HEX40.fullmatch(text) and text.strip("0") else ""


def _v2(text: str) -> str:
    """A v2 hash, bare or as a multihash (0x12: SHA-256, 0x20: 32 bytes), as lower-case hex, or nothing."""
    if len(text) == 68 and text.startswith("1220"):
        text = text[4:]
    return text if _HEX64.fullmatch(text) and text.strip("0") else ""


def _magnet(rest: str) -> Magnet:
    # Links copied out of a page's source carry its escapes.
    fields = _fields(_clean(rest).replace("&amp;", "&"))
    v1 = v2 = ""
    for topic in fields["xt"]:
        hashed = re.fullmatch(r"urn:bt[im]h:(\w+)", topic.strip().lower())
        if hashed:
            v1, v2 = v1 or _v1(hashed[1]), v2 or _v2(hashed[1])
    if not v1 and not v2:
        raise _no_hash(fields["xt"])
    trackers = _usable(fields["tr"], _TRACKER_SCHEMES)
    seeds = _usable(fields["ws"], _WEB_SCHEMES)
    name = next((name for name in fields["dn"] if name), "")
    return _build(v1, v2, name, trackers, seeds, _peers(fields["x.pe"]), _nodes(fields["dht"]))


def _fields(query: str) -> dict[str, list[str]]:
    """A magnet's parameters, decoded; ``tr.1=`` counts as ``tr=``."""
    fields: dict[str, list[str]] = {key: [] for key in ("xt", "tr", "ws", "dn", "dht", "x.pe")}
    for part in query.lstrip("/?").split("&"):
        key, _, value = part.partition("=")
        if known := _KEY.fullmatch(unquote(key).strip().lower()):
            decode = unquote_plus if known[1] == "dn" else unquote
            fields[known[1]].append(_clean(decode(value)).strip())
    return fields


def _no_hash(topics: list[str]) -> InputError:
    if any(topic.lower().startswith("urn:btpk:") for topic in topics):
        return InputError(
            "The magnet link names a mutable torrent (urn:btpk), which Headrace does not follow.",
            "Give the torrent's own magnet link or .torrent.",
            kind="bad_magnet",
        )
    said = "has no valid info-hash" if topics else "has no info-hash"
    return InputError(
        f"The magnet link {said}.",
        "It needs xt=urn:btih: and 40 hex or 32 base32 characters, or xt=urn:btmh:1220 and 64 hex; copy the whole link "
        "and put it in quotes.",
        kind="bad_magnet",
    )


def _usable(urls: list[str], schemes: frozenset[str]) -> list[str]:
    return list(dict.fromkeys(url for url in urls if not re.search(r"\s", url) and _usable_url(url, schemes)))


def _peers(texts: list[str]) -> list[tuple[str, int]]:
    """Endpoints that are well formed; others in a link are no reason to refuse it."""
    peers: dict[tuple[str, int], None] = {}
    for text in texts:
        try:
            peers[parse_peer(text)] = None
        except InputError:
            continue
    return list(peers)


_nodes = _peers


def _build(
    v1: str,
    v2: str,
    name: str,
    trackers: list[str],
    seeds: list[str],
    peers: list[tuple[str, int]],
    nodes: list[tuple[str, int]],
) -> Magnet:
    topics = [f"xt=urn:btih:{v1}"] * bool(v1) + [f"xt=urn:btmh:1220{v2}"] * bool(v2)
    parts = topics + [f"dn={quote(name, safe='')}"] * bool(name)
    parts += [f"tr={quote(url, safe='')}" for url in trackers]
    parts += [f"ws={quote(url, safe='')}" for url in seeds]
    # libtorrent 2.1 reads endpoints as they stand, without percent-decoding.
    parts += [f"x.pe={format_peer(peer)}" for peer in peers]
    parts += [f"dht={format_peer(node)}" for node in nodes]
    return Magnet(v1 or v2, v2, name, "magnet:?" + "&".join(parts), tuple(trackers), tuple(peers))


def format_peer(peer: tuple[str, int]) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    host, port = peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_peer(text: str) -> tuple[str, int]:
    """``host:port`` or ``[IPv6]:port`` as a pair; ``InputError`` for anything else."""
    text = text.strip()
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:\s]+)):([0-9]{1,5})", text)
    if match is None or not 1 <= int(match[3]) <= 65535 or not _is_host(match[1] or "", match[2] or ""):
        raise InputError(
            f"{printable(text)!r} is not the address of a peer.",
            "Write HOST:PORT, with brackets around an IPv6 address: [::1]:6881.",
            kind="bad_value",
        )
    return (match[1] or match[2], int(match[3]))


def _is_host(v6: str, host: str) -> bool:
    if not v6 and not re.fullmatch(r"[0-9.]+", host):
        return len(host) <= 253 and _HOST.fullmatch(host) is not None
    import ipaddress  # 2 ms; few sources name peers

    try:
        return ipaddress.ip_address(v6 or host).version == (6 if v6 else 4)
    except ValueError:
        return False
