from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from headrace.errors import EngineError
from headrace.media import testcard


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("card") / "card.mp4"
    testcard.make(path, 6)
    return path


def test_it_is_what_a_film_is(card: Path) -> None:
    with av.open(str(card)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.average_rate) == (640, 360, Fraction(24))
        assert video.frames == 6 * 24
        assert audio.codec_context.name == "aac"
        assert container.duration == pytest.approx(6e6, rel=0.02)


def test_a_keyframe_every_two_seconds(card: Path) -> None:
    with av.open(str(card)) as container:
        times = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.is_keyframe]
    assert times == pytest.approx([0.0, 2.0, 4.0])


def test_the_bitrate_is_worth_waiting_for(card: Path) -> None:
    assert card.stat().st_size * 8 / 6 == pytest.approx(2_100_000, rel=0.15)


def test_the_index_is_at_the_end(card: Path) -> None:
    data = card.read_bytes()
    assert 0 < data.index(b"mdat") < data.index(b"moov")


def test_the_picture_moves(card: Path) -> None:
    with av.open(str(card)) as container:
        planes = [bytes(frame.planes[0]) for frame, _ in zip(container.decode(video=0), range(3), strict=False)]
    assert len(set(planes)) == 3


def test_sound_and_picture_are_side_by_side(card: Path) -> None:
    with av.open(str(card)) as container:
        order = [packet.stream.type for packet in container.demux() if packet.size]
    longest = max(len(run) for run in " ".join(order).replace("video", "v").split("audio"))
    assert longest < 20


def test_progress_is_told_and_may_end_it(tmp_path: Path) -> None:
    told: list[float] = []
    testcard.make(tmp_path / "whole.mp4", 8, told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) > 2

    def enough(share: float) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        testcard.make(tmp_path / "part.mp4", 6, enough)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be made"):
        testcard.make(tmp_path / "absent" / "card.mp4", 1)


def test_another_encoder_where_h264_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(testcard, "_ENCODERS", (("no such codec", {}), ("mpeg4", {})))
    testcard.make(tmp_path / "card.mp4", 1)
    with av.open(str(tmp_path / "card.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
