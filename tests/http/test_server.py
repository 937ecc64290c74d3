"""The whole server: its life, its URLs, playlists, and a real client."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from headrace.errors import EngineError, InputError
from headrace.http.server import Server, allowed_names

PIECE = 64 * 1024


async def test_a_port_that_is_taken(world):
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = Server(world.torrents, port=other.getsockname()[1])
        with pytest.raises(EngineError):
            await server.start()
        await server.aclose()
        assert not world.torrents._subscribers


async def test_port_and_url(world, v1):
    torrent = world.add([("a film.mkv", b"x")], name="Pack")
    server = await world.start()
    assert server.port > 0
    assert server.url(torrent, None) == f"http://127.0.0.1:{server.port}/stream/{v1}/main/Pack"
    assert server.url(torrent, torrent.files[0]) == f"http://127.0.0.1:{server.port}/stream/{v1}/0/a%20film.mkv"
    assert server.playlist_url(torrent) == f"http://127.0.0.1:{server.port}/playlist/{v1}.m3u8"


async def test_beyond_loopback_the_url_has_an_address_that_answers(world, v1):
    torrent = world.add([("a.mkv", b"x")])
    world.verify()
    server = await world.start(host="0.0.0.0", token="t")
    url = server.url(torrent, torrent.files[0])
    authority = url.split("/")[2]
    assert url.endswith("?token=t")
    assert not authority.startswith("0.0.0.0")
    assert server.everywhere
    reader, writer = await asyncio.open_connection(authority.rpartition(":")[0].strip("[]"), server.port)
    writer.write(f"GET {url.split(authority)[1]} HTTP/1.0\r\nHost: {authority}\r\n\r\n".encode())
    assert (await reader.read()).endswith(b"\r\n\r\nx")
    writer.close()


async def test_ipv6(world, v1):
    torrent = world.add([("a.mkv", b"x")])
    try:
        server = await world.start(host="::1")
    except EngineError:
        pytest.skip("no IPv6 here")
    assert server.url(torrent, None).startswith(f"http://[::1]:{server.port}/")
    wire = await world.connect("::1")
    assert (await wire.ask("HEAD", "/healthz", host=f"[::1]:{server.port}")).status == 200


def test_names_that_may_be_asked_for():
    assert allowed_names("0.0.0.0", ["TV.lan", "fd00::1", "[fd00::2]:80"]) == {"tv.lan", "fd00::1", "fd00::2"}
    assert allowed_names("box", []) == {"box"}
    with pytest.raises(InputError, match="http://x"):
        allowed_names("", ["http://x"])


async def test_health(world):
    await world.start()
    assert json.loads((await world.ask("GET", "/healthz")).body) == {"status": "ok"}


# playlists
async def test_a_playlist_also_ends_as_kodi_wants_it(serving, v1):
    for path in (f"/playlist/{v1}", "/playlist"):
        kodis, others = [await serving.ask("GET", f"{path}.{ending}") for ending in ("m3u", "m3u8")]
        assert (kodis.status, kodis.body) == (200, others.body)
        assert kodis.headers["content-type"] == "audio/x-mpegurl; charset=utf-8"
    assert (await serving.ask("GET", f"/playlist/{v1}.m3u9")).status == 404


async def test_a_playlist_has_absolute_urls_of_whoever_asks(world, v1):
    world.add([("e10.mkv", b"x"), ("e2.mkv", b"y"), ("read.me", b"z")], name="Pack\nage")
    server = await world.start(allow_hosts=["tv.lan"])
    world.torrent._warm = {1: SimpleNamespace(info=SimpleNamespace(duration=61.2))}
    for host in (f"localhost:{server.port}", "tv.lan"):
        reply = await world.ask("GET", f"/playlist/{v1}.m3u8", host=host)
        assert reply.headers["content-type"].startswith("audio/x-mpegurl")
        assert reply.body.decode().split("\n") == [
            "#EXTM3U",
            "#PLAYLIST:Pack age",
            "#EXTINF:61,e2.mkv",
            f"http://{host}/stream/{v1}/1/e2.mkv",
            "#EXTINF:-1,e10.mkv",
            f"http://{host}/stream/{v1}/0/e10.mkv",
            "",
        ]


async def test_a_playlist_without_a_host_header_or_with_a_token(world, v1):
    world.add([("a.mkv", b"x")])
    server = await world.start(token="t")
    reply = await world.ask("GET", f"/playlist/{v1}.m3u8?token=t", host=None, version="1.0")
    assert f"http://127.0.0.1:{server.port}/stream/{v1}/0/a.mkv?token=t\n" in reply.body.decode()


async def test_a_playlist_waits_for_the_metadata(world, v1):
    world.add([("a.mkv", b"x")], known=False)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/playlist/{v1}.m3u8")
    assert await wire.is_silent()
    world.know()
    assert (await wire.head()).status == 200


async def test_a_playlist_of_nothing(world, v1):
    world.add([("a.pdf", b"x")])
    await world.start()
    assert (await world.ask("GET", f"/playlist/{v1}.m3u8")).status == 404
    assert (await world.ask("GET", "/playlist/00.m3u8")).status == 404
    assert (await world.ask("GET", "/playlist.m3u8")).body == b"#EXTM3U\n#PLAYLIST:Headrace\n"


async def test_the_playlist_of_all(serving, v1):
    lines = (await serving.ask("GET", "/playlist.m3u8")).body.decode().splitlines()
    assert [line.partition("/stream/")[2] for line in lines if not line.startswith("#")] == [f"{v1}/0/film.mkv"]


# the end
async def test_the_end_comes_soon_whoever_is_connected(world, video, v1):
    world.add([("film.mkv", bytes(64 << 20))], piece_length=1 << 20)
    world.verify(*range(32))
    server = await world.start()
    idle, unread, waiting, listening = [await world.connect() for _ in range(4)]
    await idle.ask("HEAD", f"/stream/{v1}/0/x")
    await unread.send("GET", f"/stream/{v1}/0/x")
    await waiting.send("GET", f"/stream/{v1}/0/x", "Range: bytes=67000000-")
    await listening.send("GET", "/api/v1/events")
    for wire in (unread, waiting, listening):
        await wire.head()
    await world.until(lambda: world.heads == 2)
    began = asyncio.get_running_loop().time()
    await server.aclose()
    assert asyncio.get_running_loop().time() - began < 1
    assert world.heads == 0
    for wire in (unread, waiting):
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(wire.reader.read(-1), 60)
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_the_end_comes_to_those_whose_bytes_were_copied(world, v1, monkeypatch):
    monkeypatch.delattr(os, "sendfile")
    world.add([("film.mkv", bytes(64 << 20))], piece_length=1 << 20)
    world.verify()
    server = await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    (connection,) = server._runner.server.connections
    transport = connection.transport
    await world.until(lambda: transport.get_write_buffer_size() > 0)
    await server.aclose()
    assert transport.get_write_buffer_size() == 0
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(wire.reader.read(-1), 60)


async def test_the_end_comes_to_those_who_wait_who_wait_for_the_metadata(world, v1):
    world.add([("film.mkv", b"x")], known=False)
    server = await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/main/x")
    await world.until(lambda: len(server._streams._served) == 1)
    await server.aclose()
    with pytest.raises(ConnectionResetError):
        await wire.reader.read()


async def test_closing_twice_and_before_the_start(world):
    server = Server(world.torrents)
    await server.aclose()
    server = await world.start()
    await server.aclose()
    await server.aclose()


async def test_after_the_end_nothing_is_heard_any_more(world):
    world.add([("a.mkv", b"x")])
    server = await world.start()
    heard = len(world.torrents._subscribers)
    await server.aclose()
    assert len(world.torrents._subscribers) == heard - 1


async def test_who_never_ends_a_request_holds_up_nobody(serving, v1):
    """Slow on purpose: a hundred in the middle of their headers, a hundred that read nothing."""
    slow = [await serving.connect() for _ in range(200)]
    for wire in slow[:100]:
        wire.writer.write(b"GET /api/v1/torrents HTTP/1.1\r\nHost: localh")
    for wire in slow[100:]:
        await wire.send("GET", f"/stream/{v1}/0/x")
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await serving.ask("GET", "/healthz")).status == 200
    assert (await serving.ask("GET", f"/stream/{v1}/1/x")).body == b"1\n"
    assert loop.time() - began < 2


# a real client
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")


@needs_curl
async def test_curl_gets_the_file_while_it_arrives(world, v1, shell):
    data = hashlib.sha256(b"a").digest() * 100_000
    torrent = world.add([("film.mkv", data)])
    server = await world.start()
    fetching = asyncio.create_task(shell("curl", "-sS", "-r", "0-", server.url(torrent, None)))
    await world.until(lambda: world.heads == 1)
    for piece in range(world.handle.layout.num_pieces):
        world.verify(piece)
        await asyncio.sleep(0.001)
    code, out = await fetching
    assert code == 0
    assert hashlib.sha256(out).digest() == hashlib.sha256(data).digest()


@needs_curl
async def test_curl_takes_a_broken_stream_for_broken(world, v1, video, shell):
    torrent = world.add([("film.mkv", video)])
    world.verify(0)
    server = await world.start()
    fetching = asyncio.create_task(shell("curl", "-sS", server.url(torrent, None)))
    await world.until(lambda: any(place.waiting_since for place in torrent.conductor.places.values()))
    world.lose()
    code, out = await fetching
    assert code == 56  # CURLE_RECV_ERROR
    assert out == video[:PIECE]


@needs_curl
async def test_curl_reuses_its_connection(serving, v1, shell):
    url = serving.server.url(serving.torrent, None)
    code, out = await shell("curl", "-sS", "-o", "/dev/null", "-w", "%{num_connects} ", url, "-o", "/dev/null", url)
    assert (code, out) == (0, b"1 0 ")


def test_the_package_alone_imports_nothing_heavy():
    code = "import headrace.http, sys; print('aiohttp' in sys.modules, 'asyncio' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
