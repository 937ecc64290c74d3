"""What a stream's answer says, as tables."""

from __future__ import annotations

from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.http.headers import Resource, answer, content_disposition, cors, preflight

FILM = Resource("ab" * 20, 3, "dir/film.mkv", 1000)
TAG = '"' + "ab" * 20 + '-3"'

RANGES = [
    # Range, other headers, status, Content-Range, bytes
    (None, {}, 200, None, (0, 1000)),
    ("bytes=0-", {}, 206, "bytes 0-999/1000", (0, 1000)),
    ("bytes=0-0", {}, 206, "bytes 0-0/1000", (0, 1)),
    ("bytes=100-199", {}, 206, "bytes 100-199/1000", (100, 200)),
    ("bytes=999-", {}, 206, "bytes 999-999/1000", (999, 1000)),
    ("bytes=-1", {}, 206, "bytes 999-999/1000", (999, 1000)),
    ("bytes=-1000", {}, 206, "bytes 0-999/1000", (0, 1000)),
    ("bytes=-5000", {}, 206, "bytes 0-999/1000", (0, 1000)),
    ("bytes=900-5000", {}, 206, "bytes 900-999/1000", (900, 1000)),
    ("BYTES=5-6", {}, 206, "bytes 5-6/1000", (5, 7)),
    ("bytes=1000-", {}, 416, "bytes */1000", (0, 0)),
    ("bytes=5000-6000", {}, 416, "bytes */1000", (0, 0)),
    ("bytes=-0", {}, 416, "bytes */1000", (0, 0)),
    ("bytes=5-4", {}, 200, None, (0, 1000)),
    ("bytes=a-b", {}, 200, None, (0, 1000)),
    ("bytes=10x-20", {}, 200, None, (0, 1000)),
    ("bytes=--5", {}, 200, None, (0, 1000)),
    ("bytes=-", {}, 200, None, (0, 1000)),
    ("bytes", {}, 200, None, (0, 1000)),
    ("", {}, 200, None, (0, 1000)),
    ("items=0-1", {}, 200, None, (0, 1000)),
    ("bytes=0-1,5-6", {}, 200, None, (0, 1000)),
    ("bytes=0-1, bytes=5-6", {}, 200, None, (0, 1000)),
    ("bytes=0-1", {"if-range": TAG}, 206, "bytes 0-1/1000", (0, 2)),
    ("bytes=0-1", {"if-range": '"other"'}, 200, None, (0, 1000)),
    ("bytes=0-1", {"if-range": "W/" + TAG}, 200, None, (0, 1000)),
    ("bytes=0-1", {"if-range": "Wed, 21 Oct 2015 07:28:00 GMT"}, 200, None, (0, 1000)),
    ("bytes=5000-", {"if-range": '"other"'}, 200, None, (0, 1000)),
    (None, {"if-range": TAG}, 200, None, (0, 1000)),
    (None, {"if-none-match": TAG}, 304, None, (0, 0)),
    (None, {"if-none-match": "*"}, 304, None, (0, 0)),
    (None, {"if-none-match": "W/" + TAG}, 304, None, (0, 0)),
    (None, {"if-none-match": f'"x", {TAG}'}, 304, None, (0, 0)),
    (None, {"if-none-match": '"x"'}, 200, None, (0, 1000)),
    ("bytes=0-1", {"if-none-match": TAG}, 304, None, (0, 0)),
    ("bytes=5000-", {"if-none-match": TAG}, 304, None, (0, 0)),
    ("bytes=0-1", {"if-none-match": '"x"'}, 206, "bytes 0-1/1000", (0, 2)),
]


@pytest.mark.parametrize(("wanted", "others", "status", "content_range", "span"), RANGES)
def test_ranges_and_conditions(wanted, others, status, content_range, span):
    found = answer(FILM, others if wanted is None else {"range": wanted, **others})
    assert found.status == status
    assert found.headers.get("Content-Range") == content_range
    assert found.span == Span(*span)
    assert found.headers["Accept-Ranges"] == "bytes"
    assert found.headers["ETag"] == TAG
    length = found.headers.get("Content-Length")
    assert length == (str(span[1] - span[0]) if status in (200, 206) else None)


@pytest.mark.parametrize(("wanted", "status"), [(None, 200), ("bytes=0-", 416), ("bytes=-5", 200), ("bytes=-0", 416)])
def test_an_empty_file(wanted, status):
    found = answer(Resource("ab" * 20, 0, "a.mkv", 0), {} if wanted is None else {"range": wanted})
    assert found.status == status
    assert found.span == Span(0, 0)
    assert found.headers.get("Content-Length") == ("0" if status == 200 else None)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("a.mkv", "video/x-matroska"),
        ("a.MP4", "video/mp4"),
        ("a.avi", "video/x-msvideo"),
        ("a.ts", "video/mp2t"),
        ("a.webm", "video/webm"),
        ("a.mp3", "audio/mpeg"),
        ("a.flac", "audio/flac"),
        ("a.srt", "application/x-subrip"),
        ("a.vtt", "text/vtt"),
        ("a", "application/octet-stream"),
    ],
)
def test_media_types(path, media_type):
    assert answer(Resource("00", 0, path, 1), {}).headers["Content-Type"] == media_type


