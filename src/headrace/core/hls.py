"""HLS (RFC 8216): from a film's keyframes to segments, and from these to playlists.

Rules: pure; a plan follows from keyframes and sizes alone, so that a URL means the same segment for every client and
after a restart. Names and languages come from strangers: nothing of them can end a line or an attribute.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from headrace.core.spans import Span

MEDIA_TYPE = "application/vnd.apple.mpegurl"
"""RFC 8216 section 4."""
LEAST_SECONDS = 4.0
"""A segment ends at the first keyframe after this: with a keyframe every 2 s, as most have, it takes 4. Shorter ones
cost a process more often, longer ones make a seek wait for more bytes."""
MOST_SECONDS = 60.0
"""Longer without a keyframe is no index: to show anything a client would have to wait for a minute of the film."""
VERSION = 7
"""Of the format: 6 has EXT-X-MAP in plain playlists, 7 is what Apple asks of fragmented MP4."""


class Keyframe(NamedTuple):
    """A picture that needs no other. ``ticks`` in the track's own unit, ``position`` in the file's bytes."""

    ticks: int
    position: int


class Segment(NamedTuple):
    """A part of the film, from the keyframe at ``first`` to before that at ``last`` (ticks; None: the film's ends).

    ``start`` and ``seconds`` of the film; ``span`` is where its bytes lie, as the index says.
    """

    first: int | None
    last: int | None
    start: float
    seconds: float
    span: Span


class Rendition(NamedTuple):
    """An audio track. ``folder`` of its playlist, ``codec`` as RFC 6381 writes it; ``language`` a BCP 47 tag, or empty;
    ``channels`` 0: not known."""

    folder: str
    codec: str
    name: str
    language: str
    default: bool
    channels: int


class Picture(NamedTuple):
    """The video track."""

    folder: str
    codec: str
    width: int
    height: int
    frame_rate: float


def plan(keyframes: Sequence[Keyframe], unit: float, end: float, size: int) -> tuple[Segment, ...]:
    """The segments of a film that ends at ``end`` (seconds, as the keyframes count) in a file of ``size`` bytes.

    ``unit`` is the seconds of a tick. None at all when it cannot be cut: too few keyframes are known.
    """
    borders = _borders(keyframes, unit)
    if not borders:
        return ()
    starts = [border.ticks * unit for border in borders]
    end = max(end, starts[-1] + 0.04)  # what says otherwise is wrong: the last keyframe shows for a moment at least
    seconds = [after - before for before, after in zip(starts, [*starts[1:], end], strict=True)]
    if max(seconds) > MOST_SECONDS:
        return ()
    places = [max(0, min(border.position, size)) for border in borders] + [size]
    ticks: list[int | None] = [None, *(border.ticks for border in borders[1:]), None]
    return tuple(
        Segment(ticks[i], ticks[i + 1], starts[i], seconds[i], Span(places[i], max(places[i], places[i + 1])))
        for i in range(len(borders))
    )


def _borders(keyframes: Sequence[Keyframe], unit: float) -> list[Keyframe]:
    """Keyframes that are far enough from one another; those that go back in time are left out."""
    borders: list[Keyframe] = []
    for keyframe in keyframes:
        if not borders or (keyframe.ticks - borders[-1].ticks) * unit >= LEAST_SECONDS:
            borders.append(keyframe)
    return borders


def bandwidth(segments: Sequence[Segment]) -> int:
    """Bits per second of the richest segment, sound and all (RFC 8216 section 4.3.4.2)."""
    return max(math.ceil(segment.span.size * 8 / segment.seconds) for segment in segments)


def master(picture: Picture, sounds: Sequence[Rendition], bits: int, query: str = "") -> str:
    """The playlist of playlists. ``query`` (``?token=…`` or nothing) goes with every URL in it.

    Audio tracks of one codec are a group, each group has its line of the picture, and what is heard first the first
    one: players make what they decode with after ``CODECS``, and with all codecs in one line they make the wrong thing.
    """
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for sound, name in zip(sounds, _different([sound.name for sound in sounds]), strict=True):
        lines.append(f'#EXT-X-MEDIA:{_attributes(sound, name)},URI="{sound.folder}/index.m3u8{query}"')
    first = sorted(sounds, key=lambda sound: not sound.default)
    for codec in dict.fromkeys(sound.codec for sound in first) or ("",):
        lines += [f"#EXT-X-STREAM-INF:{_variant(picture, codec, bits)}", f"{picture.folder}/index.m3u8{query}"]
    return "\n".join(lines) + "\n"


def _variant(picture: Picture, codec: str, bits: int) -> str:
    """The picture with sound of this codec, or without any."""
    codecs = dict.fromkeys([picture.codec, codec] if codec else [picture.codec])
    known = [f"BANDWIDTH={max(1, bits)}", f'CODECS="{",".join(codecs)}"']
    if picture.width and picture.height:
        known.append(f"RESOLUTION={picture.width}x{picture.height}")
    if picture.frame_rate:
        known.append(f"FRAME-RATE={picture.frame_rate:.3f}")
    if codec:
        known.append(f'AUDIO="{codec}"')
    return ",".join(known)


def _attributes(sound: Rendition, name: str) -> str:
    known = ["TYPE=AUDIO", f'GROUP-ID="{sound.codec}"', f'NAME="{name}"']
    if sound.language:
        known.append(f'LANGUAGE="{_quotable(sound.language)}"')
    # AUTOSELECT may be chosen by language; DEFAULT has to be (section 4.3.4.1)
    known += [f"DEFAULT={'YES' if sound.default else 'NO'}", "AUTOSELECT=YES"]
    if sound.channels:
        known.append(f'CHANNELS="{sound.channels}"')
    return ",".join(known)


def _different(names: Sequence[str]) -> list[str]:
    """Names must differ in a group (section 4.3.4.1.1): the second one of a name is numbered."""
    taken: list[str] = []
    for name in (_quotable(name) or "Audio" for name in names):
        number, free = 2, name
        while free in taken:
            number, free = number + 1, f"{name} {number}"
        taken.append(free)
    return taken


def _quotable(text: str) -> str:
    """What may stand between quotes (section 4.2)."""
    return re.sub(r"\s+", " ", re.sub(r'[\x00-\x1f\x7f-\x9f\u2028\u2029"\ud800-\udfff]', " ", text)).strip()


def media(segments: Sequence[Segment], query: str = "") -> str:
    """The playlist of one track: all of it at once, for anywhere in it can be made at any time."""
    longest = max(round(segment.seconds, 6) for segment in segments)  # as it is written below
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{math.ceil(longest)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-MAP:URI="init.mp4{query}"',
    ]
    for number, segment in enumerate(segments):
        lines += [f"#EXTINF:{segment.seconds:.6f},", f"{number}.m4s{query}"]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"
