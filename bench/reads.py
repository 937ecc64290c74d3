"""Which bytes of a film ffmpeg reads for one frame, and how long it takes for it when all of them are there.

A server on loopback hands out the film 16 KiB at a time, each step when ffmpeg has taken the one before: the kernel
tells how much lies unread in ffmpeg's socket (/proc/net/tcp). So nothing is counted that was merely on its way when
ffmpeg had enough, whatever the machine does besides. Linux only.
"""

from __future__ import annotations

import http.server
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.limit import Reading, Span

STEP = 16384
RUNS = 5
"""Runs from disk, of which the fastest counts: a cold cache or other work on the machine can only add."""
_POLL = 0.0005
_TIMEOUT = 120


def read(film: Path, at: float | None = None) -> Reading:
    """What one frame at ``at`` seconds takes; None: the first one, as a player that opens the film."""
    where = [] if at is None else ["-ss", f"{at:.3f}"]
    with _served(film) as (url, log):
        _first_frame(where, url)
    own = min(_first_frame(where, str(film)) for _ in range(RUNS))
    return Reading(tuple(merge(log)), own)


def merge(spans: Sequence[Sequence[int]]) -> list[Span]:
    """The spans that are not empty, in the order of asking; one that goes on from the last joins it."""
    merged: list[Span] = []
    for start, end in spans:
        if start >= end:
            continue
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def range_of(header: str | None, size: int) -> Span:
    """The range that a request is for: ffmpeg sends ``bytes=A-`` or ``bytes=A-B``, or nothing for the whole."""
    if not header:
        return 0, size
    first, _, last = header.removeprefix("bytes=").partition("-")
    return int(first), min(size, int(last) + 1) if last else size


def unread(table: str, port: int) -> int | None:
    """Bytes that lie unread in the loopback socket whose own port is ``port``; None when there is no such socket.

    ``table`` is /proc/net/tcp: address and port in hexadecimal, at the fifth column "unsent:unread".
    """
    wanted = f"0100007F:{port:04X}"
    for line in table.splitlines():
        columns = line.split()
        if len(columns) > 4 and columns[1] == wanted and columns[3] == "01":
            return int(columns[4].partition(":")[2], 16)
    return None


def _first_frame(where: Sequence[str], source: str) -> float:
    words = ["ffmpeg", "-nostdin", "-v", "error", *where, "-i", source, "-frames:v", "1", "-f", "null", "-"]
    began = time.perf_counter()
    with subprocess.Popen(words) as process:
        # No wait with a timeout: that looks only every 50 ms whether the process has ended.
        guard = threading.Timer(_TIMEOUT, process.kill)
        guard.start()
        code = process.wait()
        took = time.perf_counter() - began
        guard.cancel()
    if code != 0:
        raise subprocess.CalledProcessError(code, words)
    return took


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, film: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.film = film
        self.log: list[list[int]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        size = self.server.film.stat().st_size
        start, end = range_of(self.headers.get("Range"), size)
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        self.close_connection = True
        entry = [start, start]
        self.server.log.append(entry)
        try:
            self._hand_out(entry, end)
        except ConnectionError:
            pass

    def _hand_out(self, entry: list[int], end: int) -> None:
        """A step at a time, the next when the last one was read; ``entry[1]`` follows."""
        with self.server.film.open("rb") as file:
            file.seek(entry[1])
            while entry[1] < end and self._taken():
                data = file.read(min(STEP, end - entry[1]))
                self.wfile.write(data)
                entry[1] += len(data)

    def _taken(self) -> bool:
        """Wait until the client has read all that was sent; False when it left."""
        port = self.client_address[1]
        while left := unread(Path("/proc/net/tcp").read_text(), port):
            time.sleep(_POLL)
        return left is not None


@contextmanager
def _served(film: Path) -> Iterator[tuple[str, list[list[int]]]]:
    """URL of the film, and the log of what was read of it."""
    with _Server(film) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/film", server.log
        finally:
            server.shutdown()
            thread.join()
