"""The stream route over real connections: ranges, waits, clients that go away."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket

import pytest

from headrace.errors import InputError
from headrace.http.stream import index_of

PIECE = 64 * 1024
PROMPT = 0.1
"""Seconds in which a gone client's read head must be free."""


@pytest.mark.parametrize(("text", "index"), [("main", None), ("0", 0), ("007", 7), ("999999999", 999999999)])
def test_index_of(text, index):
    assert index_of(text) == index


@pytest.mark.parametrize("text", ["", "-1", "1x", "٣", "²", "Main", "9" * 10, "9" * 5000])
def test_what_is_no_index(text):
    with pytest.raises(InputError):
        index_of(text)


RANGES = [
    (None, 200, 0, None),
    ("bytes=0-", 206, 0, None),
    ("bytes=0-0", 206, 0, 1),
    ("bytes=65535-65536", 206, 65535, 65537),
    ("bytes=100000-", 206, 100000, None),
    ("bytes=-1", 206, -1, None),
    ("bytes=-999999999", 206, 0, None),
    ("bytes=5-999999999", 206, 5, None),
    ("bytes=0-1,3-4", 200, 0, None),
    ("bytes=9-1", 200, 0, None),
    ("lines=1-2", 200, 0, None),
]


@pytest.mark.parametrize(("wanted", "status", "start", "end"), RANGES)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_bytes_of_ranges(serving, video, v1, wanted, status, start, end, version):
    headers = [f"Range: {wanted}"] if wanted else []
    reply = await serving.ask("GET", f"/stream/{v1}/0/film.mkv", *headers, version=version)
    assert reply.status == status
    assert reply.body == video[start:end]
    assert int(reply.headers["content-length"]) == len(reply.body)
    if status == 206:
        first = start % len(video)
        assert reply.headers["content-range"] == f"bytes {first}-{first + len(reply.body) - 1}/{len(video)}"


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Range: bytes=0-",),
        ("Range: bytes=5-9",),
        ("Range: bytes=-9",),
        ("Range: bytes=99999999-",),
        ("Range: nonsense",),
        ("If-None-Match: *",),
        ('If-Range: "x"', "Range: bytes=0-1"),
        ("getcontentFeatures.dlna.org: 1", "transferMode.dlna.org: Streaming"),
    ],
)
@pytest.mark.parametrize("path", ["/stream/{v1}/0/film.mkv", "/stream/{v1}/9/x", "/playlist/{v1}.m3u8", "/healthz"])
async def test_head_has_the_headers_of_get_and_no_body(serving, v1, headers, path):
    wire = await serving.connect()
    get = await wire.ask("GET", path.format(v1=v1), *headers)
    head = await wire.ask("HEAD", path.format(v1=v1), *headers)
    again = await wire.ask("GET", path.format(v1=v1), *headers)
    assert head.status == get.status
    assert head.raw.split(b"\r\nDate: ")[0] == get.raw.split(b"\r\nDate: ")[0]
    assert head.headers | {"date": ""} == get.headers | {"date": ""}
    assert again.body == get.body


async def test_head_waits_for_no_data(world, video, v1):
    world.add([("film.mkv", video)])
    await world.start()
    reply = await world.ask("HEAD", f"/stream/{v1}/0/x", "Range: bytes=70000-")
    assert reply.status == 206
    assert world.heads == 0


async def test_dlna_over_the_wire(serving, v1):
    asked = ("getcontentFeatures.dlna.org: 1", "transferMode.dlna.org: Streaming")
    for method in ("GET", "HEAD"):
        reply = await serving.ask(method, f"/stream/{v1}/0/x", *asked)
        assert reply.headers["contentfeatures.dlna.org"].startswith("DLNA.ORG_OP=01;DLNA.ORG_CI=0;")
        assert b"transferMode.dlna.org: Streaming\r\n" in reply.raw


async def test_not_modified_and_if_range(serving, video, v1):
    path = f"/stream/{v1}/0/x"
    tag = (await serving.ask("HEAD", path)).headers["etag"]
    assert (await serving.ask("GET", path, f"If-None-Match: {tag}")).status == 304
    assert (await serving.ask("GET", path, "Range: bytes=1-2", f"If-Range: {tag}")).body == video[1:3]
    assert (await serving.ask("GET", path, "Range: bytes=1-2", 'If-Range: "x"')).status == 200


async def test_unsatisfiable(serving, video, v1):
    reply = await serving.ask("GET", f"/stream/{v1}/0/x", f"Range: bytes={len(video)}-")
    assert reply.status == 416
    assert reply.headers["content-range"] == f"bytes */{len(video)}"
    assert json.loads(reply.body)["error"]["kind"] == "range"


async def test_an_empty_file(serving, v1):
    reply = await serving.ask("GET", f"/stream/{v1}/3/empty.mp4")
    assert (reply.status, reply.headers["content-length"], reply.headers["content-type"]) == (200, "0", "video/mp4")


