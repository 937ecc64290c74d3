"""One picture out of a film, as a JPEG: the part of ``worker`` that decodes.

Rules: as ``worker``'s: one thread, no file. ``av`` is the module, handed over; a keyframe is enough, and the first that
comes after the place that was asked for is taken.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

WIDTH = 480
"""Pixels of the picture at most; twice what a card on the page has."""
QUALITY = 5
"""FFmpeg's scale for JPEG, 2 (best) to 31: about 30 kB."""
PLAIN = 40.0
"""Of a picture's brightest and darkest parts, of 64, the difference (to 255) below which it says nothing: all black."""
TRIES = 6
"""Keyframes that are looked at before a plain one is taken."""


def paint(av: Any, container: Any, share: float) -> bytes:
    """A keyframe from this share of the film on; ``LookupError`` when there is none."""
    stream = video_of(container)
    codec = stream.codec_context
    codec.thread_count, codec.skip_frame = 1, "NONKEY"
    if share and container.duration:
        container.seek(int(container.duration * share))
    chosen = None
    for number, frame in enumerate(container.decode(stream)):
        chosen = frame
        if number + 1 >= TRIES or not is_plain(frame):
            break
    if chosen is None:
        raise LookupError("no picture could be decoded")
    return jpeg(av, chosen)


def video_of(container: Any) -> Any:
    """The track with the film; ``LookupError`` when there is none."""
    for stream in container.streams.video:
        if not stream.disposition & type(stream.disposition).attached_pic:
            return stream
    raise LookupError("there is no video in it")


def is_plain(frame: Any) -> bool:
    """Whether next to nothing is to be seen."""
    small = frame.reformat(width=8, height=8, format="gray")
    plane = small.planes[0]
    data, line = bytes(plane), plane.line_size
    values = [value for row in range(8) for value in data[row * line : row * line + 8]]
    return max(values) - min(values) < PLAIN


def jpeg(av: Any, frame: Any) -> bytes:
    """The frame, made small."""
    width = min(WIDTH, frame.width) & ~1
    height = max(2, round(frame.height * width / frame.width) & ~1)
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.thread_count = width, height, "yuvj420p", 1
    codec.time_base, codec.qmin, codec.qmax = Fraction(1, 25), QUALITY, QUALITY
    small = frame.reformat(width=width, height=height, format="yuvj420p")
    small.pts = 0
    return b"".join(bytes(packet) for packet in (*codec.encode(small), *codec.encode(None)))
