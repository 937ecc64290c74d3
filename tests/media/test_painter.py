"""One picture out of a film."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest

from headrace.media import painter


def size_of(picture: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(picture), "r", format="mjpeg") as found:
        stream = found.streams.video[0]
        return stream.width, stream.height


def made(path: Path, source: str, *, rate: int = 10, seconds: int = 4) -> Path:
    """A film of one of FFmpeg's pictures, each a keyframe."""
    graph = av.filter.Graph()
    nodes = [graph.add(*source.split("=", 1)), graph.add("format", "pix_fmts=yuv420p"), graph.add("buffersink")]
    nodes[0].link_to(nodes[1])
    nodes[1].link_to(nodes[2])
    graph.configure()
    with av.open(str(path), "w") as output:
        frame = graph.pull()
        stream = output.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.codec_context.gop_size = frame.width, frame.height, 1
        for number in range(rate * seconds):
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_a_picture(film: Path, share: float) -> None:
    with av.open(str(film)) as container:
        picture = painter.paint(av, container, share)
    assert picture.startswith(b"\xff\xd8\xff")
    assert size_of(picture) == (480, 270)
    assert 5_000 < len(picture) < 100_000


@pytest.mark.parametrize(
    ("source", "size"),
    [("testsrc2=s=128x96", (128, 96)), ("testsrc2=s=1000x10", (480, 4)), ("testsrc2=s=98x50", (98, 50))],
)
def test_small_and_odd_shapes(tmp_path: Path, source: str, size: tuple[int, int]) -> None:
    with av.open(str(made(tmp_path / "a.avi", source))) as container:
        assert size_of(painter.paint(av, container, 0.2)) == size


def test_a_plain_film_gives_a_plain_picture(tmp_path: Path) -> None:
    with av.open(str(made(tmp_path / "a.avi", "color=black:s=64x64"))) as container:
        frame = next(container.decode(video=0))
        assert painter.is_plain(frame)
    with av.open(str(tmp_path / "a.avi")) as container:
        assert size_of(painter.paint(av, container, 0.0)) == (64, 64)


def test_a_picture_of_something_is_not_plain(film: Path) -> None:
    with av.open(str(film)) as container:
        assert not painter.is_plain(next(container.decode(video=0)))


def test_sound_has_no_picture(shelf: Path) -> None:
    for name in ("plain.mp3", "cover.mp3"):
        with av.open(str(shelf / name)) as container, pytest.raises(LookupError):
            painter.paint(av, container, 0.2)
