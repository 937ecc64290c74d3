"""A film as HLS over the wire: playlists, segments, tokens, and clients that go; cutting is tested elsewhere."""

from __future__ import annotations

import asyncio
import io
import re
import sys

import av
import pytest

from headrace.core.spans import Span
from headrace.http import hls as module
from headrace.media import films, testcard

TOKEN = "s3cret&more"
PLAYLIST = "application/vnd.apple.mpegurl"


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    testcard.make(path, 9)
    return path.read_bytes()


@pytest.fixture
async def showing(world, film):
    world.add([("film.mp4", film), ("page.html", b"<script>")])
    world.verify()
    await world.start()
    return world


async def test_from_the_master_to_the_last_picture(showing, v1, film):
    """Every URL as the playlists have it; what comes is the film."""
    reply = await showing.ask("GET", f"/hls/{v1}/0/master.m3u8")
    assert (reply.status, reply.headers["content-type"]) == (200, PLAYLIST)
    assert (
        'CODECS="avc1.42c01e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=24.000,AUDIO="mp4a.40.2"' in reply.body.decode()
    )
    assert 'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="a1/index.m3u8"' in reply.body.decode()
    for folder, kind in (("v0", "video/mp4"), ("a1", "audio/mp4")):
        assert f"{folder}/index.m3u8" in reply.body.decode()
        listed = await showing.ask("GET", f"/hls/{v1}/0/{folder}/index.m3u8")
        assert (listed.status, listed.headers["content-type"]) == (200, PLAYLIST)
        assert listed.body.decode().splitlines()[-1] == "#EXT-X-ENDLIST"
        names = ["init.mp4", *re.findall(r"^\d+\.m4s$", listed.body.decode(), re.MULTILINE)]
        assert names == ["init.mp4", "0.m4s", "1.m4s", "2.m4s"]
        parts = [await showing.ask("GET", f"/hls/{v1}/0/{folder}/{name}") for name in names]
        assert {(part.status, part.headers["content-type"]) for part in parts} == {(200, kind)}
        with av.open(io.BytesIO(b"".join(part.body for part in parts))) as sent, av.open(io.BytesIO(film)) as source:
            track = source.streams.get({"v0": 0, "a1": 1}[folder])[0]
            packets = [
                [bytes(each) for each in one.demux(of)] for one, of in ((sent, sent.streams[0]), (source, track))
            ]
        assert packets[0] == packets[1]
    assert showing.heads == 0


async def test_headers(showing, v1):
    for path in ("master.m3u8", "v0/index.m3u8", "v0/init.mp4", "v0/0.m4s", "a1/0.m4s"):
        head, get = [await showing.ask(method, f"/hls/{v1}/0/{path}", "Origin: http://x") for method in ("HEAD", "GET")]
        assert head.status == get.status == 200
        for name in ("content-type", "cache-control", "access-control-allow-origin", "x-content-type-options"):
            assert head.headers[name] == get.headers[name]
        assert (get.headers["cache-control"], get.headers["access-control-allow-origin"]) == ("no-store", "*")
        assert int(get.headers["content-length"]) == len(get.body) > 0
    asked = "Access-Control-Request-Method: GET"
    preflight = await showing.ask("OPTIONS", f"/hls/{v1}/0/v0/0.m4s", "Origin: http://x", asked)
    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, "*")


async def test_a_head_waits_for_nothing(world, v1, film):
    world.add([("film.mp4", film)])
    await world.start()
    for path in ("master.m3u8", "v0/index.m3u8", "v0/init.mp4", "v0/0.m4s"):
        assert (await world.ask("HEAD", f"/hls/{v1}/0/{path}")).status == 200
    assert world.heads == 0


async def test_the_main_video_by_its_index_from_then_on(showing, v1):
    text = (await showing.ask("GET", f"/hls/{v1}/main/master.m3u8")).body.decode()
    assert 'URI="../0/a1/index.m3u8"' in text
    assert text.splitlines()[-1] == "../0/v0/index.m3u8"


async def test_a_token_goes_with_the_urls(world, v1, film):
    world.add([("film.mp4", film)])
    world.verify()
    await world.start(token=TOKEN)
    assert (await world.ask("GET", f"/hls/{v1}/0/v0/0.m4s")).status == 401
    for path in ("master.m3u8", "v0/index.m3u8"):
        given = await world.ask("GET", f"/hls/{v1}/0/{path}?token=s3cret%26more&x=1")
        urls = [*re.findall(r'URI="(.*?)"', given.body.decode()), *re.findall(r"^[^#\n].*", given.body.decode(), re.M)]
        assert len(urls) > 1
        for url in urls:
            assert url.endswith("?token=s3cret%26more"), url
            folder = path.rpartition("/")[0]
            assert (await world.ask("GET", f"/hls/{v1}/0/{folder}/{url}".replace("//", "/"))).status == 200
        otherwise = await world.ask("GET", f"/hls/{v1}/0/{path}", f"Authorization: Bearer {TOKEN}")
        assert (otherwise.status, b"token" in otherwise.body) == (200, False)


