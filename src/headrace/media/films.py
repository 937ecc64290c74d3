"""Films for HLS: where they can be cut, and their segments, made when somebody asks.

Rules: what a film is cut from are checked bytes. Who asks for a segment has a read head at its place, as a viewer has,
for as long as the request lives; a process is started only when the segment's bytes are there, so that it never waits
for long, and ends with the request. What is made is in memory until it is sent: bounded for one, and for all together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from headrace.core import hls
from headrace.core.codecs import codec_of
from headrace.core.display import printable
from headrace.core.spans import Span
from headrace.errors import InputError, SwarmError
from headrace.media import cutter
from headrace.media.facts import Number, Text
from headrace.media.probe import Limits, Source, ask, failed
from headrace.media.probes import Looks
from headrace.media.room import Room
from headrace.media.there import There
from headrace.streaming.reader import Reader
from headrace.streaming.torrent import File

AT_ONCE = 4
"""Processes that cut: each takes a third of a second and some 80 MB."""
ROOM = 384 << 20
"""Bytes of segments that are made or being sent."""
SPARE = 2 << 20
"""Bytes by which a segment may be larger than where it lies: its boxes, or sound that was made."""
NEAR = 4 << 20
"""Bytes around a segment that belong to it, where sound lies apart from its pictures."""
WITHIN = 60.0
"""Seconds for a process whose segment is there to end, should it need bytes from elsewhere that are not."""
KEPT = 64
"""Films of which the outline is kept: some 300 kB each when they are long."""
STORY = 4 << 20
"""Bytes of an outline."""

Ticks = Annotated[int, msgspec.Meta(gt=-(1 << 53), lt=1 << 53)]
Unit = Annotated[int, msgspec.Meta(gt=0, lt=1 << 31)]
Init = Annotated[bytes, msgspec.Meta(max_length=1 << 20)]


class Video(Struct, frozen=True):
    """The track with the pictures; see ``cutter``."""

    index: Number
    codec: Text
    width: Number
    height: Number
    frame_rate: Annotated[float, msgspec.Meta(ge=0, lt=1e6)]
    lag: Number
    depth: Number
    init: Init


class Sound(Struct, frozen=True):
    """A track with sound. Not ``copied``: made AAC."""

    index: Number
    codec: Text
    copied: bool
    channels: Annotated[int, msgspec.Meta(ge=0, le=64)]
    language: Text
    title: Text
    default: bool
    init: Init


class Outline(Struct, frozen=True):
    """What a process told of a film."""

    unit: tuple[Unit, Unit]
    end: Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
    keyframes: Annotated[tuple[tuple[Ticks, Number], ...], msgspec.Meta(max_length=cutter.KEYFRAMES)]
    video: Video
    sounds: Annotated[tuple[Sound, ...], msgspec.Meta(max_length=100)]


class Film(NamedTuple):
    """A film that can be cut. ``codecs`` by track."""

    segments: tuple[hls.Segment, ...]
    video: Video
    sounds: tuple[Sound, ...]
    codecs: dict[int, str]

    @property
    def tracks(self) -> tuple[Video | Sound, ...]:
        """All of them, the pictures first."""
        return (self.video, *self.sounds)


def not_hls(name: str, reason: str) -> InputError:
    """What is said of a file that cannot be cut."""
    return InputError(
        f"{printable(name)} cannot be sent as HLS: {reason}.", "It can be played as it is, by a player.", kind="not_hls"
    )


async def outline(source: Source, name: str) -> Film:
    """What the film is; ``InputError`` (``not_hls``) when it cannot be cut."""
    raw = await ask(source, name, {"outline": True}, Limits(story=STORY), not_hls)
    try:
        told = msgspec.json.decode(raw, type=Outline)
    except (ValueError, RecursionError) as error:
        raise failed(name, "it told nonsense") from error
    unit = told.unit[0] / told.unit[1]
    segments = hls.plan([hls.Keyframe(*each) for each in told.keyframes], unit, told.end, source.size)
    if not segments:
        raise not_hls(name, "it has no index of keyframes")
    tracks: tuple[Video | Sound, ...] = (told.video, *told.sounds)
    codecs = {each.index: codec_of(each.init) for each in tracks}
    if not codecs[told.video.index]:
        raise not_hls(name, f"its {told.video.codec} does not say what it needs")
    heard = tuple(sound for sound in told.sounds if codecs[sound.index])
    return Film(segments, told.video, heard, codecs)


class Cut(Protocol):
    """Makes one segment of a track."""

    async def __call__(self, source: Source, name: str, film: Film, track: int, segment: hls.Segment) -> bytes:
        """The segment's bytes."""