@pytest.mark.parametrize(
    "name",
    ["", "/", "/film.mkv", "/a/b/c", "/..%2f..%2fetc%2fpasswd", "/%00", "/%ff%fe", "/a%20b?x=y", "/" + "n" * 4000],
)
async def test_the_name_may_be_anything(serving, v1, name):
    assert (await serving.ask("HEAD", f"/stream/{v1}/0{name}")).status == 200


async def test_either_info_hash_in_any_case_and_main(serving, video, v1, v2):
    for info_hash in (v1, v1.upper(), v2, v2.upper()):
        reply = await serving.ask("GET", f"/stream/{info_hash}/main/x", "Range: bytes=7-9")
        assert reply.body == video[7:10]
        assert reply.headers["etag"] == f'"{v1}-0"'
        assert "no-cache" in reply.headers["cache-control"]
    assert "max-age" in (await serving.ask("HEAD", f"/stream/{v1}/0/x")).headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/stream/{v1}/77/x", "no_file"),
        ("/stream/{v1}/-1/x", "no_file"),
        ("/stream/{v1}/x/x", "no_file"),
        ("/stream/{v1}/%D9%A3/x", "no_file"),
        ("/stream/0000/0/x", "no_torrent"),
        ("/stream//0/x", "not_found"),
        ("/stream/{v1}", "not_found"),
    ],
)
async def test_unknown_things(serving, v1, path, kind):
    reply = await serving.ask("GET", path.format(v1=v1))
    assert reply.status == 404
    assert json.loads(reply.body)["error"]["kind"] == kind


async def test_a_page_in_a_torrent_is_shut_in(serving, v1):
    reply = await serving.ask("GET", f"/stream/{v1}/2/page.html")
    assert reply.body == b"<script>"
    assert reply.headers["content-security-policy"] == "sandbox"


# waiting
async def test_the_first_request_may_come_before_the_metadata(world, video, v1):
    world.add([("film.mkv", video)], known=False)
    await world.start()
    get, head = await world.connect(), await world.connect()
    await get.send("GET", f"/stream/{v1}/main/x", "Range: bytes=0-9")
    await head.send("HEAD", f"/stream/{v1}/main/x")
    assert await head.is_silent()
    world.know()
    assert (await head.head()).status == 200
    assert (await get.head()).status == 206
    world.verify()
    assert await get.body(10) == video[:10]


async def test_a_torrent_with_nothing_to_play_still_has_its_files(world, v1):
    world.add([("book.pdf", b"%PDF")], known=False)
    await world.start()
    by_index, main = await world.connect(), await world.connect()
    await by_index.send("GET", f"/stream/{v1}/0/x")
    await main.send("GET", f"/stream/{v1}/main/x")
    await world.until(lambda: len(world.server._streams._served) == 2)
    world.know()
    world.verify()
    assert (await by_index.head()).status == 200
    assert await by_index.body(4) == b"%PDF"
    assert (await main.head()).status == 404


async def test_a_torrent_that_goes_before_its_metadata(world, v1):
    world.add([("film.mkv", b"x")], known=False)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/main/x")
    await world.until(lambda: len(world.server._streams._served) == 1)
    world.lose()
    reply = await wire.head()
    assert reply.status == 500
    assert reply.headers["content-type"].startswith("application/json")


async def test_headers_come_before_the_bytes_are_there(world, video, v1):
    world.add([("film.mkv", video)])
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    reply = await wire.head()
    assert (reply.status, reply.headers["content-length"]) == (200, str(len(video)))
    world.verify(0)
    assert await wire.body(PIECE) == video[:PIECE]
    world.verify(2)
    assert await wire.is_silent()
    world.verify(1, 3)
    assert await wire.body(len(video) - PIECE) == video[PIECE:]


async def test_keep_alive_after_a_body_that_waited(world, video, v1):
    world.add([("film.mkv", video)])
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    world.verify()
    assert await wire.body(len(video)) == video
    await world.until(lambda: world.heads == 0)
    for n in range(3):
        assert (await wire.ask("GET", f"/stream/{v1}/0/x", f"Range: bytes={n}-99")).body == video[n:100]


async def test_http_1_0_closes_after_the_body_unless_asked_to_keep(serving, video, v1):
    wire = await serving.connect()
    reply = await wire.ask("GET", f"/stream/{v1}/0/x", "Connection: keep-alive", version="1.0")
    assert reply.headers["connection"].lower() == "keep-alive"
    assert reply.body == video
    assert (await wire.ask("GET", f"/stream/{v1}/0/x", version="1.0")).body == video
    assert await asyncio.wait_for(wire.reader.read(), 60) == b""