async def test_what_is_not_there(showing, v1):
    for path, kind in (
        ("0/v9/index.m3u8", "no_track"),
        ("0/a0/index.m3u8", "no_track"),
        ("0/v1/0.m4s", "no_track"),
        ("0/x/init.mp4", "no_track"),
        ("0/v0/3.m4s", "no_segment"),
        ("7/master.m3u8", "no_file"),
        ("x/master.m3u8", "no_file"),
    ):
        reply = await showing.ask("GET", f"/hls/{v1}/{path}")
        assert (reply.status, kind.encode() in reply.body) == (404, True), path
    for path in ("0/v0/-1.m4s", "0/v0/1e3.m4s", "0/v0/1234567.m4s", "0/v0/0.ts", "0/v0/%2e%2e/index.m3u8", "0/v0/"):
        assert (await showing.ask("GET", f"/hls/{v1}/{path}")).status == 404, path
    assert (await showing.ask("GET", f"/hls/{'0' * 40}/0/master.m3u8")).status == 404
    assert (await showing.ask("POST", f"/hls/{v1}/0/master.m3u8")).status == 405
    reply = await showing.ask("GET", f"/hls/{v1}/1/master.m3u8")
    assert (reply.status, b'"not_media"' in reply.body) == (422, True)
    assert showing.heads == 0


async def test_a_segment_waits_and_its_head_goes_with_its_client(world, v1, film):
    world.add([("film.mp4", film)])
    world.verify()
    await world.start()
    text = (await world.ask("GET", f"/hls/{v1}/0/v0/index.m3u8")).body.decode()
    assert "1.m4s" in text
    missing = world.handle.layout.num_pieces // 2
    world.handle.have[missing] = 0
    wire = await world.connect()
    await wire.send("GET", f"/hls/{v1}/0/v0/1.m4s")
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    (place,) = world.torrent.conductor.places.values()
    assert not place.aside
    assert world.handle.layout.piece_at(place.position) == missing
    wire.close()
    assert await world.until(lambda: world.heads == 0) < 1.0
    again = await world.connect()
    await again.send("GET", f"/hls/{v1}/0/v0/1.m4s")
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    world.verify(missing)
    reply = await again.head()
    assert reply.status == 200
    assert len(await again.body(int(reply.headers["content-length"]))) > 100_000
    await world.until(lambda: world.heads == 0)


async def test_a_client_that_takes_nothing_is_let_go(showing, v1, monkeypatch):
    async def make(*_):
        return bytes(48 << 20)

    monkeypatch.setattr(module, "STALLED", 0.1)
    made = films.Films(make=make)
    monkeypatch.setattr(showing.server._hls, "_films", made)
    wire = await showing.connect()
    await wire.send("GET", f"/hls/{v1}/0/v0/0.m4s")
    reply = await wire.head()
    assert reply.headers["content-length"] == str(48 << 20)
    await showing.until(lambda: showing.heads == 0)
    assert made._room.left == made._room.size
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await wire.body(48 << 20)


async def test_a_torrent_that_goes_in_the_middle(world, v1, film):
    world.add([("film.mp4", film)])
    world.verify()
    await world.start()
    assert (await world.ask("GET", f"/hls/{v1}/0/v0/index.m3u8")).status == 200
    world.handle.have[world.handle.layout.num_pieces // 2] = 0
    asking = asyncio.create_task(world.ask("GET", f"/hls/{v1}/0/v0/1.m4s"))
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    world.lose()
    reply = await asking
    assert (reply.status, b'"stream"' in reply.body) == (503, True)


async def test_the_servers_end_ends_what_waits(world, v1, film):
    world.add([("film.mp4", film)])
    world.verify(0)
    server = await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/hls/{v1}/0/master.m3u8")
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    began = asyncio.get_running_loop().time()
    await server.aclose()
    assert asyncio.get_running_loop().time() - began < 1.0
    assert world.heads == 0


async def test_without_pyav_and_without_processes(showing, v1, tmp_path, monkeypatch):
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", "/bin/false")
        reply = await showing.ask("GET", f"/hls/{v1}/0/master.m3u8")
        assert (reply.status, b'"probe"' in reply.body) == (500, True)
    (tmp_path / "lack").mkdir()
    (tmp_path / "lack" / "av.py").write_text("raise ImportError('No module named av')")
    monkeypatch.syspath_prepend(str(tmp_path / "lack"))
    reply = await showing.ask("GET", f"/hls/{v1}/0/master.m3u8")
    assert (reply.status, b'"missing"' in reply.body, b"pip install av" in reply.body) == (503, True, True)


async def test_a_segment_beyond_all_bounds(showing, v1, monkeypatch):
    film = await films.Films().of(showing.torrent.file(0))
    huge = film._replace(segments=tuple(each._replace(span=Span(0, 1 << 40)) for each in film.segments))

    async def same(_):
        return huge

    made = films.Films()
    monkeypatch.setattr(made, "of", same)
    monkeypatch.setattr(showing.server._hls, "_films", made)
    reply = await showing.ask("GET", f"/hls/{v1}/0/v0/0.m4s")
    assert (reply.status, b'"not_hls"' in reply.body) == (422, True)
