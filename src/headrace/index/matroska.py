"""Matroska and WebM: the SeekHead at the front says where Cues lie, the table of seek points.

Everything is an element: an ID, a size, a body (RFC 8794 sections 5 and 6). We walk the children of the Segment up to
the first Cluster, which is the media, and pin what lies before it. Then we pin what a SeekHead names beyond
(RFC 9559 section 5.1.1): Cues, which players read at the first seek, and also Tags, Chapters, late Tracks and small
Attachments, because both ffmpeg and mpv read those before the first frame. Two SeekHeads may be chained
(RFC 9559 section 6.3). Positions count from the first byte of the Segment's body.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from typing import NamedTuple

from headrace.core.spans import Span
from headrace.index.base import Found, Source, Steps, Unreadable

_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TIMESTAMP_SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _CLUSTER, _CUES = 0x1654AE6B, 0x1F43B675, 0x1C53BB6B
_TAGS, _CHAPTERS, _ATTACHMENTS = 0x1254C367, 0x1043A770, 0x1941A469

_WANTED = frozenset((_SEEK_HEAD, _INFO, _TRACKS, _CUES, _TAGS, _CHAPTERS, _ATTACHMENTS))
"""What a SeekHead may send us to; old muxers list every Cluster too."""

_HEADER = 12
"""An ID of at most 4 bytes and a size of at most 8."""

_MAX_HEAD = 4 * 1024 * 1024
"""At most this much of the head is pinned, and of Attachments behind the media: fonts can be tens of MiB."""

_MAX_READ = 64 * 1024
"""Of a SeekHead or Info, at most this much is read."""

_MAX_SEEK_HEADS = 4
_DEFAULT_SCALE = 1_000_000
_NANO = 1e9


class _Element(NamedTuple):
    id: int
    start: int
    body: int
    end: int | None
    """None: the size is not known (RFC 8794 section 6.2)."""


class _State:
    """What the walk over one Segment knows."""

    def __init__(self, source: Source, found: Found, base: int) -> None:
        self.source, self.found, self.base = source, found, base
        self.head_end = base
        self.met: set[int] = set()
        self.targets: set[tuple[int, int]] = set()
        """Where SeekHeads point: (position in the file, ID)."""


def read_matroska(source: Source, found: Found) -> Steps:
    """Pin the head up to the first Cluster, and what SeekHeads name beyond it; duration from Info."""
    ebml = yield from _element(source, 0)
    if ebml.end is None or ebml.end > _MAX_READ:
        raise Unreadable
    header = yield from source.need(ebml.body, ebml.end - ebml.body)
    for id_, body in _children(header):
        if id_ == _DOC_TYPE and body.rstrip(b"\0") == b"webm":
            found.container = "webm"
    segment = yield from _segment(source, ebml.end)
    state = _State(source, found, segment.body)
    try:
        yield from _head(state, min(segment.end or source.size, source.size))
    except Unreadable:
        found.complete = False
    found.pin(0, min(state.head_end, _MAX_HEAD))
    yield from _targets(state)
    if _TRACKS not in state.met:
        found.complete = False


def _segment(source: Source, at: int) -> Generator[Span, bytes, _Element]:
    """The Segment: the next element, but for a Void or two."""
    for _ in range(4):
        element = yield from _element(source, at)
        if element.id == _SEGMENT:
            return element
        if element.end is None:
            break
        at = element.end
    raise Unreadable


def _head(state: _State, limit: int) -> Steps:
    """Walk the children of the Segment up to the first Cluster."""
    at = state.base
    while at < limit:
        element = yield from _element(state.source, at)
        if element.id == _CLUSTER:
            state.head_end = element.body
            return
        if element.end is None or element.end > limit:
            raise Unreadable
        state.head_end = at = element.end
        yield from _meet(state, element)
        if at > _MAX_HEAD and state.met >= {_INFO, _TRACKS, _SEEK_HEAD}:
            # Long fonts: what follows is media or named by the SeekHead; a look behind them would cost a piece.
            return


def _meet(state: _State, element: _Element) -> Steps:
    """Learn what an element that lies in the file has to say."""
    state.met.add(element.id)
    if element.id not in (_SEEK_HEAD, _INFO) or element.end is None:
        return
    body = yield from state.source.need(element.body, min(element.end - element.body, _MAX_READ))
    if element.id == _INFO:
        _duration(state.found, body)
        return
    for id_, seek in _children(body):
        if id_ == _SEEK:
            entry = dict(_children(seek))
            target = _uint(entry.get(_SEEK_ID, b""))
            if target in _WANTED and _SEEK_POSITION in entry:
                state.targets.add((state.base + _uint(entry[_SEEK_POSITION]), target))


def _targets(state: _State) -> Steps:
    """Pin what SeekHeads name behind the head, in the order of the file; SeekHeads first, for they name more."""
    followed: set[tuple[int, int]] = set()
    for _ in range(_MAX_SEEK_HEADS):
        seek_heads = {target for target in state.targets - followed if target[1] == _SEEK_HEAD}
        if not seek_heads:
            break
        followed |= seek_heads
        yield from _follow(state, seek_heads)
    yield from _follow(state, state.targets - followed)


def _follow(state: _State, targets: set[tuple[int, int]]) -> Steps:
    for at, id_ in sorted(targets):
        if at < state.head_end:
            continue
        element = yield from _element_or_none(state.source, at)
        if element is None or element.id != id_ or element.end is None:
            # Players skip an entry that points nowhere, and so do we.
            state.found.complete = False
            continue
        end = min(element.end, at + _MAX_HEAD) if id_ == _ATTACHMENTS else element.end
        state.found.pin(at, end)
        yield from _meet(state, element)


def _element_or_none(source: Source, at: int) -> Generator[Span, bytes, _Element | None]:
    """The element at ``at``; None where none can be."""
    data = yield from source.read(at, _HEADER)
    return _parse_element(data, at)


def _element(source: Source, at: int) -> Generator[Span, bytes, _Element]:
    element = yield from _element_or_none(source, at)
    if element is None:
        raise Unreadable
    return element


def _parse_element(data: bytes, at: int) -> _Element | None:
    id_ = _vint(data, 0, 4, keep_marker=True)
    size = _vint(data, id_[1], 8) if id_ else None
    if id_ is None or size is None:
        return None
    value, after = size
    unknown = value == (1 << 7 * (after - id_[1])) - 1
    return _Element(id_[0], at, at + after, None if unknown else at + after + value)


def _vint(data: bytes, at: int, most: int, *, keep_marker: bool = False) -> tuple[int, int] | None:
    """A variable-size integer (RFC 8794 section 4) of at most ``most`` bytes, and its end; IDs keep the marker."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if length > most or at + length > len(data):
        return None
    value = int.from_bytes(data[at : at + length], "big")
    return value if keep_marker else value & ((1 << 7 * length) - 1), at + length


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """IDs and bodies of the elements in ``data``, as far as they are whole."""
    at = 0
    while at < len(data):
        element = _parse_element(data[at : at + _HEADER], at)
        if element is None or element.end is None or element.end > len(data):
            return
        yield element.id, data[element.body : element.end]
        at = element.end


def _uint(data: bytes) -> int:
    """An unsigned integer element: 0 to 8 bytes, big-endian (RFC 8794 section 7.2)."""
    return int.from_bytes(data[:8], "big")


def _duration(found: Found, info: bytes) -> None:
    """Duration is a float, in units of TimestampScale nanoseconds (RFC 9559 section 5.1.2)."""
    values = dict(_children(info))
    raw = values.get(_DURATION, b"")
    if len(raw) in (4, 8):
        (ticks,) = struct.unpack(">f" if len(raw) == 4 else ">d", raw)
        scale = _uint(values.get(_TIMESTAMP_SCALE, b"")) or _DEFAULT_SCALE
        found.last(ticks * scale / _NANO)
