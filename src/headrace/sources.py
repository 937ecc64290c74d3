"""From what the user gave to a magnet or the bytes of a .torrent.

Rules: blocking, for use before the event loop runs or in a worker thread. What comes is bounded and looked at
(``check_bencode``) before an engine meets it. All that is wrong with it is an ``InputError`` of one line. Text in place
of a .torrent, from a file, a URL or standard input, may be a magnet link or an info-hash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from headrace.core.bencode import MAX_TORRENT, check_bencode
from headrace.core.display import printable
from headrace.core.redact import redact
from headrace.core.source import MAX_TEXT, Magnet, Reference, TorrentPath, TorrentUrl, parse
from headrace.errors import InputError

if TYPE_CHECKING:
    from typing import BinaryIO

_STDIN = "standard input"
_LIMIT = f"{MAX_TORRENT // 1024**2} MiB"


class Loaded(Struct, frozen=True):
    """A source, read: either ``magnet`` or the bytes of a .torrent.

    ``info_hash`` is lower-case hex, 40 digits, or 64 for v2 only. ``origin`` is for people and holds no secrets.
    """

    magnet: Magnet | None
    torrent: bytes
    origin: str
    info_hash: str


def load(
    text: str, *, stdin: BinaryIO | None = None, timeout: float = 30, proxy: str = "", source_address: str = ""
) -> Loaded:
    """Read the SOURCE that a user gave; ``InputError`` when it is not usable.

    ``timeout`` (seconds), ``proxy`` and ``source_address`` (an address, on Linux also an interface) are for URLs;
    ``stdin`` is in place of the process's own.
    """
    reference = parse(text)
    if isinstance(reference, Magnet):
        return _of_magnet(reference)
    if isinstance(reference, TorrentPath):
        return of_bytes(_read_path(reference.path), printable(reference.path))
    if isinstance(reference, TorrentUrl):
        return _of_url(reference.url, timeout, proxy, source_address)
    return of_bytes(_read_stdin(stdin), _STDIN)


def _of_magnet(magnet: Magnet) -> Loaded:
    return Loaded(magnet, b"", redact(magnet.uri), magnet.info_hash)


def _of_url(url: str, timeout: float, proxy: str, source_address: str) -> Loaded:
    from headrace.fetch import Route, fetch  # urllib costs 60 ms, and most sources are magnets

    origin = printable(redact(url), 200)
    fetched = fetch(url, limit=MAX_TORRENT, timeout=timeout, route=Route(proxy, source_address))
    if fetched.magnet:
        return _of_magnet(_magnet_in(fetched.magnet, origin))
    return of_bytes(fetched.body, origin, html=fetched.html)


def of_bytes(data: bytes, origin: str, *, html: bool = False) -> Loaded:
    """What a file, stream or upload holds: a .torrent, or text that is a magnet link or an info-hash."""
    if not re.match(rb"d(?:[0-9]|e)", data) or _is_hash(data):
        text = _text(data)
        if text[:7].lower() == "magnet:" or _is_hash(data):
            return _of_magnet(_magnet_in(text, origin))
        if html or text.startswith("<"):
            raise _unusable(origin, "That is a web page, not a .torrent.", "Give the address of the file itself.")
    try:
        return Loaded(None, data, origin, check_bencode(data).info_hash)
    except InputError as error:
        raise _unusable(origin, error.message, error.hint) from None


def _is_hash(data: bytes) -> bool:
    return re.fullmatch(rb"\s*(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[A-Za-z2-7]{32})\s*", data[:200]) is not None


def _text(data: bytes) -> str:
    """The beginning of ``data`` as text; PowerShell pipes UTF-16."""
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    return data[: 2 * MAX_TEXT].decode("utf-16" if wide else "utf-8-sig", "replace").strip()


def _magnet_in(text: str, origin: str) -> Magnet:
    try:
        reference: Reference = parse(text)
    except InputError as error:
        raise _unusable(origin, error.message, error.hint) from None
    if not isinstance(reference, Magnet):
        raise _unusable(origin, "That is neither a .torrent nor a magnet link.", "Check what it holds.")
    return reference


def _read_stdin(stdin: BinaryIO | None) -> bytes:
    if stdin is None:
        import sys

        stdin = sys.stdin.buffer
    try:
        return _bounded(stdin, _STDIN)
    except (OSError, ValueError) as error:
        raise _unusable(_STDIN, f"It cannot be read ({error}).", "Pipe a .torrent or a magnet link into it.") from None


def _bounded(stream: BinaryIO, origin: str) -> bytes:
    data = stream.read(MAX_TORRENT + 1)
    if len(data) > MAX_TORRENT:
        raise _unusable(
            origin, f"It is larger than {_LIMIT}, which no .torrent is.", "Give a .torrent or a magnet link."
        )
    return data


def _read_path(path: str) -> bytes:
    from pathlib import Path

    shown = printable(path)
    try:
        place = Path(path).expanduser()
        if place.is_dir():
            raise _unusable(shown, "That is a folder, not a .torrent.", "Give the .torrent file in it.")
        with place.open("rb") as file:
            return _bounded(file, shown)
    except FileNotFoundError:
        raise InputError(f"There is no file {shown!r}.", _guess(path), kind="no_such_source") from None
    except (OSError, RuntimeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unusable(shown, f"It cannot be read ({cause}).", "Check its permissions and its spelling.") from None


def _guess(path: str) -> str:
    """What somebody may have meant who gave a path that is not there."""
    if re.fullmatch(r"[0-9a-fA-F]{30,70}", path):
        return f"An info-hash has 40 or 64 hex digits; this has {len(path)}."
    if "xt=urn:" in path or "btih:" in path:
        return "A magnet link begins with magnet:? and has to be in quotes."
    if re.match(r"(?:www\.|[\w-]+\.(?:com|org|net|io|to)/)", path):
        return "A URL begins with https://."
    return "Give a magnet link, an info-hash, a .torrent (path or http(s) URL), or - for standard input."


def _unusable(origin: str, message: str, hint: str) -> InputError:
    return InputError(f"{origin}: {message}", hint, kind="bad_torrent")
