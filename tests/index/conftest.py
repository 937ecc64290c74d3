"""Real files made on the spot by PyAV, a driver that checks the bounds of every parser, and a player that reads only
what is pinned."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import pytest

from headrace.core.spans import Span
from headrace.index import IndexInfo, find_index
from headrace.index.base import CHEAP, MAX_ASKS, MAX_BYTES

HEAD = 512 * 1024
"""What any player reads before the first frame, pinned or not: ffmpeg probes in steps of 32 KiB."""


@dataclass(frozen=True)
class Recipe:
    """How to make a sample; ``edit`` changes its bytes afterwards."""

    format: str
    options: tuple[tuple[str, str], ...] = ()
    codec: str = "mpeg4"
    seconds: int = 10


RECIPES = {
    "moov-last": Recipe("mp4"),
    "moov-first": Recipe("mp4", (("movflags", "faststart"),)),
    "mov": Recipe("mov"),
    "fragmented": Recipe("mp4", (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)),
    "sidx": Recipe("mp4", (("movflags", "frag_keyframe+empty_moov+global_sidx+default_base_moof"),)),
    "sidx-behind-media": Recipe("mp4", (("movflags", "frag_keyframe+global_sidx"),)),
    "dash": Recipe("mp4", (("movflags", "dash+frag_keyframe"),)),
    "mkv": Recipe("matroska"),
    "mkv-cues-first": Recipe("matroska", (("reserve_index_space", "16384"),)),
    "mkv-live": Recipe("matroska", (("live", "1"),)),
    "webm": Recipe("webm", codec="libvpx"),
    "avi": Recipe("avi"),
    "ts": Recipe("mpegts"),
    "m2ts": Recipe("mpegts", (("mpegts_m2ts_mode", "1"),)),
}


def make_sample(recipe: Recipe, path: Path) -> bytes:
    """Noise, so that a few seconds are some MiB."""
    rng = random.Random(1)
    frames = []
    for _ in range(5):
        frame = av.VideoFrame(160, 120, "yuv420p")
        for plane in frame.planes:
            plane.update(rng.randbytes(plane.buffer_size))
        frames.append(frame)
    with av.open(str(path), "w", format=recipe.format, options=dict(recipe.options)) as out:
        stream = out.add_stream(recipe.codec, rate=25, options={"g": "25", "deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 160, 120, "yuv420p", 800_000
        for number in range(recipe.seconds * 25):
            frame = frames[number % len(frames)]
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path.read_bytes()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """The bytes of a real file by its name in ``RECIPES``; each is made once."""
    folder = tmp_path_factory.mktemp("samples")

    @cache
    def get(name: str) -> bytes:
        return make_sample(RECIPES[name], folder / name)

    return get


class Sparse:
    """A file of any size: zeros but for what is put at some offsets."""

    def __init__(self, size: int, parts: Mapping[int, bytes]) -> None:
        self.size, self.parts = size, parts

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: slice) -> bytes:
        data = bytearray(key.stop - key.start)
        for offset, part in self.parts.items():
            for at in range(max(offset, key.start), min(offset + len(part), key.stop)):
                data[at - key.start] = part[at - offset]
        return bytes(data)


@pytest.fixture(scope="session")
def sparse() -> type[Sparse]:
    return Sparse


@dataclass(frozen=True)
class Look:
    """What a parser found, and what it asked for."""

    info: IndexInfo
    asks: tuple[Span, ...]

    @property
    def far(self) -> tuple[Span, ...]:
        """Asks beyond the bytes that any player reads first."""
        return tuple(ask for ask in self.asks if ask.end > CHEAP)

    def pinned(self, start: int, end: int) -> bool:
        return any(pin.start <= start and end <= pin.end for pin in self.info.pins)


@pytest.fixture(scope="session")
def look() -> Callable[[bytes | Sparse], Look]:
    """Run ``find_index`` over a file and hold it to its rules."""

    def run(data: bytes | Sparse) -> Look:
        want, asks = find_index(len(data)), []
        try:
            span = next(want)
            while True:
                assert 0 <= span.start < span.end <= len(data)
                assert span not in asks
                asks.append(span)
                span = want.send(data[span.start : span.end])
        except StopIteration as done:
            info: IndexInfo = done.value
        assert len(asks) <= MAX_ASKS
        assert sum(ask.size for ask in asks) <= MAX_BYTES
        ends = [0, *(edge for pin in info.pins for edge in pin), len(data)]
        assert ends == sorted(ends), "pins in order, inside the file, not overlapping"
        assert all(pin.size for pin in info.pins)
        return Look(info, tuple(asks))

    return run


class Pinned(io.RawIOBase):
    """A file of which only some spans are there, as it is in a torrent; notes what was missed."""

    def __init__(self, data: bytes, spans: Iterable[Span]) -> None:
        self.data, self.spans, self.at = data, tuple(spans), 0
        self.missed: list[int] = []

    def read(self, size: int = -1) -> bytes:
        if self.at >= len(self.data):
            return b""
        for span in self.spans:
            if span.start <= self.at < span.end:
                data = self.data[self.at : min(self.at + size, span.end)]
                self.at += len(data)
                return data
        self.missed.append(self.at)
        raise OSError("not there yet")

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, len(self.data))[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


@dataclass(frozen=True)
class Played:
    """What a player missed up to the first packet, and then in a seek to 70 %."""

    start: tuple[int, ...]
    seek: tuple[int, ...]


@pytest.fixture(scope="session")
def play() -> Callable[[bytes, Iterable[Span]], Played]:
    """Open a file of which only the head and ``pins`` are there with ffmpeg's demuxers, and seek in it."""

    def run(data: bytes, pins: Iterable[Span]) -> Played:
        file = Pinned(data, (Span(0, HEAD), *pins))
        try:
            with av.open(file) as container:
                next(container.demux(video=0))
                start, duration = tuple(file.missed), container.duration or 8_000_000
                if not start:
                    try:
                        container.seek(duration * 7 // 10)
                        next(container.demux(video=0))
                    except OSError:
                        pass
                return Played(start, tuple(file.missed[len(start) :]))
        except OSError:
            return Played(tuple(file.missed), ())

    return run
