"""AVI: ``idx1`` behind the media, and in files over 1 GiB OpenDML's index chunks all over the file.

A file is RIFF chunks: a kind, a 32-bit little-endian size, a body, padded to even. The first RIFF holds the lists
``hdrl`` (headers) and ``movi`` (media) and then ``idx1`` (AVI RIFF File Reference). With OpenDML 1.02 each stream's
header has an ``indx``, whose entries point to ``ix##`` chunks inside the ``movi`` lists (section 3, "AVI Index
Locations in RIFF File"), and ``odml/dmlh`` counts the frames of all RIFFs. ffmpeg reads all of them before it plays.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from headrace.core.spans import Span
from headrace.index.base import Found, Source, Steps, Unreadable, is_kind

_HEADER = 8
_LIST = 12
_INDEX_OF_INDEXES = 0
_INDX_HEADER = 24
_INDX_ENTRY = 16
_MAX_INDX = 64 * 1024
"""Of a super index, at most this much is read: 4,096 entries, each for up to 1 GiB of media."""

_MICRO = 1e6


class _Chunk(NamedTuple):
    kind: bytes
    """For a list, the kind of list."""
    is_list: bool
    start: int
    body: int
    end: int

    @property
    def next(self) -> int:
        """Where the next chunk begins: bodies are padded to an even size."""
        return self.end + (self.end - self.start) % 2


class _Header:
    """What ``hdrl`` says of the duration."""

    def __init__(self) -> None:
        self.frame_us = 0
        self.frames = 0
        self.all_frames = 0


def read_avi(source: Source, found: Found) -> Steps:
    """Pin the headers, ``idx1`` and OpenDML's index chunks; duration from ``avih`` and ``dmlh``."""
    header, at = _Header(), _LIST
    found.complete = False
    while at < source.size:
        chunk = yield from _chunk(source, at)
        if chunk.kind == b"idx1":
            found.pin(chunk.start, chunk.end)
            break
        if chunk.kind == b"RIFF" or not is_kind(chunk.kind):
            # The next RIFF (OpenDML needs no idx1 in the first) or rubbish: nothing follows that a player would use.
            break
        if chunk.kind == b"hdrl":
            found.pin(0, chunk.end)
            yield from _headers(source, found, chunk, header)
            found.last((header.all_frames or header.frames) * header.frame_us / _MICRO)
        if chunk.kind == b"movi":
            # A movi that was never closed, or is cut off, has nothing behind it.
            found.complete = chunk.body < chunk.end <= source.size
        found.pin(chunk.start, chunk.body)
        at = chunk.next


def _chunk(source: Source, at: int) -> Generator[Span, bytes, _Chunk]:
    head = yield from source.read(at, _LIST)
    if len(head) < _HEADER:
        raise Unreadable
    kind, end = head[:4], at + _HEADER + int.from_bytes(head[4:8], "little")
    if kind == b"LIST" and len(head) == _LIST:
        return _Chunk(head[8:], True, at, at + _LIST, max(end, at + _LIST))
    return _Chunk(kind, False, at, at + _HEADER, end)


def _headers(source: Source, found: Found, parent: _Chunk, header: _Header) -> Steps:
    """Walk ``hdrl`` and the lists in it (``strl``, ``odml``)."""
    at, limit = parent.body, min(parent.end, source.size)
    while at + _HEADER <= limit:
        chunk = yield from _chunk(source, at)
        if chunk.is_list:
            # Into the list: its children follow, and after them whatever follows the list.
            at = chunk.body
            continue
        if chunk.kind == b"avih":
            body = yield from source.need(chunk.body, 20)
            header.frame_us, header.frames = _u32(body, 0), _u32(body, 16)
        elif chunk.kind == b"dmlh":
            header.all_frames = _u32((yield from source.need(chunk.body, 4)), 0)
        elif chunk.kind == b"indx":
            yield from _super_index(source, found, chunk)
        at = chunk.next


def _super_index(source: Source, found: Found, indx: _Chunk) -> Steps:
    """Pin the chunks that an ``indx`` points to: 64-bit offset of the chunk, its size, its duration."""
    body = yield from source.need(indx.body, min(indx.end - indx.body, _MAX_INDX))
    if len(body) < _INDX_HEADER or body[3] != _INDEX_OF_INDEXES:
        return
    count = _u32(body, 4)
    for at in range(_INDX_HEADER, min(_INDX_HEADER + count * _INDX_ENTRY, len(body) - _INDX_ENTRY + 1), _INDX_ENTRY):
        offset = int.from_bytes(body[at : at + 8], "little")
        if offset:
            # Some muxers count the chunk's own header in its size, some do not.
            found.pin(offset, offset + _u32(body, at + 8) + _HEADER)


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
