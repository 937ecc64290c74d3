"""What is known of a file of media: its container, tracks and chapters.

Rules: who says so is a process that read a stranger's file, so nothing is believed before its shape was checked. Sizes
in bytes, rates in bytes per second, times in seconds; what is not known is None, or empty.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Struct

Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""JavaScript's integers."""
Seconds = Annotated[float, msgspec.Meta(ge=0, lt=1e9)]
Text = Annotated[str, msgspec.Meta(max_length=200)]


class Track(Struct, frozen=True):
    """One track. ``cover`` is a picture that goes with the sound."""

    index: Number
    """The container's own number for it, from 0; tracks of other kinds (fonts, data) have numbers too."""
    kind: Literal["video", "audio", "subtitle", "cover"]
    codec: Text
    """FFmpeg's name: ``h264``, ``hevc``, ``aac``, ``subrip``; empty when FFmpeg knows no decoder."""
    profile: Text
    language: Text
    """As the file has it: ISO 639-2 mostly, or BCP 47."""
    title: Text
    default: bool
    forced: bool
    bitrate: Number | None
    width: Number | None = None
    height: Number | None = None
    pixel_format: Text = ""
    frame_rate: float | None = None
    channels: Number | None = None
    layout: Text = ""
    sample_rate: Number | None = None


class Chapter(Struct, frozen=True):
    """A part of the film."""

    start: Seconds | None
    end: Seconds | None
    title: Text


class Media(Struct, frozen=True):
    """A whole file. ``container`` is FFmpeg's name, which may be several: ``matroska,webm``."""

    container: Text
    duration: Seconds | None
    bitrate: Number | None
    tracks: Annotated[tuple[Track, ...], msgspec.Meta(max_length=100)]
    chapters: Annotated[tuple[Chapter, ...], msgspec.Meta(max_length=300)]


def read(raw: bytes) -> Media:
    """From JSON; ``ValueError`` when it is anything else."""
    try:
        return msgspec.json.decode(raw, type=Media)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
