"""Files made ready for devices."""

from __future__ import annotations

import subprocess

import pytest

from headrace.casting.base import Device
from headrace.errors import PlayerError
from headrace.http.shows import captions_of
from headrace.http.urls import Urls
from headrace.media import testcard

CAST = Device("a1", "Kitchen", "chromecast", "127.0.0.1:8009")
TV = Device("uuid:1", "TV", "dlna", "127.0.0.1:80")
URLS = Urls("http://127.0.0.1:1", "secret")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    testcard.make(folder / "film.mp4", 6)
    copy = ("ffmpeg", "-v", "error", "-i", str(folder / "film.mp4"))
    subprocess.run([*copy, "-c", "copy", str(folder / "film.mkv")], check=True)
    subprocess.run([*copy, "-c:v", "mpeg4", "-c:a", "mp2", str(folder / "film.avi")], check=True)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


async def prepared(world, films, suffix, device):
    world.add([(f"film{suffix}", films[suffix]), ("film.en.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n")])
    world.verify()
    server = await world.start()
    file = world.torrent.file(0)
    return await server.shows.of(device, file, URLS, await captions_of(file, URLS), 3.0), file


async def test_what_a_chromecast_plays_is_sent_as_it_is(world, films, v1):
    (show, form), file = await prepared(world, films, ".mp4", CAST)
    assert not form.hls
    assert not form.doubt
    assert show.url == URLS.stream(world.torrent, file)
    assert (show.media_type, show.start, show.size, show.title) == ("video/mp4", 3.0, file.size, "film.mp4")
    assert show.duration == pytest.approx(6, abs=0.5)
    assert show.captions is not None
    assert show.captions.webvtt == f"http://127.0.0.1:1/subtitles/{v1}/0/s1.vtt?token=secret"
    assert show.captions.srt == f"http://127.0.0.1:1/subtitles/{v1}/0/s1.srt?token=secret"
    assert show.captions.language == "en"


async def test_what_it_does_not_is_cut(world, films, v1):
    (show, form), _ = await prepared(world, films, ".mkv", CAST)
    assert (form.hls, show.hls) == (True, True)
    assert show.url == f"http://127.0.0.1:1/hls/{v1}/0/master.m3u8?token=secret"


async def test_what_cannot_be_cut_is_tried(world, films):
    (show, form), file = await prepared(world, films, ".avi", CAST)
    assert not show.hls
    assert form.doubt
    assert show.url == URLS.stream(world.torrent, file)


async def test_a_television_gets_the_file_and_nobody_looks_into_it(world, films):
    (show, form), file = await prepared(world, films, ".mkv", TV)
    assert show.url == URLS.stream(world.torrent, file)
    assert show.duration is None
    assert not form.hls


async def test_a_file_that_is_none_is_tried(world, films):
    (show, form), _ = await prepared(world, {".mp4": b"x" * 100_000}, ".mp4", CAST)
    assert not form.hls
    assert show.url


async def test_no_subtitles(world, films):
    world.add([("film.mp4", films[".mp4"])])
    assert await captions_of(world.torrent.file(0), URLS) is None


async def test_a_track_that_is_named(world, films):
    world.add([("film.mp4", films[".mp4"]), ("film.en.srt", b"x"), ("film.de.srt", b"x")])
    file = world.torrent.file(0)
    found = await captions_of(file, URLS, "s2")
    assert found is not None
    assert found.language == "de"
    assert await captions_of(file, URLS, "s9") is None


async def test_urls_are_those_that_the_device_reaches(world, films):
    world.add([("film.mp4", films[".mp4"])])
    server = await world.start()
    assert (await server.urls_towards("127.0.0.1")).base == f"http://127.0.0.1:{server.port}"
    server.everywhere = True
    assert (await server.urls_towards("127.0.0.9")).base == f"http://127.0.0.1:{server.port}"


async def test_a_server_of_this_machine_alone_says_so(world, films, monkeypatch):
    monkeypatch.setattr("headrace.interfaces.address_towards", lambda host: "10.0.0.2")
    world.add([("film.mp4", films[".mp4"])])
    server = await world.start()
    with pytest.raises(PlayerError, match=r"--host 10\.0\.0\.2") as refused:
        await server.urls_towards("10.0.0.7")
    assert refused.value.kind == "unreachable"
    server._bound = ["127.0.0.1", "192.168.0.1"]
    assert (await server.urls_towards("10.0.0.7")).base == f"http://192.168.0.1:{server.port}", "the user chose it"
