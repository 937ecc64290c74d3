"""A video made on the spot: a moving test picture with its time in it, and a tone.

Rules: what makes streaming hard is in it: the index (moov) at the end, a steady bitrate that is worth waiting for, and
a keyframe every two seconds as films have. FFmpeg's own sources draw it, so that nothing is shipped and nothing copied.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from headrace.errors import EngineError

WIDTH, HEIGHT, RATE = 640, 360, 24
GOP = 2 * RATE
"""Frames from one keyframe to the next."""
VIDEO_BITRATE = 2_000_000
AUDIO_BITRATE, SAMPLE_RATE = 96_000, 44_100
TICK = 3 * RATE
"""Frames between two calls of ``progress``."""

_H264 = {
    "preset": "ultrafast",  # a minute of it in 2 to 3 s on two cores
    # even, so that a place in time and a place in the file are the same share
    "minrate": str(VIDEO_BITRATE),
    "maxrate": str(VIDEO_BITRATE),
    "bufsize": str(2 * VIDEO_BITRATE),
    "sc_threshold": "0",
}
_ENCODERS: tuple[tuple[str, dict[str, str]], ...] = (("libx264", _H264), ("libopenh264", {}), ("mpeg4", {}))
"""Best first; FFmpeg may have been built without the first two."""


def lacking() -> str:
    """What this FFmpeg lacks to do it, in words; empty when it lacks nothing."""
    missing = [name for name in ("testsrc2", "sine", "format", "aformat") if name not in av.filter.filters_available]
    if not any(name in av.codecs_available for name, _ in _ENCODERS):
        missing.append("an encoder for H.264 or MPEG-4")
    if "aac" not in av.codecs_available:
        missing.append("an encoder for AAC")
    return ", ".join(missing)


def make(path: Path, seconds: float, progress: Callable[[float], None] = lambda share: None) -> None:
    """Write an MP4 (H.264 and AAC). Blocks; ``progress`` hears the share that is done, 0 to 1, and may raise.

    Raises EngineError when the file cannot be written or FFmpeg cannot do it.
    """
    try:
        with av.open(str(path), "w", format="mp4") as output:
            _write(output, seconds, progress)
    except (OSError, ValueError, LookupError) as error:  # av's errors are OSError or ValueError too
        raise EngineError(f"The demo's video cannot be made: {error}.", "See: headrace doctor") from error


def _write(output: Any, seconds: float, progress: Callable[[float], None]) -> None:
    video = _video_stream(output)
    audio: AudioStream = output.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
    audio.bit_rate = AUDIO_BITRATE
    sound = _sound(seconds)
    next_sound = next(sound, None)
    total = int(seconds * RATE)
    for number, picture in enumerate(_pictures(seconds)):
        # Both in step: a player must not look for the sound elsewhere in the file.
        while next_sound is not None and (next_sound.time or 0.0) <= number / RATE:
            output.mux(audio.encode(next_sound))
            next_sound = next(sound, None)
        picture.pict_type = 0  # the encoder decides
        output.mux(video.encode(picture))
        if number % TICK == 0:
            progress(number / total)
    while next_sound is not None:
        output.mux(audio.encode(next_sound))
        next_sound = next(sound, None)
    output.mux(video.encode(None))
    output.mux(audio.encode(None))
    progress(1.0)


def _video_stream(output: Any) -> VideoStream:
    name, options = next((name, options) for name, options in _ENCODERS if name in av.codecs_available)
    stream: VideoStream = output.add_stream(name, rate=RATE, options=options)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.bit_rate = VIDEO_BITRATE
    stream.codec_context.gop_size = GOP
    return stream


def _pictures(seconds: float) -> Iterator[VideoFrame]:
    """testsrc2: moving bars and boxes, with the time and the frame's number written in."""
    source = f"size={WIDTH}x{HEIGHT}:rate={RATE}:duration={seconds}"
    yield from _pull(("testsrc2", source), ("format", "pix_fmts=yuv420p"), ("buffersink", ""))


def _sound(seconds: float) -> Iterator[AudioFrame]:
    """A tone, with a beep each second."""
    source = f"frequency=330:beep_factor=2:sample_rate={SAMPLE_RATE}:samples_per_frame=1024:duration={seconds}"
    yield from _pull(("sine", source), ("aformat", "sample_fmts=fltp:channel_layouts=mono"), ("abuffersink", ""))


def _pull(*chain: tuple[str, str]) -> Iterator[Any]:
    """What comes out of a chain of FFmpeg's filters, until its source ends."""
    graph = av.filter.Graph()
    nodes = [graph.add(name, arguments or None) for name, arguments in chain]
    for before, after in itertools.pairwise(nodes):
        before.link_to(after)
    graph.configure()
    while True:
        try:
            yield graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            return
