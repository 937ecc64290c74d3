"""Blocklists from files and URLs.

Rules: blocking, for use before the event loop runs or in a worker thread. gzip and zip are unpacked; sizes are bounded.
Whoever asks for a blocklist wants its protection: one that cannot be had, holds no ranges, or of which more than half
cannot be read, is an ``InputError`` and never an empty list.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from headrace.core.blocklist import Blocklist, Range, parse_blocklist
from headrace.core.display import printable
from headrace.core.packed import MAGIC, gunzip
from headrace.core.redact import redact
from headrace.core.source import TorrentPath, TorrentUrl, parse
from headrace.errors import InputError

MAX_SIZE = 128 * 1024 * 1024
"""Bytes of a list, unpacked. The largest common one has 15 MB."""


def load(text: str, *, timeout: float = 30, proxy: str = "", source_address: str = "") -> tuple[Range, ...]:
    """The ranges that the list at ``text``, a path or an http(s) URL, blocks; ``InputError`` when there are none."""
    return read(text, timeout=timeout, proxy=proxy, source_address=source_address).ranges


def read(text: str, *, timeout: float = 30, proxy: str = "", source_address: str = "") -> Blocklist:
    """As ``load``, with the number of lines that could not be read, for a warning."""
    reference = parse(text)
    if isinstance(reference, TorrentUrl):
        from headrace.fetch import Route, fetch

        route = Route(proxy, source_address)
        data = fetch(reference.url, limit=MAX_SIZE, timeout=timeout, route=route).body
    elif isinstance(reference, TorrentPath):
        data = _read(Path(reference.path))
    else:
        raise _bad(text, "it is neither a file nor an http(s) URL")
    return _parsed(_unpacked(data, text), text)


def _read(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            return file.read(MAX_SIZE + 1)
    except (OSError, RuntimeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _bad(str(path), f"it cannot be read ({cause})") from None


def _unpacked(data: bytes, text: str) -> bytes:
    try:
        if data.startswith(MAGIC):
            data = gunzip(data, MAX_SIZE)
        elif data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                largest = max(archive.infolist(), key=lambda entry: entry.file_size)
                with archive.open(largest) as member:
                    data = member.read(MAX_SIZE + 1)
    except (ValueError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise _bad(text, f"it cannot be unpacked: {error}") from None
    if len(data) > MAX_SIZE:
        raise _bad(text, f"it is larger than {MAX_SIZE // 1024**2} MiB")
    return data


def _parsed(data: bytes, text: str) -> Blocklist:
    if data.lstrip()[:1] == b"<":
        raise _bad(text, "that is a web page")
    # Names in lists come in all encodings; addresses are ASCII.
    found = parse_blocklist(data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n"))
    if not found.ranges:
        raise _bad(text, "it holds no address ranges")
    if found.bad > len(found.ranges):
        raise _bad(text, f"{found.bad} of its lines cannot be read, and only {len(found.ranges)} can")
    return found


def _bad(text: str, cause: str) -> InputError:
    return InputError(
        f"The blocklist {printable(redact(text), 200)} is not usable: {cause}.",
        "Give a list in P2P, eMule .dat or CIDR form (plain, gzip or zip), or go without --blocklist.",
        kind="bad_blocklist",
    )
