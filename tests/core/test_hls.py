from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from headrace.core import hls
from headrace.core.hls import Keyframe, Picture, Rendition, bandwidth, master, media, plan
from headrace.core.spans import Span

MS = 0.001
FILM = [Keyframe(ticks, ticks * 10) for ticks in range(21, 30_000, 2000)]
"""A keyframe every two seconds, 10 bytes a millisecond."""
PICTURE = Picture("v0", "avc1.64001e", 640, 360, 24.0)


def test_segments_of_four_seconds() -> None:
    segments = plan(FILM, MS, 30.021, 300_000)
    assert [round(segment.seconds, 3) for segment in segments] == [4.0] * 7 + [2.0]
    assert segments[0] == (None, 4021, 0.021, segments[0].seconds, Span(210, 40_210))
    assert segments[1][:2] == (4021, 8021)
    assert segments[-1].last is None
    assert segments[-1].span == Span(280_210, 300_000)
    assert bandwidth(segments) == 80_000


def test_keyframes_far_apart_make_long_segments() -> None:
    keyframes = [Keyframe(0, 0), Keyframe(11_000, 5), Keyframe(12_000, 6), Keyframe(17_000, 8)]
    assert [segment.seconds for segment in plan(keyframes, MS, 20.0, 9)] == [11.0, 6.0, 3.0]


def test_what_cannot_be_cut() -> None:
    assert plan([], MS, 20.0, 9) == ()
    assert plan([Keyframe(0, 0)], MS, 61.0, 9) == (), "no index: only the first is known"
    assert len(plan([Keyframe(0, 0)], MS, 9.0, 9)) == 1, "a short film needs none"


def test_a_film_that_ends_before_its_last_keyframe() -> None:
    segments = plan([Keyframe(0, 0), Keyframe(5000, 5)], MS, -3.0, 9)
    assert [round(segment.seconds, 3) for segment in segments] == [5.0, 0.04]


def test_indexes_that_go_back() -> None:
    segments = plan([Keyframe(0, 800), Keyframe(9000, 90), Keyframe(3000, 95), Keyframe(14_000, 1 << 50)], MS, 15, 1000)
    assert [segment.span for segment in segments] == [Span(800, 800), Span(90, 1000), Span(1000, 1000)]


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 30)), max_size=12),
    st.sampled_from([0.5, 1.0, 3.0]),
    st.floats(-100, 100),
    st.integers(0, 20),
)
def test_a_plan_has_every_moment_once(keyframes: list[tuple[int, int]], unit: float, end: float, size: int) -> None:
    segments = plan([Keyframe(*each) for each in keyframes], unit, end, size)
    for one, after in itertools.pairwise(segments):
        assert one.last == after.first
        assert abs(one.start + one.seconds - after.start) < 1e-6
        assert one.seconds >= hls.LEAST_SECONDS
    assert all(0 < one.seconds <= hls.MOST_SECONDS for one in segments)
    assert all(0 <= one.span.start <= one.span.end <= size for one in segments)
    if segments:
        assert (segments[0].first, segments[-1].last) == (None, None)
        text = media(segments)
        longest = int(re.search(r"TARGETDURATION:(\d+)", text)[1])  # type: ignore[index]
        assert all(round(float(each)) <= longest for each in re.findall(r"#EXTINF:(.*),", text))


def test_the_playlist_of_a_track() -> None:
    assert media(plan(FILM, MS, 9.5, 100_000)[:2], "?token=a%26b") == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        '#EXT-X-MAP:URI="init.mp4?token=a%26b"\n#EXTINF:4.000000,\n0.m4s?token=a%26b\n'
        "#EXTINF:4.000000,\n1.m4s?token=a%26b\n#EXT-X-ENDLIST\n"
    )


def test_the_playlist_of_playlists() -> None:
    sounds = [Rendition("a1", "mp4a.40.2", "English", "en", True, 2), Rendition("a2", "mp4a.40.2", "", "", False, 0)]
    assert master(PICTURE, sounds, 5000, "?token=x").splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="mp4a.40.2",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="2",URI="a1/index.m3u8?token=x"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="mp4a.40.2",NAME="Audio",DEFAULT=NO,AUTOSELECT=YES,URI="a2/index.m3u8?token=x"',
        '#EXT-X-STREAM-INF:BANDWIDTH=5000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=24.000,'
        'AUDIO="mp4a.40.2"',
        "v0/index.m3u8?token=x",
    ]


def test_each_codec_of_the_sound_has_its_group_and_what_is_heard_first_the_first_line() -> None:
    codecs = ("opus", "mp4a.40.2", "fLaC", "mp4a.40.2")
    sounds = [Rendition(f"a{n}", codec, str(n), "", n == 3, 2) for n, codec in enumerate(codecs)]
    lines = master(PICTURE, sounds, 1).splitlines()
    assert [re.findall(r'GROUP-ID="(.*?)"', line) for line in lines[3:7]] == [[codec] for codec in codecs]
    variants = [re.findall(r'CODECS="(.*?)".*AUDIO="(.*?)"', line)[0] for line in lines[7::2]]
    assert variants == [(f"avc1.64001e,{codec}", codec) for codec in ("mp4a.40.2", "opus", "fLaC")]
    assert lines[8::2] == ["v0/index.m3u8"] * 3


def test_a_silent_film_of_unknown_size() -> None:
    assert master(Picture("v0", "av01.0.01M.08", 0, 0, 0.0), [], 0).splitlines()[3:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="av01.0.01M.08"',
        "v0/index.m3u8",
    ]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5), st.text(max_size=8))
def test_names_of_strangers_stay_inside_their_quotes(names: list[str], language: str) -> None:
    text = master(PICTURE, [Rendition("a1", "opus", name, language, False, 2) for name in names], 1)
    text.encode()
    lines = text.splitlines()
    assert len(lines) == 5 + len(names)
    found = [re.findall(r'(?:^|,)([A-Z-]+)=("[^"]*"|[^",]*)', line.partition(":")[2]) for line in lines[3:-2]]
    for line, attributes in zip(lines[3:-2], found, strict=True):
        assert line == "#EXT-X-MEDIA:" + ",".join(f"{key}={value}" for key, value in attributes)
    shown = [dict(attributes)["NAME"] for attributes in found]
    assert len(set(shown)) == len(names), "RFC 8216: names differ"
