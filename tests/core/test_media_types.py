from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import media_types
from headrace.core.media_types import kind_of, media_type_of, suffix_of


@pytest.mark.parametrize(
    ("path", "kind", "media_type"),
    [
        ("a/b/Movie.2020.mkv", "video", "video/x-matroska"),
        ("M.MKV", "video", "video/x-matroska"),
        ("a.webm", "video", "video/webm"),
        ("a.mp4", "video", "video/mp4"),
        ("a.m4v", "video", "video/mp4"),
        ("a.mov", "video", "video/quicktime"),
        ("a.avi", "video", "video/x-msvideo"),
        ("a.ts", "video", "video/mp2t"),
        ("a.m2ts", "video", "video/mp2t"),
        ("a.wmv", "video", "video/x-ms-wmv"),
        ("a.flv", "video", "video/x-flv"),
        ("a.ogv", "video", "video/ogg"),
        ("a.mpg", "video", "video/mpeg"),
        ("VTS_01_1.VOB", "video", "video/mp2p"),
        ("a.3gp", "video", "video/3gpp"),
        ("a.rmvb", "video", "application/vnd.rn-realmedia-vbr"),
        ("a.mp3", "audio", "audio/mpeg"),
        ("a.flac", "audio", "audio/flac"),
        ("a.m4a", "audio", "audio/mp4"),
        ("a.opus", "audio", "audio/ogg"),
        ("a.mka", "audio", "audio/x-matroska"),
        ("a.wav", "audio", "audio/wav"),
        ("a.en.srt", "subtitle", "application/x-subrip"),
        ("a.vtt", "subtitle", "text/vtt"),
        ("a.ass", "subtitle", "text/x-ssa"),
        ("a.ssa", "subtitle", "text/x-ssa"),
        ("a.sub", "subtitle", "text/x-microdvd"),
        ("a.idx", "subtitle", "application/x-vobsub"),
        ("a.sup", "subtitle", "application/x-pgs"),
        ("poster.jpg", "image", "image/jpeg"),
        ("a.nfo", "other", "text/plain"),
        ("a.rar", "other", "application/vnd.rar"),
        ("a.r00", "other", "application/octet-stream"),
        ("mkv", "other", "application/octet-stream"),
        (".mkv", "other", "application/octet-stream"),
        ("a.mkv/", "other", "application/octet-stream"),
        ("a.mkv/readme", "other", "application/octet-stream"),
        ("a.mkv.", "other", "application/octet-stream"),
        ("", "other", "application/octet-stream"),
    ],
)
def test_kinds_and_types(path: str, kind: str, media_type: str) -> None:
    assert (kind_of(path), media_type_of(path)) == (kind, media_type)


def test_the_table_is_well_formed() -> None:
    for suffix, (_, media_type) in media_types._TYPES.items():
        assert re.fullmatch(r"[a-z0-9]+", suffix)
        assert re.fullmatch(r"(video|audio|text|image|application)/[a-z0-9.+-]+", media_type)
    parts = (media_types._VIDEO, media_types._AUDIO, media_types._SUBTITLE, media_types._IMAGE, media_types._OTHER)
    assert sum(part.count(",") + 1 for part in parts) == len(media_types._TYPES), "a suffix stands twice"


@given(st.text(), st.text("mkvsrt."))
def test_any_name_has_a_type(path: str, suffix: str) -> None:
    assert "/" in media_type_of(path + suffix)
    assert suffix_of(path + suffix) == suffix_of((path + suffix).upper()) or not (path + suffix).isascii()


def test_the_systems_table_is_not_read() -> None:
    code = "import sys, headrace.core.media_types; sys.exit('mimetypes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
