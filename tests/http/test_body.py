"""From the disk to the client: sendfile, copies, and cold files."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from headrace.http import body
from headrace.http.body import Outlet, in_memory
from headrace.streaming.reader import FileSpan

PIECE = 64 * 1024


@pytest.fixture
async def sent(monkeypatch):
    """What went out, and how."""
    calls = []
    loop = asyncio.get_running_loop()
    real = loop.sendfile

    async def sendfile(transport, file, offset, count, *, fallback):
        calls.append(("sendfile", offset, count))
        return await real(transport, file, offset, count, fallback=fallback)

    monkeypatch.setattr(loop, "sendfile", sendfile)
    return calls


async def test_bytes_go_by_sendfile_in_bounded_spans(world, v1, sent, monkeypatch):
    monkeypatch.setattr(body, "SPAN", 100_000)
    data = bytes(range(256)) * 1200
    world.add([("a.mkv", data)])
    world.verify()
    await world.start()
    assert (await world.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=5-")).body == data[5:]
    assert [count for _, _, count in sent] == [100_000, 100_000, 100_000, 7195]
    assert sent[0][1] == 5


@pytest.mark.parametrize("failing_from", [0, 1])
async def test_without_sendfile_it_copies(world, v1, video, monkeypatch, failing_from):
    loop = asyncio.get_running_loop()
    real, calls = loop.sendfile, []

    async def sendfile(*args, fallback):
        calls.append(args)
        if len(calls) > failing_from:
            raise asyncio.SendfileNotAvailableError("none here")
        return await real(*args, fallback=fallback)

    monkeypatch.setattr(loop, "sendfile", sendfile)
    monkeypatch.setattr(body, "SPAN", PIECE)
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    wire = await world.connect()
    for _ in range(2):
        calls.clear()
        assert (await wire.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=1-")).body == video[1:]
        assert len(calls) == failing_from + 1


async def test_a_cold_span_is_read_in_a_thread_before_it_is_sent(world, v1, video, sent, monkeypatch):
    read = []

    def read_span(span):
        read.append(span.offset)
        return b"x"

    monkeypatch.setattr(body, "in_memory", lambda *_: False)
    monkeypatch.setattr(body, "read_span", read_span)
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    assert (await world.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=9-")).body == video[9:]
    assert read == [9]
    assert [offset for _, offset, _ in sent] == [9]


def test_what_is_in_memory(tmp_path, monkeypatch):
    place = tmp_path / "x"
    place.write_bytes(bytes(300_000))
    asked = []

    def preadv(_fd, _buffers, offset, _flags):
        asked.append(offset)
        if offset > 200_000:
            raise BlockingIOError
        return 1

    with place.open("rb") as file:
        assert in_memory(file.fileno(), 0, 300_000)
        monkeypatch.setattr(os, "preadv", preadv)
        assert in_memory(file.fileno(), 10, 100_000)
        assert asked == [10, 100_009]
        assert not in_memory(file.fileno(), 10, 299_990)
        assert max(asked) == 262_154


@pytest.mark.parametrize("error", [OSError(errno.EOPNOTSUPP, "not supported"), None])
def test_where_the_system_cannot_tell_it_is_sent_as_it_is(tmp_path, monkeypatch, error):
    def preadv(*_):
        raise error

    monkeypatch.setattr(os, "preadv", preadv)
    if error is None:
        monkeypatch.delattr(os, "RWF_NOWAIT")
    assert in_memory(0, 0, 10)


async def test_a_client_that_is_gone_is_an_error():
    class Gone:
        transport = None

    outlet = Outlet(Gone(), None)  # type: ignore[arg-type]
    with pytest.raises(ConnectionResetError):
        await outlet.send(FileSpan(Path(__file__), 0, 10))
    outlet.close()


async def test_the_kernel_is_told_to_look_after_silent_clients(world, v1, video, monkeypatch):
    world.add([("a.mkv", video)])
    server = await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    await world.until(lambda: world.heads == 1)
    (connection,) = server._runner.server.connections
    sock = connection.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
