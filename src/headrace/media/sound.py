"""Sound of a film for HLS: copied where browsers know its codec, else decoded and made AAC.

Rules: as ``cutter``'s. Times lie on a grid that follows from the track alone: the file's own (Matroska's are rounded to
milliseconds) for what is copied, whole frames of 1024 samples for what is made. So each packet belongs to one segment.

An AAC frame is heard only together with the one before it. So the encoder is started some frames before the segment,
and what it gives for these is dropped: two runs of it over the same sound agree after a few frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any, Protocol

COPIED = frozenset({"aac", "opus", "flac"})
"""What browsers hear in fragmented MP4. MP3 fits in it too, but Chromium does not take it from there."""
RATE, CHANNELS, LAYOUT = 48_000, 2, "stereo"
"""Of what is made. Two channels are what everything plays; six would need the client to mix them down."""
BITS = 192_000
"""Per second of what is made."""
FRAME = 1024
"""Samples of an AAC frame."""
RUN_UP = 4
"""Frames that the encoder is given before the segment."""
DECODED = 0.06
"""Seconds that are decoded before that: a decoder's first frame lacks its predecessor; the longest (AC-3) has 0.032."""
LATER = Fraction(1, 4)
"""Seconds by which segments of made sound begin and end later than those of pictures: the run-up's bytes lie behind
the keyframe then, so that a seek needs nothing in front of it."""
ROUNDING = Fraction(3, 2000)
"""Seconds by which a container may have rounded a time: Matroska half a millisecond, twice, and a bit."""
BREAK = Fraction(1, 20)
"""Seconds of silence, or of an overlap, that are a break in the sound and not rounding."""
LONGEST = 90
"""Seconds of a segment at most: 35 MB decoded."""
EPOCH = 10


class Packets(Protocol):
    """A track that can be read from anywhere."""

    stream: Any

    def seconds(self, ticks: int) -> Fraction:
        """A border of the pictures in seconds of the film."""

    def packets(self, first: int | None, start: Fraction, end: Fraction | None) -> Iterator[Any]:
        """Packets of that part of the film, and a little more."""


def known(stream: Any) -> bool:
    """Whether it can be heard at all."""
    codec = stream.codec_context
    return codec is not None and bool(codec.sample_rate and codec.channels and stream.time_base)


def is_copied(stream: Any) -> bool:
    """Whether it is sent as it is."""
    return stream.codec_context.codec.canonical_name in COPIED


def track_in(out: Any, stream: Any) -> Any:
    """The track as it is sent."""
    if is_copied(stream):
        made = out.add_stream_from_template(stream, opaque=True)
        made.time_base = Fraction(1, stream.codec_context.sample_rate)
        return made
    made = out.add_stream("aac", rate=RATE, layout=LAYOUT)
    made.bit_rate = BITS
    made.time_base = Fraction(1, RATE)
    return made


def packets(av: Any, reading: Packets, made: Any, first: int | None, last: int | None) -> Iterator[Any]:
    """The packets of a segment between two borders (ticks of the video; None: the film's ends)."""
    later = Fraction(0) if is_copied(reading.stream) else LATER
    start = None if first is None else reading.seconds(first) + later
    end = None if last is None else reading.seconds(last) + later
    if is_copied(reading.stream):
        return _copied(reading, first, start, end)
    return _encoded(av, reading, made, first, start, end)


class Grid:
    """Where frames of equal length lie, whatever the container made of their times."""

    def __init__(self, stream: Any, length: int) -> None:
        self._rate = stream.codec_context.sample_rate
        self._origin = Fraction(stream.start_time or 0) * stream.time_base - _run_in(stream)
        self._step = Fraction(length, self._rate)

    def place(self, time: Fraction) -> Fraction:
        """The time, or that of the frame that it was rounded from."""
        if not self._step:
            return time
        exact = self._origin + round((time - self._origin) / self._step) * self._step
        return exact if abs(exact - time) <= ROUNDING else time


def _run_in(stream: Any) -> Fraction:
    """Seconds of an Opus track before its start, which nobody is to hear (pre-skip, RFC 7845 section 5.1)."""
    head = bytes(stream.codec_context.extradata or b"")
    samples = int.from_bytes(head[10:12], "little") if head.startswith(b"OpusHead") else 0
    return Fraction(samples, 48_000)