async def cut(source: Source, name: str, film: Film, track: int, segment: hls.Segment) -> bytes:
    """The segment; errors as ``outline``'s."""
    video = film.video
    job = {"track": track, "first": segment.first, "last": segment.last, "lag": video.lag, "depth": video.depth}
    limits = Limits(size=2 * segment.span.size + 16 * NEAR, story=need_of(segment))
    return await ask(source, name, {"cut": job}, limits, not_hls)


def need_of(segment: hls.Segment) -> int:
    """Bytes that a segment of any track takes at most."""
    return segment.span.size + SPARE


class Window:
    """A ``probe.Source`` for one segment: its own bytes move the read head, others are not worth one."""

    def __init__(self, file: File, span: Span, reader: Reader) -> None:
        self.size, self._file, self._span, self._reader = file.size, file, span, reader
        self._there = There(file, lambda _: LookupError())
        self._aside: Reader | None = None
        self._position = 0

    async def fill(self) -> None:
        """Wait until all of the segment is there; the head goes along."""
        left = self._span.size
        while left > 0:
            got = await self._reader.ready(left)
            if not got.size:
                return
            self._reader.advance(got.size)
            left -= got.size

    def seek(self, offset: int) -> int:
        """Move to a byte."""
        self._position = offset
        return offset

    async def read(self, n: int) -> bytes:
        """Bytes from there, once they were checked."""
        if self._there.run(self._position, n):
            self._there.seek(self._position)
            data = await self._there.read(n)
        else:
            reader = self._reader_at(self._position)
            reader.seek(self._position)
            data = await reader.read(n)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Let go."""
        if self._aside is not None:
            self._aside.close()

    def _reader_at(self, position: int) -> Reader:
        if self._span.start - NEAR <= position < self._span.end + NEAR:
            return self._reader
        self._aside = self._aside or self._file.open_aside()
        return self._aside


class Films:
    """The films of one server. ``look`` and ``make`` do the work: ``outline`` and ``cut``."""

    def __init__(
        self, looks: Looks[Film] | None = None, make: Cut = cut, *, at_once: int = AT_ONCE, within: float = WITHIN
    ) -> None:
        self._looks = looks or Looks(outline, kept=KEPT)
        self._make, self._within = make, within
        self._slots = asyncio.Semaphore(at_once)
        self._room = Room(ROOM)

    async def of(self, file: File) -> Film:
        """What a file is as a film; errors as ``outline``'s, and ``SwarmError`` when too little of it came."""
        return await self._looks.of(file)

    @contextlib.asynccontextmanager
    async def segment(self, file: File, film: Film, track: int, number: int) -> AsyncIterator[bytes]:
        """A segment, for as long as it is being sent."""
        segment = film.segments[number]
        if segment.span.size > cutter.MOST:
            raise not_hls(file.name, f"a segment of it has more than {cutter.MOST >> 20} MiB")
        async with file.open(segment.span.start, eager="off") as reader:
            with contextlib.closing(Window(file, segment.span, reader)) as window:
                await window.fill()
                async with self._room.of(need_of(segment)):
                    yield await self._made(window, file, film, track, segment)

    async def _made(self, window: Window, file: File, film: Film, track: int, segment: hls.Segment) -> bytes:
        async with self._slots:
            try:
                async with asyncio.timeout(self._within):
                    return await self._make(window, file.name, film, track, segment)
            except TimeoutError:
                raise SwarmError(
                    f"A part of {printable(file.name)} did not come within {self._within:.0f} s.",
                    "Ask again: what came is kept.",
                    kind="no_data",
                ) from None

    async def aclose(self) -> None:
        """End all looks."""
        await self._looks.aclose()
