"""Bodies: bytes of a growing file, from the disk to the client.

Rules: only what ``Reader.ready`` gave is sent; a body is never short (one that cannot go on resets the connection, so
that no client takes it for whole); the event loop never touches the file's bytes (sendfile runs in a thread: whether
they are in memory cannot be told beforehand, since they may go until the client takes them); a thread waits for a
client for a moment at most; no time limit on a client that does not read, for that is what a paused player does.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import struct
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from aiohttp import web

from headrace.streaming.reader import FileSpan, Reader, read_span
from headrace.streaming.waits import StreamFailed

SPAN = 64 << 20
"""Bytes given to a thread at once at most. Each hand-over costs 0.3 ms: of nginx's throughput with one client, 0.62 was
left with 2 MiB, 0.75 with 4, 0.80 with 16."""
TURN = 0.02
"""Seconds after which a thread comes back with what it has sent: so long the read head, and with it the window, may
stay behind a client that is fast."""
CALL = 2 << 20
"""Bytes of one sendfile at most: between two of them a thread sees that the client has gone."""
COPY = 2 << 20
"""The same where bytes are copied, for each client has so many in memory then."""
THREADS = 32
"""So many clients' bytes may come from a slow disk at once without those of others waiting for a thread."""
MOMENT = 2
"""Milliseconds that a thread waits for a client to take more: a fast one does within less."""
FLUSH = 0.01
"""Seconds between looks at a connection that has not sent its headers yet, which next to never happens."""
KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""A client that vanished without a word while nothing is sent is noticed after two minutes instead of two hours."""


async def send(reader: Reader, count: int, request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Send ``count`` bytes of the file from the reader's position on, as they become ready."""
    outlet = Outlet(request, response)
    try:
        while count > 0:
            span = await reader.ready(min(count, SPAN))
            sent = await outlet.send(span)
            reader.advance(sent)
            count -= sent
    finally:
        outlet.close()


_threads = ThreadPoolExecutor(THREADS, "headrace-send")
_WITHOUT = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
"""What sendfile says of a file system or a socket that it does not know."""


class Outlet:
    """One response's way to its client. Uses sendfile where transport and file system have it."""

    def __init__(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        self._request, self._response = request, response
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._line: socket.socket | None = None
        self._job: Future[int] | None = None
        self._full = False  # the connection took less than it was given
        self._closed = False
        self._copies = not hasattr(os, "sendfile")

    async def send(self, span: FileSpan) -> int:
        """Send the span or its beginning; the bytes sent. Returns when they left for the kernel."""
        sent = 0
        if not self._copies:
            sent = await self._sendfile(span)
        if self._copies:
            sent = await self._copy(span)
        if not sent:
            raise StreamFailed(
                f"{span.path.name} is shorter on disk than what was checked.", "Was it changed meanwhile?", kind="disk"
            )
        return sent

    def close(self) -> None:
        """Let go of file and connection; when a thread still uses them, as soon as it is done."""
        self._closed = True
        if self._job is None:
            self._let_go()
        else:
            self._job.add_done_callback(lambda _: self._let_go())

    def _let_go(self) -> None:
        for opened in (self._file, self._line):
            if opened is not None:
                opened.close()

    def _opened(self, path: Path) -> BinaryIO:
        if self._file is None or path != self._path:
            if self._file is not None:
                self._file.close()
            self._file, self._path = path.open("rb", buffering=0), path
        return self._file

    async def _connection(self) -> socket.socket:
        """A descriptor of our own for the connection, which the transport may close while a thread still sends."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        if self._line is None:
            while transport.get_write_buffer_size():  # the headers come first
                await asyncio.sleep(FLUSH)
            self._line = transport.get_extra_info("socket").dup()
        return self._line

    async def _sendfile(self, span: FileSpan) -> int:
        file, line = self._opened(span.path), await self._connection()
        try:
            count = -1
            while count < 0:
                if self._full:
                    await _writable(line)
                self._job = _threads.submit(self._push, line.fileno(), file.fileno(), span.offset, span.size)
                count = await asyncio.wrap_future(self._job)
                self._full = count < span.size
        except OSError as error:
            if error.errno not in _WITHOUT:
                raise
            self._copies = True
            return 0
        return count

    def _push(self, line: int, file: int, offset: int, count: int) -> int:
        """Send for a turn or until the client takes no more; -1 if it took nothing at all, 0 at the end of the file."""
        takes = select.poll()
        takes.register(line, select.POLLOUT)
        sent, end = 0, time.monotonic() + TURN
        while sent < count and not self._closed and (not sent or time.monotonic() < end):
            try:
                some = os.sendfile(line, file, offset + sent, min(count - sent, CALL))
            except BlockingIOError:
                if not takes.poll(MOMENT):
                    return sent or -1
                continue
            if not some:
                break
            sent += some
        return sent

    async def _copy(self, span: FileSpan) -> int:
        data = await asyncio.to_thread(read_span, span._replace(size=min(span.size, COPY)))
        await self._response.write(data)
        return len(data)


async def _writable(line: socket.socket) -> None:
    """Wait until the client took enough for more to be sent."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    fd = line.fileno()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(fd, wake)
    try:
        await ready
    finally:
        loop.remove_writer(fd)


def reset(request: web.BaseRequest) -> None:
    """End the connection so that the client sees an error, not an end (RST: SO_LINGER with zero seconds)."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return
    connection = transport.get_extra_info("socket")
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def watch(request: web.BaseRequest) -> None:
    """Have the kernel notice clients that vanish while the body waits for its next piece."""
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in KEEPALIVE:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
