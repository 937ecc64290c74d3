"""A video's subtitles over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from urllib.parse import quote

import pytest

from headrace.media import testcard
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


@pytest.fixture
async def talking(world, tmp_path):
    """A film with a track of text inside, and one beside it."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to make films with")
    testcard.make(tmp_path / "bare.mp4", 6)
    lines = ("{\\an8}<i>One</i>", "00:00:01,000 --> 00:00:02,000"), ("Two", "00:00:04,000 --> 00:00:05,000")
    (tmp_path / "a.srt").write_text("\n".join(f"{n + 1}\n{when}\n{what}\n" for n, (what, when) in enumerate(lines)))
    argv = ("-i", "bare.mp4", "-i", "a.srt", "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt")
    meta = ("-metadata:s:s:0", "language=ger", "-metadata:s:s:0", "title=Full SDH", "film.mkv")
    subprocess.run(["ffmpeg", "-v", "error", *argv, *meta], cwd=tmp_path, check=True, timeout=60)
    world.add([("Film.mkv", (tmp_path / "film.mkv").read_bytes()), ("Film.en.srt", SRT)])
    await world.start()
    return world


async def test_tracks_inside_are_listed_when_they_are_known(talking, v1):
    path = f"/api/v1/torrents/{v1}/files/0/subtitles"
    talking.verify()
    before = json.loads((await talking.ask("GET", path)).body)
    assert (before["looked"], [track["track"] for track in before["subtitles"]]) == (False, ["s1"])
    found = json.loads((await talking.ask("GET", f"{path}?embedded=wait")).body)
    assert found["looked"] is True
    assert found["subtitles"][1] == {
        "track": "e2",
        "file": None,
        "name": "Full SDH",
        "language": "de",
        "forced": False,
        "hearing_impaired": True,
        "url": found["subtitles"][1]["url"],
    }
    assert json.loads((await talking.ask("GET", path)).body) == found
    assert (await talking.ask("GET", f"{path}?embedded=maybe")).status == 422


async def test_a_part_of_what_is_there_and_nothing_is_wished_for_it(talking, v1):
    pieces = talking.handle.layout.num_pieces
    talking.verify(*range(pieces // 2), pieces - 2, pieces - 1)
    path = f"/api/v1/torrents/{v1}/files/0/subtitles"
    await talking.ask("GET", f"{path}?embedded=wait")
    heads, changes = talking.heads, len(talking.handle.changes)
    found = json.loads((await talking.ask("GET", f"{path}/e2?from=0&to=6")).body)
    (line,) = found["cues"]
    assert (line["start"], line["end"]) == (pytest.approx(1, abs=0.1), pytest.approx(2, abs=0.1))
    assert (line["text"], line["settings"]) == ("<i>One</i>", "line:0")
    assert 1.5 < found["until"] < 4
    assert (talking.heads, len(talking.handle.changes)) == (heads, changes)
    whole = await talking.ask("GET", f"/subtitles/{v1}/0/e2.vtt")
    assert (whole.status, json.loads(whole.body)["error"]["kind"]) == (409, "incomplete")
    talking.verify()
    whole = await talking.ask("GET", f"/subtitles/{v1}/0/e2.vtt")
    assert whole.status == 200
    assert re.findall(rb"line:0\n<i>One</i>|\nTwo", whole.body) == [b"line:0\n<i>One</i>", b"\nTwo"]
    assert (await talking.ask("GET", f"/subtitles/{v1}/0/e2.vtt")).body == whole.body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("e2", 422),
        ("e2?from=1", 422),
        ("e2?from=x&to=2", 422),
        ("e2?from=nan&to=2", 422),
        ("e2?from=5&to=5", 422),
        ("e2?from=0&to=601", 422),
        ("e2?from=-1&to=5", 422),
        ("e0?from=0&to=5", 404),
        ("e9?from=0&to=5", 404),
        ("s1?from=0&to=5", 404),
        ("e99999?from=0&to=5", 404),
        ("e\u00b2?from=0&to=5", 404),
    ],
)
async def test_what_is_no_part(talking, v1, path, status):
    talking.verify()
    asked = f"/api/v1/torrents/{v1}/files/0/subtitles/{quote(path, safe='?&=')}"
    assert (await talking.ask("GET", asked)).status == status
