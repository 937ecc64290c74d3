"""Films in pieces are the film: packet by packet, and moment by moment."""

from __future__ import annotations

import base64
import io
import itertools
from pathlib import Path

import av
import pytest
from mediakit import Cutter, packets, seconds

from headrace.core.codecs import codec_of
from headrace.core.hls import Segment
from headrace.media import cutter

H264 = ["two.mkv", "two.mp4", "open.mkv"]


@pytest.mark.parametrize("name", [*H264, "vp9.webm"])
def test_all_pictures_in_order_and_at_their_time(cuts: Path, name: str) -> None:
    made = Cutter(cuts / name)
    assert len(made.segments) >= 3
    source, sent = packets(str(cuts / name)), packets(made.whole(0))
    assert [bytes(packet) for packet in sent] == [bytes(packet) for packet in source]
    assert [seconds(packet) for packet in sent] == pytest.approx(
        [seconds(packet) + cutter.EPOCH for packet in source], abs=1e-4
    )
    steps = {round(1000 * float((b.dts - a.dts) * a.time_base)) for a, b in itertools.pairwise(sent)}
    assert steps <= {41, 42, 43}, "24000/1001 pictures a second, and no seam"
    assert all(packet.dts <= packet.pts for packet in sent)


@pytest.mark.parametrize("name", H264)
def test_each_segment_begins_with_a_keyframe_when_it_says(cuts: Path, name: str) -> None:
    made = Cutter(cuts / name)
    for segment in made.segments:
        first, *_ = packets(io.BytesIO(made.init(0) + made.segment(0, segment)))
        assert first.is_keyframe
        assert seconds(first) - cutter.EPOCH == pytest.approx(segment.start, abs=0.002)


@pytest.mark.parametrize("name", H264)
def test_what_is_sent_decodes_whole(cuts: Path, name: str) -> None:
    with av.open(Cutter(cuts / name).whole(0)) as sent, av.open(str(cuts / name)) as source:
        pictures = [[bytes(frame.planes[0]) for frame in each.decode(video=0)] for each in (sent, source)]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == 336


def test_what_a_film_tells(cuts: Path) -> None:
    made = Cutter(cuts / "two.mkv")
    video, english, german = made.tracks
    assert (video["codec"], video["width"], video["height"], video["frame_rate"]) == ("h264", 160, 90, 23.976)
    assert [codec_of(base64.b64decode(each["init"])) for each in made.tracks] == [
        "avc1.4d400a", "mp4a.40.2", "mp4a.40.2",
    ]  # fmt: skip
    assert (english["codec"], english["copied"], english["channels"], english["language"]) == ("aac", True, 1, "eng")
    assert (german["codec"], german["copied"], german["channels"]) == ("ac3", False, 2)
    assert (german["language"], german["title"]) == ("ger", 'Director\'s "cut"')
    assert made.outline["end"] == pytest.approx(14, abs=0.1)
    assert made.segments[1].span.start > 0
    data = (cuts / "two.mkv").read_bytes()
    for _, position in made.outline["keyframes"]:
        assert data[position : position + 4] == b"\x1f\x43\xb6\x75", "a Cluster"


@pytest.mark.parametrize(
    ("name", "why"),
    [("old.avi", "no browser shows mpeg4"), ("old.mkv", "no browser shows mpeg4"), ("plain.ts", "no index")],
)
def test_what_cannot_be_cut(cuts: Path, name: str, why: str) -> None:
    with pytest.raises(LookupError, match=why):
        Cutter(cuts / name)


def test_no_such_track(cuts: Path) -> None:
    made = Cutter(cuts / "two.mkv")
    with pytest.raises(LookupError, match="no such track"):
        made.segment(7, made.segments[0])


def test_a_segment_that_is_too_large(cuts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Cutter(cuts / "two.mkv")
    monkeypatch.setattr(cutter, "MOST", 50_000)
    with pytest.raises(LookupError, match="a segment of it has more than"):
        made.segment(0, made.segments[0])


def test_borders_that_are_not_the_films(cuts: Path) -> None:
    """As a hostile index, or another version of us, might have them: no crash, and no pictures from elsewhere."""
    made = Cutter(cuts / "two.mkv")
    beyond = Segment(10**9, None, 0.0, 1.0, made.segments[0].span)
    with pytest.raises(LookupError, match="no picture"):
        made.segment(0, beyond)
    between = Segment(3000, 5000, 0.0, 1.0, made.segments[0].span)  # keyframes are at 2 and 4 s
    first, *_ = packets(io.BytesIO(made.init(0) + made.segment(0, between)))
    assert 13.9 < seconds(first) < 14.1


def test_keyframes_of_films_for_editing_are_thinned(cuts: Path) -> None:
    made = Cutter(cuts / "edit.mp4")
    assert len(made.outline["keyframes"]) == 5
    assert [bytes(each) for each in packets(made.whole(0))] == [bytes(each) for each in packets(str(cuts / "edit.mp4"))]