async def test_two_requests_in_one_packet(serving, video, v1):
    wire = await serving.connect()
    one = f"GET /stream/{v1}/0/x HTTP/1.1\r\nHost: localhost\r\nRange: bytes=%s\r\n\r\n"
    wire.writer.write((one % "0-99999" + one % "5-9").encode())
    assert (await wire.head()).status == 206
    assert await wire.body(100000) == video[:100000]
    assert (await wire.head()).headers["content-length"] == "5"
    assert await wire.body(5) == video[5:10]


async def test_twenty_clients_at_once(world, v1):
    big = hashlib.sha256(b"seed").digest() * 150_000
    world.add([("film.mkv", big)])
    await world.start()
    wires = [await world.connect() for _ in range(20)]

    async def fetch(n, wire):
        reply = await wire.ask("GET", f"/stream/{v1}/0/x", f"Range: bytes={n * 1000}-")
        return reply.body == big[n * 1000 :]

    tasks = [asyncio.create_task(fetch(n, wire)) for n, wire in enumerate(wires)]
    for piece in range(world.handle.layout.num_pieces):
        world.verify(piece)
        await asyncio.sleep(0)
    assert all(await asyncio.gather(*tasks))
    await world.until(lambda: world.heads == 0)


# clients that go away
def hang_up(wire, how):
    sock = wire.writer.get_extra_info("socket")
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.writer.transport.abort()
    elif how == "half":
        wire.writer.write_eof()
    else:
        wire.close()


@pytest.mark.parametrize("how", ["close", "reset", "half"])
async def test_gone_while_it_waits_for_a_piece(world, video, v1, how):
    world.add([("film.mkv", video)])
    world.verify(0)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    await wire.body(PIECE)
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    hang_up(wire, how)
    assert await world.until(lambda: world.heads == 0) < PROMPT


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_gone_while_it_does_not_read(world, v1, how):
    world.add([("film.mkv", bytes(64 << 20))], piece_length=1 << 20)
    world.verify()
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    await stalled(world)
    assert world.heads == 1
    hang_up(wire, how)
    assert await world.until(lambda: world.heads == 0) < PROMPT


async def stalled(world):
    """Until the only reader has not moved for a while: its client reads nothing and the kernel's buffers are full."""
    last, since = -1, 0.0
    loop = asyncio.get_running_loop()
    while loop.time() - since < 0.1:
        (place,) = world.torrent.conductor.places.values()
        if place.position != last:
            last, since = place.position, loop.time()
        await asyncio.sleep(0.005)


async def test_a_paused_player_goes_on_where_it_was(world, v1):
    data = hashlib.sha256(b"x").digest() * (1 << 20)
    world.add([("film.mkv", data)], piece_length=1 << 20)
    world.verify()
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    await stalled(world)
    assert await wire.body(len(data)) == data
    assert (await wire.ask("HEAD", f"/stream/{v1}/0/x")).status == 200


@pytest.mark.parametrize("how", ["close", "reset", "half"])
async def test_gone_while_it_waits_for_the_metadata(world, video, v1, how):
    world.add([("film.mkv", video)], known=False)
    server = await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/main/x")
    await world.until(lambda: len(server._streams._served) == 1)
    hang_up(wire, how)
    assert await world.until(lambda: not server._streams._served) < PROMPT
    world.know()
    assert world.heads == 0


async def test_a_seek_drops_the_old_head(world, video, v1):
    world.add([("film.mkv", video)])
    await world.start()
    for start in (0, 70000, 140000):
        wire = await world.connect()
        await wire.send("GET", f"/stream/{v1}/0/x", f"Range: bytes={start}-")
        assert (await wire.head()).status == 206
        await world.until(lambda: world.heads == 1)
        (place,) = world.torrent.conductor.places.values()
        assert place.position == start
        wire.close()
        await world.until(lambda: world.heads == 0)


# streams that cannot go on
async def broken(wire):
    """Read to the end: the bytes, and whether the connection was reset."""
    got = b""
    try:
        while data := await asyncio.wait_for(wire.reader.read(1 << 16), 60):
            got += data
    except ConnectionResetError:
        return got, True
    return got, False


async def test_a_removed_torrent_resets_the_connection(world, video, v1):
    world.add([("film.mkv", video)])
    world.verify(0)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    assert await wire.body(PIECE) == video[:PIECE]
    world.lose()
    assert await broken(wire) == (b"", True)
    assert await world.until(lambda: world.heads == 0) < PROMPT


async def test_a_file_that_was_cut_on_disk_resets_the_connection(world, video, v1, caplog):
    world.add([("film.mkv", video)])
    world.verify()
    await world.start()
    world.handle.path_of(0).write_bytes(video[:100])
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    got, was_reset = await broken(wire)
    assert was_reset
    assert video.startswith(got)
    assert "broken off" in caplog.text


async def test_a_file_that_is_gone_resets_the_connection(world, video, v1):
    world.add([("film.mkv", video)])
    world.verify()
    await world.start()
    world.handle.path_of(0).unlink()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    assert await broken(wire) == (b"", True)
    assert (await world.ask("GET", "/healthz")).status == 200
