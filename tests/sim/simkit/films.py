"""Real films of some MB, and torrents made of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from headrace.index import IndexInfo, find_index
from headrace.index.base import drive
from headrace.testing.fake_swarm import FakeFile

SECONDS = 24
"""Length of each film: about 14 MB of noise, 0.58 MB a second (4.6 Mbit/s)."""
KIB, MIB = 1024, 1024**2


@dataclass(frozen=True)
class Film:
    """A file's name and bytes, and what its index says when all of it is there."""

    name: str
    data: bytes
    info: IndexInfo

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def bitrate(self) -> float:
        """Bytes a second; that of the others for what has no duration."""
        return self.size / (self.info.duration or SECONDS)

    def file(self, path: str = "") -> FakeFile:
        return FakeFile(path or self.name, self.size, {0: self.data})


def film(name: str, data: bytes) -> Film:
    return Film(name, data, drive(find_index(len(data)), lambda span: data[span.start : span.end]))


def make_films(folder: Path) -> dict[str, Film]:
    """The same noise with its index first, last, at the end of a Matroska file, and in no container at all."""
    last = folder / "last.mp4"
    _shoot(last)
    _remux(last, folder / "first.mp4", "mp4", {"movflags": "faststart"})
    _remux(last, folder / "film.mkv", "matroska", {})
    made = {path.name: film(path.name, path.read_bytes()) for path in folder.iterdir()}
    made["unknown.mp4"] = film("unknown.mp4", random.Random(2).randbytes(12 * MIB))
    made["short.mkv"] = film("short.mkv", random.Random(3).randbytes(2 * MIB))
    return made


def _shoot(path: Path) -> None:
    rng = random.Random(1)
    frames = []
    for _ in range(3):
        frame = av.VideoFrame(160, 112, "yuv420p")
        for plane in frame.planes:
            plane.update(rng.randbytes(plane.buffer_size))
        frames.append(frame)
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=25, options={"g": "25", "qmin": "4", "qmax": "4"})
        stream.width, stream.height, stream.pix_fmt = 160, 112, "yuv420p"
        for number in range(SECONDS * 25):
            frame = frames[number % len(frames)]
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _remux(source: Path, target: Path, container: str, options: dict[str, str]) -> None:
    with av.open(str(source)) as before, av.open(str(target), "w", format=container, options=options) as after:
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)