@pytest.mark.parametrize("path", ["x.html", "x.svg", "x.pdf", "x.xml", "x.js", "x"])
def test_pages_of_strangers_run_no_scripts_here(path):
    headers = answer(Resource("00", 0, path, 1), {}).headers
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_videos_are_not_put_into_a_sandbox():
    assert "Content-Security-Policy" not in answer(FILM, {}).headers


def test_the_etag_tells_files_and_torrents_apart():
    tags = {Resource(ih, n, "a", 1).etag for ih in ("aa", "bb") for n in (0, 1, 11)}
    assert len(tags) == 6
    assert not any(tag.startswith("W/") for tag in tags)


def test_main_is_asked_again_but_a_numbered_file_is_not():
    assert "no-cache" in answer(Resource("aa", 0, "a", 1, fixed=False), {}).headers["Cache-Control"]
    assert "max-age=3600" in answer(Resource("aa", 0, "a", 1), {}).headers["Cache-Control"]
    assert "private" in answer(Resource("aa", 0, "a", 1), {"if-none-match": "*"}).headers["Cache-Control"]


DISPOSITIONS = [
    ("film.mkv", 'inline; filename="film.mkv"'),
    ("a film; 1.mkv", 'inline; filename="a film; 1.mkv"'),
    ('a"b.mkv', "inline; filename=\"a_b.mkv\"; filename*=UTF-8''a%22b.mkv"),
    ("a\\b.mkv", "inline; filename=\"a_b.mkv\"; filename*=UTF-8''a%5Cb.mkv"),
    ("100%.mkv", "inline; filename=\"100_.mkv\"; filename*=UTF-8''100%25.mkv"),
    ("Amélie.mkv", "inline; filename=\"Am_lie.mkv\"; filename*=UTF-8''Am%C3%A9lie.mkv"),
    ("千と.mkv", "inline; filename=\"__.mkv\"; filename*=UTF-8''%E5%8D%83%E3%81%A8.mkv"),
    ("a\r\nSet-Cookie: x.mkv", 'inline; filename="a__Set-Cookie: x.mkv"'),
    ("a\0\x7f\u2028b.mkv", 'inline; filename="a___b.mkv"'),
    ("it's (1).mkv", 'inline; filename="it\'s (1).mkv"'),
    ("é's (1)*.mkv", "inline; filename=\"_'s (1)*.mkv\"; filename*=UTF-8''%C3%A9%27s%20%281%29%2A.mkv"),
    ("", 'inline; filename=""'),
]


@pytest.mark.parametrize(("name", "value"), DISPOSITIONS)
def test_content_disposition(name, value):
    assert content_disposition(name) == value


@given(st.text(st.characters(codec=None), max_size=12))
def test_any_name_fits_into_a_header_and_comes_out_again(name):
    value = content_disposition(name)
    assert value.isascii()
    assert value.isprintable()
    message = Message()
    message["Content-Disposition"] = value
    encoded = value.partition("filename*=UTF-8''")[2]
    plain = value.partition('filename="')[2].partition('"')[0]
    shown = unquote(encoded) if encoded else plain
    assert len(shown) == len(name)
    for ours, theirs in zip(shown, name, strict=True):
        assert ours in (theirs, "_", "?")


DLNA = [
    ("a.mkv", {}, None, None),
    ("a.mkv", {"getcontentfeatures.dlna.org": "1"}, "Streaming", "01700000"),
    ("a.mp3", {"getcontentfeatures.dlna.org": "1"}, "Streaming", "01700000"),
    ("a.jpg", {"getcontentfeatures.dlna.org": "1"}, "Interactive", "00F00000"),
    ("a.rmvb", {"getcontentfeatures.dlna.org": " 1 "}, "Streaming", "01700000"),
    ("a.mkv", {"getcontentfeatures.dlna.org": "0"}, None, None),
    ("a.mkv", {"transfermode.dlna.org": "Streaming"}, "Streaming", None),
    ("a.mkv", {"transfermode.dlna.org": "Background"}, "Background", None),
    ("a.mkv", {"transfermode.dlna.org": "Interactive"}, "Streaming", None),
    ("a.srt", {"transfermode.dlna.org": "Interactive"}, "Interactive", None),
    ("a.mkv", {"transfermode.dlna.org": "x\r\ny"}, "Streaming", None),
]


@pytest.mark.parametrize(("path", "asked", "mode", "flags"), DLNA)
@pytest.mark.parametrize("wanted", [None, "bytes=0-3"])
def test_dlna_when_asked(path, asked, mode, flags, wanted):
    asked = asked if wanted is None else asked | {"range": wanted}
    headers = answer(Resource("aa", 0, path, 10), asked).headers
    assert headers.get("transferMode.dlna.org") == mode
    features = headers.get("contentFeatures.dlna.org")
    if flags is None:
        assert features is None
    else:
        assert features == f"DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS={flags}" + "0" * 24


def test_cors_lets_scripts_see_length_range_and_etag():
    exposed = {name.strip() for name in cors()["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"Content-Length", "Content-Range", "Accept-Ranges", "ETag"}
    assert cors()["Access-Control-Allow-Origin"] == "*"


def test_a_preflight_grants_what_was_asked_and_nothing_hostile():
    headers = preflight("range, authorization,, bad name, x\r\ny", private_network=False)
    assert headers["Access-Control-Allow-Headers"] == "range, authorization"
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "Access-Control-Allow-Private-Network" not in headers
    assert "Access-Control-Allow-Headers" not in preflight("", private_network=False)
    assert preflight("", private_network=True)["Access-Control-Allow-Private-Network"] == "true"
