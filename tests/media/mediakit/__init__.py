"""Films cut in this process, which made them itself; and files of which only a part is there."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import av

from headrace.core import hls
from headrace.core.hls import Keyframe, Segment
from headrace.core.pieces import FileEntry, Layout
from headrace.media import cutter

PIECE = 16384
OFFSET = 5000


class Cutter:
    """Cuts a film as the server does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with av.open(str(path)) as container:
            self.outline = cutter.outline(av, container)
        unit = self.outline["unit"][0] / self.outline["unit"][1]
        keyframes = [Keyframe(*each) for each in self.outline["keyframes"]]
        self.segments = hls.plan(keyframes, unit, self.outline["end"], path.stat().st_size)

    @property
    def tracks(self) -> list[dict[str, Any]]:
        return [self.outline["video"], *self.outline["sounds"]]

    def init(self, track: int) -> bytes:
        (found,) = (each["init"] for each in self.tracks if each["index"] == track)
        return base64.b64decode(found)

    def segment(self, track: int, segment: Segment) -> bytes:
        data, video = bytearray(), self.outline["video"]
        job = {"track": track, "first": segment.first, "last": segment.last, "lag": video["lag"]}
        with av.open(str(self.path)) as container:
            cutter.cut(av, container, job | {"depth": video["depth"]}, data.extend)
        return bytes(data)

    def whole(self, track: int) -> io.BytesIO:
        """All of a track's segments, made in another order than they are played."""
        parts = {each.start: self.segment(track, each) for each in reversed(self.segments)}
        return io.BytesIO(self.init(track) + b"".join(parts[start] for start in sorted(parts)))


def packets(source: Any, track: int = 0) -> list[Any]:
    with av.open(source) as container:
        return [packet for packet in container.demux(container.streams[track]) if packet.size]


def seconds(packet: Any) -> float:
    return float(packet.pts * packet.time_base)


class Placed:
    """The second file of a torrent whose data lies at ``path``."""

    def __init__(self, path: Path, name: str = "film.mp4") -> None:
        self.size, self.name, self.index = path.stat().st_size, name, 1
        self.entry = FileEntry(1, name, self.size, OFFSET)
        self.torrent = self
        self.info_hash = "ab" * 20
        self.layout = Layout("t", PIECE, OFFSET + self.size, (FileEntry(0, "a", OFFSET, 0), self.entry))
        self.handle, self.path = self, path
        self.have = bytearray(self.layout.num_pieces)

    def path_of(self, index: int) -> Path:
        assert index == 1
        return self.path

    def come(self, share: float = 1.0) -> Placed:
        count = round(len(self.have) * share)
        self.have[:count] = b"\1" * count
        return self