# as it is
def _copied(reading: Packets, first: int | None, start: Fraction | None, end: Fraction | None) -> Iterator[Any]:
    stream = reading.stream
    rate, unit = stream.codec_context.sample_rate, stream.time_base
    grid, length, sent = None, 0, None
    for packet in reading.packets(first, start or Fraction(0), end):
        time = packet.pts * unit
        if (start is not None and time < start) or (end is not None and time >= end):
            continue
        if grid is None:
            length = stream.codec_context.frame_size or round(packet.duration * unit * rate)
            grid = Grid(stream, length)
        place = round((grid.place(time) + EPOCH) * rate)
        sent = place if sent is None else max(sent + 1, place)
        packet.duration = length
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = sent
        yield packet


# made
def _encoded(
    av: Any, reading: Packets, made: Any, first: int | None, start: Fraction | None, end: Fraction | None
) -> Iterator[Any]:
    begin = Fraction(reading.stream.start_time or 0) * reading.stream.time_base if start is None else start
    frames = range(ceil(begin * RATE / FRAME), ceil(end * RATE / FRAME) if end is not None else 1 << 40)
    earliest = (frames.start - RUN_UP) * FRAME
    tape = Tape(earliest)
    for chunk in _decoded(av, reading, first, Fraction(earliest, RATE) - Fraction(DECODED), end):
        tape.put(*chunk)
    if end is None:
        frames = range(frames.start, ceil(tape.end / FRAME))
    for number in range(frames.start - RUN_UP, frames.stop + 1):
        yield from _numbered(made.encode(tape.frame(av, number * FRAME)), frames)
    yield from _numbered(made.encode(None), frames)


def _numbered(packets: list[Any], frames: range) -> Iterator[Any]:
    """Those of the segment, with their times."""
    for packet in packets:
        if packet.pts is not None and packet.pts % FRAME == 0 and packet.pts // FRAME in frames:
            packet.pts = packet.dts = packet.pts + EPOCH * RATE
            packet.duration = FRAME
            yield packet


def _decoded(
    av: Any, reading: Packets, first: int | None, start: Fraction, end: Fraction | None
) -> Iterator[tuple[int, list[bytes]]]:
    """Where (samples of the film) and what: each channel's samples, of 32 bits."""
    codec = reading.stream.codec_context
    codec.thread_count = 1
    resampler = av.AudioResampler("fltp", LAYOUT, RATE)
    grid, clock = None, Clock()
    stop = None if end is None else end + Fraction(2 * FRAME, RATE)
    for packet in reading.packets(first, start, stop):
        for frame in _frames(av, codec, packet):
            if frame.pts is None:
                continue
            grid = grid or Grid(reading.stream, frame.samples)
            time = grid.place(frame.pts * frame.time_base)
            frame.pts = None  # places are ours; the resampler only resamples
            for out in resampler.resample(frame):
                yield clock.place(time, out.samples), [bytes(plane)[: out.samples * 4] for plane in out.planes]


def _frames(av: Any, codec: Any, packet: Any) -> list[Any]:
    try:
        return list(codec.decode(packet))
    except av.error.InvalidDataError:
        return []  # a torn packet is silence


class Clock:
    """One chunk follows another, but for breaks in the sound."""

    def __init__(self) -> None:
        self._next: int | None = None

    def place(self, time: Fraction, count: int) -> int:
        """The sample at which a chunk of so many belongs."""
        told = round(time * RATE)
        if self._next is None or abs(told - self._next) > BREAK * RATE:
            self._next = told
        at, self._next = self._next, self._next + count
        return at


class Tape:
    """Decoded sound from a sample on; silence where there is none."""

    def __init__(self, begin: int) -> None:
        self.begin = self.end = begin
        self._channels = [bytearray() for _ in range(CHANNELS)]

    def put(self, at: int, channels: list[bytes]) -> None:
        """Samples from ``at`` on; those before the tape are dropped."""
        skip = max(0, self.begin - at)
        if at - self.begin > LONGEST * RATE:
            raise LookupError("its sound has no order")
        for tape, samples in zip(self._channels, channels, strict=True):
            data, place = samples[skip * 4 :], (at + skip - self.begin) * 4
            tape.extend(bytes(max(0, place - len(tape))))
            tape[place : place + len(data)] = data
        self.end = max(self.end, self.begin + len(self._channels[0]) // 4)

    def frame(self, av: Any, at: int) -> Any:
        """``FRAME`` samples from there on."""
        frame = av.AudioFrame(format="fltp", layout=LAYOUT, samples=FRAME)
        place = (at - self.begin) * 4
        for plane, tape in zip(frame.planes, self._channels, strict=True):
            plane.update(bytes(tape[place : place + FRAME * 4]).ljust(plane.buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        return frame
