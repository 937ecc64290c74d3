from __future__ import annotations

import pytest

from headrace.casting.formats import Facts, Form, choose

MP4, MKV = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"


@pytest.mark.parametrize(
    ("facts", "form"),
    [
        (Facts(MP4, "mp4", "h264", "yuv420p", "aac"), Form()),
        (Facts(MKV, "webm", "vp9", "yuv420p", "opus"), Form()),
        (Facts("mp3", "mp3", audio="mp3"), Form()),
        (Facts(MP4, "mp4", "hevc", "yuv420p10le", "aac"), Form()),
        (Facts(MKV, "mkv", "h264", "yuv420p", "aac"), Form(True, "Chromecasts do not play Matroska")),
        (Facts(MP4, "mp4", "h264", "yuv420p", "ac3"), Form(True, "Chromecasts do not decode ac3")),
        (Facts(MP4, "mp4", "h264", "yuv420p10le", "aac"), Form(doubt="Chromecasts do not decode H.264 with 10 bits")),
        (Facts("avi", "avi", "mpeg4", "yuv420p", "mp3"), Form(doubt="Chromecasts do not play AVI")),
        (Facts("mpegts", "ts", "h264", "yuv420p", "aac"), Form(doubt="Chromecasts do not play TS")),
        (Facts(MP4, "mp4", "mpeg4", "yuv420p", "aac"), Form(doubt="Chromecasts do not decode mpeg4")),
        (Facts(MKV, "mkv", "h264", "yuv420p10le", "aac"), Form(doubt="Chromecasts do not play Matroska")),
    ],
)
def test_what_a_chromecast_gets(facts: Facts, form: Form) -> None:
    assert choose("chromecast", facts) == form
    assert choose("dlna", facts) == Form(), "televisions get files"
