"""Bodies: bytes of a growing file, from the disk to the client.

Rules: only what ``Reader.ready`` gave is sent; a body is never short (one that cannot go on resets the connection, so
that no client takes it for whole); nothing blocks the event loop (bytes that the page cache lacks are read in a thread
first); no time limit on a client that does not read, for that is what a paused player does.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from pathlib import Path
from typing import BinaryIO

from aiohttp import web

from headrace.streaming.reader import FileSpan, Reader, read_span
from headrace.streaming.waits import StreamFailed

SPAN = 2 << 20
"""Bytes sent at once at most. Larger saves little (0.25 CPU s/GiB at 4 MiB, 0.31 at 1 MiB); smaller moves the read
head, and with it the window, in finer steps."""
PROBE = 128 * 1024
"""Linux reads ahead by this much: one byte of each such stretch tells whether the stretch is in memory."""
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


class Outlet:
    """One response's way to its client. Uses sendfile where transport and file system have it."""

    def __init__(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        self._request, self._response = request, response
        self._loop = asyncio.get_running_loop()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._copies = False

    async def send(self, span: FileSpan) -> int:
        """Send the span or its beginning; the bytes sent. Returns when they left for the kernel."""
        file = self._opened(span.path)
        sent = 0
        if not self._copies:
            sent = await self._sendfile(file, span)
        if self._copies:
            sent = await self._copy(span)
        if not sent:
            raise StreamFailed(
                f"{span.path.name} is shorter on disk than what was checked.", "Was it changed meanwhile?", kind="disk"
            )
        return sent

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self, path: Path) -> BinaryIO:
        if self._file is None or path != self._path:
            self.close()
            self._file, self._path = path.open("rb", buffering=0), path
        return self._file

    async def _sendfile(self, file: BinaryIO, span: FileSpan) -> int:
        if not in_memory(file.fileno(), span.offset, span.size):
            # Through a descriptor of its own: ours is closed when this task is cancelled while the thread still reads.
            await asyncio.to_thread(read_span, span)
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        try:
            return await self._loop.sendfile(transport, file, span.offset, span.size, fallback=False)
        except RuntimeError:
            # TLS, a file system without it, or a connection that was reset before the first byte: asyncio does not
            # tell them apart. Copying serves the first two and fails at once for the third.
            self._copies = True
            return 0

    async def _copy(self, span: FileSpan) -> int:
        data = await asyncio.to_thread(read_span, span)
        await self._response.write(data)
        return len(data)


def in_memory(fd: int, offset: int, size: int) -> bool:
    """Whether these bytes of a file seem to be in the page cache; True where the system cannot tell."""
    nowait = getattr(os, "RWF_NOWAIT", None)
    if nowait is None:
        return True
    byte = bytearray(1)
    try:
        for place in (*range(offset, offset + size, PROBE), offset + size - 1):
            os.preadv(fd, [byte], place, nowait)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without RWF_NOWAIT
    return True


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
