"""Whether bytes can be a .torrent, before an engine is given them (BEP 3).

Rules: one pass without recursion, in time linear in the data; the limits are those of libtorrent's own decoder. Bytes
after the end are let pass, as all clients do. What is inside ``info`` beyond ``piece length`` is the engine's to judge.
"""

from __future__ import annotations

import re

from msgspec import Struct

from headrace.core.spans import Span
from headrace.errors import InputError

MAX_TORRENT = 32 * 1024 * 1024
"""Bytes in a .torrent. A v1 torrent of 50 GB in 1 MiB pieces has 1 MB; the largest ones seen have some 20."""
MAX_DEPTH = 100
MAX_ITEMS = 3_000_000

_TOKEN = re.compile(rb"([0-9]{1,10}):|i(-?[0-9]{1,20})e|([del])")
_LIST, _KEY, _VALUE = range(3)
"""What may come next: an item or the end of a list, a key or the end of a dictionary, a key's value."""


class Metainfo(Struct, frozen=True):
    """What a .torrent says at first sight: the bytes of its ``info`` dictionary, and of which versions it is."""

    info: bytes
    v1: bool
    v2: bool

    @property
    def info_hash_v1(self) -> str:
        """SHA-1 of ``info`` as 40 hex digits, or empty."""
        import hashlib  # 3 ms, and a magnet link needs none of it

        return hashlib.sha1(self.info, usedforsecurity=False).hexdigest() if self.v1 else ""

    @property
    def info_hash_v2(self) -> str:
        """SHA-256 of ``info`` (BEP 52) as 64 hex digits, or empty."""
        import hashlib

        return hashlib.sha256(self.info).hexdigest() if self.v2 else ""

    @property
    def info_hash(self) -> str:
        """The one name of the torrent: v1's hash, or v2's when there is no v1."""
        return self.info_hash_v1 or self.info_hash_v2


def check_bencode(data: bytes) -> Metainfo:
    """Read the outline of a .torrent; ``InputError`` when it is none, or is torn, oversized or nested without end."""
    if not data:
        raise _bad("The .torrent is empty.")
    if len(data) > MAX_TORRENT:
        raise _bad(f"The .torrent is larger than {MAX_TORRENT // 1024**2} MiB.")
    if data[:1] != b"d":
        raise _bad("That is not a .torrent: it does not start as one.")
    values = _walk(data)
    info = values.get((b"info",))
    if info is None or data[info.start : info.start + 1] != b"d":
        raise _bad("That is not a .torrent: it has no info dictionary.")
    if not re.fullmatch(rb"i0*[1-9][0-9]*e", _bytes(data, values, b"piece length")):
        raise _bad("That is not a .torrent: its info has no piece length.")
    v2 = re.fullmatch(rb"i0*2e", _bytes(data, values, b"meta version")) is not None
    # BEP 52: a hybrid has the keys of both versions.
    v1 = (b"info", b"pieces") in values or not v2
    return Metainfo(data[info.start : info.end], v1, v2)


def _bytes(data: bytes, values: dict[tuple[bytes, ...], Span], key: bytes) -> bytes:
    span = values.get((b"info", key), Span(0, 0))
    return data[span.start : span.end]


def _walk(data: bytes) -> dict[tuple[bytes, ...], Span]:
    """Where the values lie of the top dictionary and of ``info``, by path; for a key given twice, the first."""
    outline = _Outline()
    position = 0
    for _ in range(MAX_ITEMS):
        token = _TOKEN.match(data, position)
        if token is None:
            raise _torn(data, position)
        start, position = position, token.end()
        if token[1]:
            position += int(token[1])
            if position > len(data):
                raise _bad("The .torrent is cut off: it ends in the middle.")
            outline.text(data, token.end(), start, position)
        elif token[2]:
            outline.item(start, position)
        elif token[3] == b"e":
            outline.close(start, position)
        else:
            outline.open(token[3], start)
        if not outline.stack:
            return outline.values
    raise _bad(f"The .torrent has more than {MAX_ITEMS} items.")


class _Outline:
    """The open lists and dictionaries, and what was found in the two outer ones."""

    def __init__(self) -> None:
        self.stack: list[int] = []
        self.starts: list[int] = []
        self.path: list[bytes] = []
        self.values: dict[tuple[bytes, ...], Span] = {}

    def text(self, data: bytes, body: int, start: int, end: int) -> None:
        if self.stack[-1] == _KEY:
            self.stack[-1] = _VALUE
            if self._outer():
                self.path[len(self.stack) - 1 :] = [data[body:end]]
        else:
            self.item(start, end)

    def item(self, start: int, end: int) -> None:
        """A whole value lies in ``[start, end)``; whatever held it, goes on."""
        if not self.stack:
            return
        if self.stack[-1] == _KEY:
            raise _malformed(start)
        if self.stack[-1] == _VALUE:
            self.stack[-1] = _KEY
            if self._outer():
                self.values.setdefault(tuple(self.path), Span(start, end))

    def open(self, kind: bytes, start: int) -> None:
        if self.stack and self.stack[-1] == _KEY:
            raise _malformed(start)
        if len(self.stack) >= MAX_DEPTH:
            raise _bad(f"The .torrent is nested more than {MAX_DEPTH} deep.")
        self.stack.append(_LIST if kind == b"l" else _KEY)
        self.starts.append(start)

    def close(self, start: int, end: int) -> None:
        if self.stack.pop() == _VALUE:
            raise _malformed(start)
        del self.path[len(self.stack) :]
        self.item(self.starts.pop(), end)

    def _outer(self) -> bool:
        """Whether we are in the top dictionary, or in ``info``, and not in a list below them."""
        depth = len(self.stack)
        return depth == 1 or (depth == 2 and self.path[:1] == [b"info"])


def _torn(data: bytes, position: int) -> InputError:
    """No token begins here: the data ends, or it is not bencode. The longest token has 22 bytes before its text."""
    rest = data[position : position + 24]
    if re.fullmatch(rb"(?:[0-9]{0,10}|i-?[0-9]{0,20})", rest):
        return _bad("The .torrent is cut off: it ends in the middle.")
    return _malformed(position)


def _malformed(position: int) -> InputError:
    return _bad(f"That is not a .torrent: its encoding breaks at byte {position}.")


def _bad(message: str) -> InputError:
    return InputError(message, "Fetch it again, or use the torrent's magnet link.", kind="bad_torrent")
