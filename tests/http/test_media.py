"""What a file is made of, as JSON; the looks themselves are tested where they are made."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from headrace.http import answers
from headrace.http import media as module
from headrace.media import testcard


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    testcard.make(path, 4)
    return path.read_bytes()


@pytest.fixture
def children(monkeypatch) -> list[asyncio.subprocess.Process]:
    started, start = [], asyncio.create_subprocess_exec

    async def keep(*argv, **more):
        process = await start(*argv, **more)
        started.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", keep)
    return started


async def ask(world, v1, index="0"):
    reply = await world.ask("GET", f"/api/v1/torrents/{v1}/files/{index}/media")
    return reply.status, json.loads(reply.body)


async def test_a_film(world, v1, film, children):
    world.add([("film.mp4", film)])
    world.verify()
    await world.start()
    status, found = await ask(world, v1)
    assert status == 200
    assert (found["infohash"], found["index"], found["path"], found["size"]) == (v1, 0, "film.mp4", len(film))
    assert (found["container"], found["duration"]) == ("mov,mp4,m4a,3gp,3g2,mj2", 4.0)
    assert found["bitrate"] == pytest.approx(len(film) / 4, rel=0.01)
    video, audio = found["tracks"]
    assert (video["kind"], video["codec"], video["width"], video["height"], video["frame_rate"]) == (
        "video", "h264", 640, 360, 24.0,
    )  # fmt: skip
    assert (audio["kind"], audio["codec"], audio["channels"], audio["sample_rate"]) == ("audio", "aac", 1, 44100)
    assert found["chapters"] == []
    assert msgspec.convert(found, answers.Media).tracks[1].language == found["tracks"][1]["language"], "as described"
    assert world.heads == 0
    assert await ask(world, v1, "main") == (200, found)
    assert len(children) == 1, "the second answer was kept"


async def test_it_waits_for_what_is_needed_and_wants_it(world, v1, film, children):
    """The head of the file is there, its index at the end is not."""
    world.add([("film.mp4", film)])
    last = world.handle.layout.num_pieces - 1
    world.verify(0)
    await world.start()
    asking = asyncio.create_task(ask(world, v1))
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    (place,) = world.torrent.conductor.places.values()
    assert place.aside
    assert world.handle.layout.piece_at(place.position) >= last - 1
    assert world.torrent.status().readers == 0
    world.verify(*range(last - 3, last + 1))
    status, found = await asking
    assert (status, len(found["tracks"])) == (200, 2)
    assert not world.handle.have[last // 2]
    assert world.heads == 0


async def test_a_client_that_goes_leaves_no_process_and_no_head(world, v1, film, children):
    world.add([("film.mp4", film)])
    world.verify(0)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/api/v1/torrents/{v1}/files/0/media")
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    (child,) = children
    assert child.returncode is None
    wire.close()
    assert await world.until(lambda: world.heads == 0) < 1.0
    await world.until(lambda: child.returncode is not None)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_the_servers_end_ends_looks(world, v1, film, children):
    world.add([("film.mp4", film)])
    world.verify(0)
    server = await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/api/v1/torrents/{v1}/files/0/media")
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    began = asyncio.get_running_loop().time()
    await server.aclose()
    assert asyncio.get_running_loop().time() - began < 1.0
    assert (world.heads, [child.returncode for child in children]) == (0, [-9])


CASES = [
    ("random.mkv", random.Random(1).randbytes(300_000), 422, "not_media"),
    ("text.mkv", b"Once upon a time\n" * 9999, 422, "not_media"),
    ("list.mkv", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n", 422, "not_media"),
    ("empty.mp4", b"", 422, "not_media"),
    ("film.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", 422, "not_media"),
]


async def test_what_is_no_film(world, v1):
    world.add([(name, data) for name, data, _, _ in CASES])
    world.verify()
    await world.start()
    for index, (name, _, status, kind) in enumerate(CASES):
        found, body = await ask(world, v1, str(index))
        assert (found, body["error"]["kind"]) == (status, kind), name
        assert name in body["error"]["message"]
        assert body["error"]["hint"]
    assert world.heads == 0


@pytest.mark.parametrize("index", ["9", "-1", "1e3", "x", "00000000001", "%00"])
async def test_a_file_that_is_not_there(serving, v1, index):
    status, body = await ask(serving, v1, index)
    assert (status, body["error"]["kind"]) == (404, "no_file")


async def test_an_unknown_torrent(serving):
    status, body = await ask(serving, "00")
    assert (status, body["error"]["kind"]) == (404, "no_torrent")


async def test_a_child_that_dies(serving, v1, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    status, body = await ask(serving, v1)
    assert (status, body["error"]["kind"]) == (500, "probe")
    assert "Traceback" not in body["error"]["message"]
    assert serving.heads == 0


async def test_a_torrent_that_goes_in_the_middle(world, v1, film, children):
    world.add([("film.mp4", film)])
    world.verify(0)
    await world.start()
    asking = asyncio.create_task(ask(world, v1))
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    world.lose()
    status, body = await asking
    assert (status, body["error"]["kind"]) == (503, "stream")
    assert [child.returncode for child in children] == [-9]


async def test_metadata_that_does_not_come(world, v1, monkeypatch):
    monkeypatch.setattr(module, "METADATA_WITHIN", 0.05)
    world.add([("film.mp4", b"x")], known=False)
    await world.start()
    status, body = await ask(world, v1)
    assert (status, body["error"]["kind"]) == (504, "no_metadata")


@pytest.mark.parametrize(
    ("name", "unwanted"),
    [
        ("headrace.http.server", ["av", "headrace.media.facts", "headrace.media.probe"]),
        ("headrace.media.probes", ["av"]),  # that is for the child
    ],
)
def test_what_is_not_needed_is_not_imported(name, unwanted):
    code = f"import sys, {name}; print([m for m in {unwanted} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
