"""A video's subtitles over HTTP."""

from __future__ import annotations

import json

import pytest

from headrace.media.webvtt import LARGEST

SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"
FILES = [
    ("Film.mkv", b"x" * 1000),
    ("Film.en.srt", SRT),
    ("Film.de.forced.srt", b"nothing"),
    ("Film.idx", b"x"),
    ("Film.fr.srt", bytes(LARGEST + 1)),
    ("other.txt", b"x"),
]


@pytest.fixture
async def film(world):
    world.add(FILES)
    world.verify()
    await world.start()
    return world


async def test_the_list(film, v1):
    found = json.loads((await film.ask("GET", f"/api/v1/torrents/{v1}/files/0/subtitles")).body)
    assert (found["infohash"], found["index"]) == (v1, 0)
    tracks = found["subtitles"]
    assert [(t["track"], t["file"], t["language"], t["forced"]) for t in tracks] == [
        ("s1", 1, "en", False),
        ("s4", 4, "fr", False),
        ("s2", 2, "de", True),
    ]
    assert tracks[0]["url"].endswith(f"/subtitles/{v1}/0/s1.vtt")
    main = json.loads((await film.ask("GET", f"/api/v1/torrents/{v1}/files/main/subtitles")).body)
    assert main == found
    assert json.loads((await film.ask("GET", f"/api/v1/torrents/{v1}/files/5/subtitles")).body)["subtitles"] == []


async def test_a_track(film, v1):
    reply = await film.ask("GET", f"/subtitles/{v1}/0/s1.vtt")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/vtt; charset=utf-8"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.body.startswith(b"WEBVTT")
    assert b"Hello" in reply.body
    assert film.heads == 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("0/s9.vtt", "no_track"),
        ("0/s5.vtt", "no_track"),
        ("5/s1.vtt", "no_track"),
        ("0/../s1.vtt", ""),
        ("9/s1.vtt", "no_file"),
        ("x/s1.vtt", "no_file"),
        ("0/s2.vtt", "subtitles"),
        ("0/s4.vtt", "subtitles"),
    ],
)
async def test_what_is_not_there_or_cannot_be_read(film, v1, path, kind):
    reply = await film.ask("GET", f"/subtitles/{v1}/{path}")
    assert reply.status == 404
    assert kind in json.loads(reply.body)["error"]["kind"]


async def test_the_token_goes_along(world, v1):
    world.add(FILES)
    world.verify()
    await world.start(token="s3cret")
    assert (await world.ask("GET", f"/subtitles/{v1}/0/s1.vtt")).status == 401
    bearer = "Authorization: Bearer s3cret"
    found = json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}/files/0/subtitles", bearer)).body)
    assert found["subtitles"][0]["url"].endswith("s1.vtt?token=s3cret")


async def test_it_waits_for_its_file_and_a_client_that_leaves_ends_its_head(world, v1):
    world.add(FILES)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/subtitles/{v1}/0/s1.vtt")
    await world.until(lambda: world.heads == 1)
    wire.close()
    await world.until(lambda: world.heads == 0)
    other = await world.connect()
    await other.send("GET", f"/subtitles/{v1}/0/s1.vtt")
    await world.until(lambda: world.heads == 1)
    world.verify()
    assert (await other.head()).status == 200
