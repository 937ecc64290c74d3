"""URLs of streams and playlists."""

from __future__ import annotations

import pytest

from headrace.http.urls import Urls

URLS = Urls("http://127.0.0.1:8888")


async def test_before_the_metadata_it_is_main(world, v1):
    torrent = world.add([("a.mkv", b"x")], name="My film / 2", known=False)
    assert URLS.stream(torrent, None) == f"http://127.0.0.1:8888/stream/{v1}/main/My%20film%20%2F%202"
    assert URLS.playlist(torrent) == f"http://127.0.0.1:8888/playlist/{v1}.m3u8"


async def test_a_file_has_its_index_and_name(world, v1):
    torrent = world.add([("a/b.txt", b"x"), ("a/é?#%.mkv", b"y")])
    assert URLS.stream(torrent, torrent.files[1]) == f"http://127.0.0.1:8888/stream/{v1}/1/%C3%A9%3F%23%25.mkv"


async def test_with_a_token(world, v1):
    torrent = world.add([("a.mkv", b"x")])
    urls = Urls("http://h", "a+b&c")
    assert urls.stream(torrent, torrent.files[0]) == f"http://h/stream/{v1}/0/a.mkv?token=a%2Bb%26c"
    assert urls.playlist(torrent) == f"http://h/playlist/{v1}.m3u8?token=a%2Bb%26c"


@pytest.mark.parametrize("name", ["", ".", "..", "..."])
async def test_names_that_would_be_directories(world, v1, name):
    torrent = world.add([("a.mkv", b"x")], known=False)
    torrent.name = name
    assert URLS.stream(torrent, None).endswith("/main/stream")


async def test_a_name_that_is_no_unicode(world):
    torrent = world.add([("a.mkv", b"x")], known=False)
    torrent.name = "a\udcffb"
    assert URLS.stream(torrent, None).endswith("/main/a%3Fb")
