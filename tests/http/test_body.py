"""From the disk to the client: sendfile, copies, and cold files."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from headrace.http import body
from headrace.http.body import Outlet
from headrace.streaming.reader import FileSpan

PIECE = 64 * 1024


@pytest.fixture
def sent(monkeypatch):
    """What went out by sendfile: from where, and by which thread."""
    calls = []
    real = os.sendfile

    def sendfile(line, file, offset, count):
        calls.append((offset, count, threading.current_thread()))
        return real(line, file, offset, count)

    monkeypatch.setattr(os, "sendfile", sendfile)
    return calls


async def test_bytes_go_by_sendfile_in_bounded_spans(world, v1, sent, monkeypatch):
    monkeypatch.setattr(body, "SPAN", 100_000)
    data = bytes(range(256)) * 1200
    world.add([("a.mkv", data)])
    world.verify()
    await world.start()
    assert (await world.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=5-")).body == data[5:]
    assert max(count for _, count, _ in sent) == 100_000
    assert {5, 100_005, 200_005, 300_005} <= {offset for offset, _, _ in sent}


async def test_the_event_loop_never_touches_the_file(world, v1, video, sent):
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    await world.ask("GET", f"/stream/{v1}/0/x")
    assert sent
    assert threading.main_thread() not in {thread for _, _, thread in sent}


async def test_a_slow_disk_holds_up_nobody_else(world, v1, video, monkeypatch):
    real, going = os.sendfile, threading.Event()

    def sendfile(line, file, offset, count):
        if offset == 9:
            going.wait(10)
        return real(line, file, offset, count)

    monkeypatch.setattr(os, "sendfile", sendfile)
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    cold = await world.connect()
    await cold.send("GET", f"/stream/{v1}/0/x", "Range: bytes=9-")
    await cold.head()
    began = time.monotonic()
    assert (await world.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=5-")).body == video[5:]
    assert time.monotonic() - began < 5
    going.set()
    assert await cold.reader.readexactly(len(video) - 9) == video[9:]


async def test_what_a_client_does_not_take_is_sent_when_it_does(world, v1, sent):
    data = os.urandom(16 << 20)
    world.add([("a.mkv", data)], piece_length=1 << 20)
    world.verify()
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    before = 0
    while len(sent) > before:
        before = len(sent)
        await asyncio.sleep(0.1)
    assert await wire.reader.readexactly(len(data)) == data
    assert sum(count for _, count, _ in sent) >= len(data)


@pytest.mark.parametrize("failing_from", [0, 1])
@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
async def test_without_sendfile_it_copies(world, v1, video, monkeypatch, failing_from, error):
    real, calls = os.sendfile, []

    def sendfile(*args):
        calls.append(args)
        if len(calls) > failing_from:
            raise OSError(error, "none here")
        return real(*args)

    monkeypatch.setattr(os, "sendfile", sendfile)
    monkeypatch.setattr(body, "SPAN", PIECE)
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    wire = await world.connect()
    for _ in range(2):
        calls.clear()
        assert (await wire.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=1-")).body == video[1:]
        assert len(calls) == failing_from + 1


async def test_where_the_system_has_no_sendfile_it_copies(world, v1, video, monkeypatch):
    monkeypatch.delattr(os, "sendfile")
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    assert (await world.ask("GET", f"/stream/{v1}/0/x", "Range: bytes=1-")).body == video[1:]


async def test_other_errors_break_the_stream_off(world, v1, video, monkeypatch):
    def sendfile(*_):
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "sendfile", sendfile)
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(wire.reader.read(-1), 60)


async def test_descriptors_live_as_long_as_a_thread_uses_them(world, v1, video, monkeypatch):
    begun, going, used = threading.Event(), threading.Event(), []

    def sendfile(line, file, offset, count):
        begun.set()
        going.wait(60)
        used.append((os.fstat(line), os.fstat(file)))
        return 0

    monkeypatch.setattr(os, "sendfile", sendfile)
    closed = []
    real = Outlet._let_go

    def let_go(self):
        real(self)
        closed.append(self._line.fileno())

    monkeypatch.setattr(Outlet, "_let_go", let_go)
    world.add([("a.mkv", video)])
    world.verify()
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x")
    await wire.head()
    assert await asyncio.to_thread(begun.wait, 60)  # the head of the answer goes out before the thread is at work
    wire.writer.transport.abort()
    await world.until(lambda: world.heads == 0)
    assert not closed
    going.set()
    await world.until(lambda: bool(closed))
    assert len(used) == 1
    assert closed == [-1]


async def test_a_thread_stops_when_the_client_has_gone(monkeypatch):
    outlet, calls = Outlet(None, None), []  # type: ignore[arg-type]
    ours, theirs = socket.socketpair()

    def sendfile(line, file, offset, count):
        calls.append((offset, count))
        if len(calls) == 2:
            outlet.close()
        return count

    monkeypatch.setattr(os, "sendfile", sendfile)
    assert outlet._push(ours.fileno(), 0, 5, 16 << 20) == 4 << 20
    assert calls == [(5, 2 << 20), (5 + (2 << 20), 2 << 20)]
    ours.close()
    theirs.close()


async def test_a_thread_comes_back_after_its_turn(monkeypatch):
    outlet, calls = Outlet(None, None), []  # type: ignore[arg-type]
    ours, theirs = socket.socketpair()

    def sendfile(line, file, offset, count):
        calls.append(offset)
        time.sleep(0.03)
        return count

    monkeypatch.setattr(os, "sendfile", sendfile)
    assert outlet._push(ours.fileno(), 0, 5, 16 << 20) == 2 << 20
    assert calls == [5]
    ours.close()
    theirs.close()


async def test_copies_are_small(monkeypatch, tmp_path):
    place = tmp_path / "x"
    place.write_bytes(bytes(3 << 20))
    written = []

    class Response:
        async def write(self, data):
            written.append(len(data))

    monkeypatch.delattr(os, "sendfile")
    outlet = Outlet(None, Response())  # type: ignore[arg-type]
    assert await outlet.send(FileSpan(place, 0, 3 << 20)) == 2 << 20
    assert written == [2 << 20]


async def test_headers_that_wait_come_first(monkeypatch):
    ours, theirs = socket.socketpair()
    waiting = [5, 3, 0, 0]

    class Transport:
        def is_closing(self):
            return False

        def get_write_buffer_size(self):
            return waiting.pop(0)

        def get_extra_info(self, _):
            return ours

    class Request:
        transport = Transport()

    outlet = Outlet(Request(), None)  # type: ignore[arg-type]
    assert await outlet.send(FileSpan(Path(__file__), 0, 10)) == 10
    assert waiting == [0]
    outlet.close()
    ours.close()
    assert theirs.recv(100) == Path(__file__).read_bytes()[:10]
    theirs.close()


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
