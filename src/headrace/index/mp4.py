"""MP4 and QuickTime: the ``moov`` box is the index, and players read all of it before the first frame.

The file is a row of boxes, each with a 32-bit size and a kind; size 1 means that a 64-bit size follows, size 0 that the
box goes on to the end (ISO/IEC 14496-12 section 4.2). We walk their headers to the end of the file, as ffmpeg
does before it plays: the size of ``mdat`` tells where a ``moov`` at the end lies, so that it costs one ask.
Fragmented files (section 8.8) may have a ``sidx`` before the first ``moof`` (8.16.3) and a ``mfra`` at the end, whose
size stands in the file's last 4 bytes (8.8.11).

No pin helps a player that walks all fragments at the start: ffmpeg and mpv do so when no ``sidx`` spans the file,
unless they are told to trust ``mfra`` (``use_mfra_for=pts``) or to do without (``fflags=+ignidx``).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from headrace.core.spans import Span
from headrace.index.base import Found, Source, Steps, Unreadable, is_kind

_PEEK = 64
"""Bytes read for a header: so many that the header of ``moov`` comes with the duration in its ``mvhd``, in one ask."""

_HEADER = 16
"""Size, kind and 64-bit size."""

_SMALL = 64 * 1024
"""Boxes before the media up to this size are pinned whole; of larger ones (``free``, ``uuid``) only the header."""

_MAX_SIDX = 256 * 1024
"""A ``sidx`` up to this size is read for the duration: 12 bytes a segment, 12 hours of 2 s segments."""

_MAX_MFRA = 16 * 1024 * 1024
_MFRO = 16
_MAX_CHILDREN = 32


class _Box(NamedTuple):
    kind: bytes
    start: int
    body: int
    end: int


class _Layout(NamedTuple):
    moov: _Box
    fragmented: bool
    sidx: _Box | None


def read_mp4(source: Source, found: Found) -> Steps:
    """Pin the boxes before the media, ``moov`` wherever it is, ``sidx`` and ``mfra``; duration from what says it."""
    layout = yield from _walk(source, found)
    if not layout.fragmented:
        yield from _movie_duration(source, found, layout.moov)
        return
    media_end = yield from _mfra(source, found)
    yield from _fragments_duration(source, found, layout, media_end)


def _walk(source: Source, found: Found) -> Generator[Span, bytes, _Layout]:
    """Follow the boxes of the file to its end, or until fragments begin."""
    at, fragmented = 0, False
    moov: _Box | None = None
    sidx: _Box | None = None
    while at < source.size and not (moov and fragmented):
        box = yield from _next_box(source, at, known=moov is not None)
        if box is None:
            break
        _pin(found, box)
        if box.kind == b"moov":
            moov = moov or box
        elif box.kind == b"sidx":
            sidx = sidx or box
        fragmented = fragmented or box.kind == b"moof"
        at = box.end
    if moov is None:
        raise Unreadable
    found.complete = found.complete and moov.end <= source.size
    return _Layout(moov, fragmented or sidx is not None, sidx)


def _next_box(source: Source, at: int, *, known: bool) -> Generator[Span, bytes, _Box | None]:
    """The box at ``at``; None for rubbish behind a ``moov`` that is known."""
    try:
        return (yield from _box(source, at, source.size, _PEEK))
    except Unreadable:
        if known:
            return None
        raise


def _pin(found: Found, box: _Box) -> None:
    whole = box.kind in (b"moov", b"sidx") or (box.kind != b"mdat" and box.end - box.start <= _SMALL)
    found.pin(box.start, box.end if whole else box.body)


def _box(source: Source, at: int, limit: int, peek: int = _HEADER) -> Generator[Span, bytes, _Box]:
    """The box at ``at``, in a parent that ends at ``limit``."""
    head = yield from source.read(at, min(peek, limit - at))
    if len(head) < 8:
        raise Unreadable
    size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], at + 8
    if size == 1:
        size, body = int.from_bytes(head[8:16], "big"), at + 16
    elif size == 0:
        size = limit - at
    if at + size < body or not is_kind(kind):
        raise Unreadable
    return _Box(kind, at, body, at + size)


def _child(source: Source, parent: _Box, kind: bytes) -> Generator[Span, bytes, _Box | None]:
    """The first box of this kind in ``parent``, among the first ``_MAX_CHILDREN``."""
    at, limit = parent.body, min(parent.end, source.size)
    for _ in range(_MAX_CHILDREN):
        if at + 8 > limit:
            break
        box = yield from _box(source, at, limit)
        if box.kind == kind:
            return box
        at = box.end
    return None


def _movie_duration(source: Source, found: Found, moov: _Box) -> Steps:
    mvhd = yield from _child(source, moov, b"mvhd")
    if mvhd:
        timescale, ticks = yield from _mvhd(source, mvhd)
        if timescale:
            found.last(ticks / timescale)


def _mvhd(source: Source, mvhd: _Box) -> Generator[Span, bytes, tuple[int, int]]:
    """Ticks a second and ticks in all (section 8.2.2); all ones mean that the duration is not known."""
    body = yield from source.need(mvhd.body, 20)
    if body[0] == 0:
        timescale, ticks = int.from_bytes(body[12:16], "big"), int.from_bytes(body[16:20], "big")
        return timescale, 0 if ticks == 0xFFFF_FFFF else ticks
    body = yield from source.need(mvhd.body, 32)
    # Unknown is all ones here too: too long for any timescale, so ``Found.last`` refuses it.
    return int.from_bytes(body[20:24], "big"), int.from_bytes(body[24:32], "big")


def _mfra(source: Source, found: Found) -> Generator[Span, bytes, int]:
    """Pin the random access table and say where the media ends. Players look at the last bytes in any case."""
    tail_at = max(0, source.size - _MFRO)
    tail = yield from source.read(tail_at, _MFRO)
    found.pin(tail_at, source.size)
    size = int.from_bytes(tail[12:], "big")
    if tail[:8] != b"\x00\x00\x00\x10mfro" or not _MFRO < size <= min(_MAX_MFRA, source.size):
        return source.size
    found.pin(source.size - size, source.size)
    return source.size - size


def _fragments_duration(source: Source, found: Found, layout: _Layout, media_end: int) -> Steps:
    """From ``mehd`` (section 8.8.2), else from a ``sidx`` that spans all media.

    ``mvhd`` is no help: it counts the samples in ``moov`` only.
    """
    if layout.sidx:
        yield from _sidx_duration(source, found, layout.sidx, media_end)
    if found.duration is None:
        yield from _mehd_duration(source, found, layout.moov)


def _mehd_duration(source: Source, found: Found, moov: _Box) -> Steps:
    mvhd = yield from _child(source, moov, b"mvhd")
    mvex = yield from _child(source, moov, b"mvex")
    mehd = (yield from _child(source, mvex, b"mehd")) if mvex else None
    if not (mvhd and mehd):
        return
    timescale, _ = yield from _mvhd(source, mvhd)
    body = yield from source.need(mehd.body, 8)
    if body[0]:
        body = yield from source.need(mehd.body, 12)
    if timescale:
        found.last(int.from_bytes(body[4:], "big") / timescale)


def _sidx_duration(source: Source, found: Found, sidx: _Box, media_end: int) -> Steps:
    """Sum of the segments. One that ends before the media does tells of its own segment only: no duration."""
    size = sidx.end - sidx.body
    if size > _MAX_SIDX:
        return
    body = yield from source.need(sidx.body, size)
    wide = 8 if body[:1] != b"\x00" else 4
    entries = 12 + 2 * wide + 4
    if size < entries:
        raise Unreadable
    timescale = int.from_bytes(body[8:12], "big")
    covered = sidx.end + int.from_bytes(body[12 + wide : 12 + 2 * wide], "big")
    count = int.from_bytes(body[entries - 2 : entries], "big")
    ticks = 0
    for at in range(entries, min(entries + 12 * count, size - 11), 12):
        covered += int.from_bytes(body[at : at + 4], "big") & 0x7FFF_FFFF
        ticks += int.from_bytes(body[at + 4 : at + 8], "big")
    if timescale and covered >= media_end:
        found.last(ticks / timescale)
