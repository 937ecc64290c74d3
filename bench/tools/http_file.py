"""One growing file over HTTP, for the sketches: a reader gets bytes when its source says that they are there.

Enough of HTTP for players on this machine: GET with at most one range. A thread for each connection.
"""

from __future__ import annotations

import http.server
import itertools
import select
import socket
import threading
from typing import Protocol

STEP = 1 << 18
"""Most bytes that are read and sent at once."""
LOOK = 0.05
"""Seconds after which a waiting reader looks again, should no one have woken it."""


class Source(Protocol):
    """Where the bytes come from."""

    size: int
    changed: threading.Condition
    """Notified when more is there."""

    def ready(self, position: int) -> int:
        """How many bytes can be read from ``position`` on."""

    def read(self, position: int, count: int) -> bytes:
        """Those bytes."""

    def waits(self, reader: int, position: int | None) -> None:
        """A reader waits for the byte at ``position``; None: it does not wait any longer."""


def asked_range(header: str | None, size: int) -> tuple[int, int]:
    """First and last byte of what a ``Range`` asks for, the whole file without one."""
    if not header or not header.startswith("bytes="):
        return 0, size - 1
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(size - 1, int(last)) if last else size - 1


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def serve(source: Source, port: int) -> None:
    """Serve on 127.0.0.1 for as long as the process lives; returns at once."""
    numbers = itertools.count()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            first, last = asked_range(self.headers.get("Range"), source.size)
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(last - first + 1))
            if "Range" in self.headers:
                self.send_header("Content-Range", f"bytes {first}-{last}/{source.size}")
            self.end_headers()
            reader = next(numbers)
            try:
                whole = self._send(reader, first, last)
            except (BrokenPipeError, ConnectionResetError):
                whole = False
            finally:
                source.waits(reader, None)
            self.close_connection = self.close_connection or not whole

        def _send(self, reader: int, position: int, last: int) -> bool:
            """Whether all was sent."""
            while position <= last:
                there = min(source.ready(position), STEP, last + 1 - position)
                if there > 0:
                    source.waits(reader, None)
                    self.wfile.write(source.read(position, there))
                    position += there
                    continue
                source.waits(reader, position)
                with source.changed:
                    source.changed.wait(LOOK)
                if self._gone():
                    return False
            return True

        def _gone(self) -> bool:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    server = _Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
