"""In which form a device gets a film: the file as it is, or cut for HLS. Pure.

Rules: the file if the device can play it, for that costs nothing; HLS if that helps; else the file all the same, and
what will probably be missing is said. Pictures are never encoded again (docs/hls.md says what is).

Sources: https://developers.google.com/cast/docs/media (containers and codecs of Chromecasts). Which of them one model
decodes (HEVC, VP9 and AV1 are for newer ones) cannot be asked; a device that cannot says so when it is given the film.
Televisions list what they play, by media type only, and play Matroska and AC-3 mostly: they get files.
"""

from __future__ import annotations

from msgspec import Struct

from headrace.casting.base import Kind

_CONTAINERS = frozenset({"mp4", "mov", "webm", "mp3", "ogg", "wav", "flac"})
"""FFmpeg's names; ``matroska,webm`` is told apart by the suffix."""
_VIDEO = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
_AUDIO = frozenset({"aac", "mp3", "opus", "vorbis", "flac", "pcm_s16le", "pcm_s24le"})
_HLS_CONTAINERS = frozenset({"mp4", "mov", "matroska"})
_HLS_VIDEO = frozenset({"h264", "hevc", "vp9", "av1"})


class Facts(Struct, frozen=True):
    """What a file holds: FFmpeg's names. ``audio`` is the track that is heard first; empty: there is none."""

    container: str
    suffix: str
    video: str = ""
    pixel_format: str = ""
    audio: str = ""


class Form(Struct, frozen=True):
    """The form that was chosen, and why; ``doubt``: what may not work."""

    hls: bool = False
    reason: str = ""
    doubt: str = ""

    @property
    def note(self) -> str:
        """What is to be told of it; empty when it is the file as it is."""
        return self.reason or self.doubt


def choose(kind: Kind, facts: Facts) -> Form:
    """The form for a device of this kind."""
    if kind == "dlna":
        return Form()
    wrong = _wrong(facts)
    if not wrong:
        return Form()
    if _can_be_cut(facts):
        return Form(hls=True, reason=wrong)
    return Form(doubt=wrong)


def _wrong(facts: Facts) -> str:
    """Why a Chromecast would not play the file; empty when it would."""
    names = set(facts.container.split(","))
    if names & {"matroska", "webm"} and facts.suffix != "webm":
        return "Chromecasts do not play Matroska"
    if not names & _CONTAINERS:
        return f"Chromecasts do not play {facts.suffix.upper() or facts.container}"
    if facts.video and facts.video not in _VIDEO:
        return f"Chromecasts do not decode {facts.video}"
    if facts.video == "h264" and "10" in facts.pixel_format:
        return "Chromecasts do not decode H.264 with 10 bits"
    if facts.audio and facts.audio not in _AUDIO:
        return f"Chromecasts do not decode {facts.audio}"
    return ""


def _can_be_cut(facts: Facts) -> bool:
    deep = facts.video == "h264" and "10" in facts.pixel_format
    return bool(set(facts.container.split(",")) & _HLS_CONTAINERS) and facts.video in _HLS_VIDEO and not deep
