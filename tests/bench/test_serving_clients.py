"""The clients of the serving benchmark, against a small server of our own."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bench.serving_clients import drain, probe, viewers

DATA = bytes(range(256)) * 4096


class Ranges(BaseHTTPRequestHandler):
    """Answers ranges of DATA; /short promises more than it sends, /whole knows no ranges."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        first, last = map(int, re.findall(r"\d+", self.headers.get("Range", "bytes=0-1")))
        body = DATA[first : last + 1]
        self.send_response(206 if self.path in ("/file", "/short") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/short":
            self.wfile.write(body[:10])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that leave in the middle are what viewers do."""


@pytest.fixture
def address():
    server = Quiet(("127.0.0.1", 0), Ranges)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_client_takes_the_range(address):
    found = drain(address, "/file", 3, 5, 100_000)
    assert found.bytes == 300_000
    assert 0 < found.gap <= found.seconds


def test_the_range_is_taken_again_until_the_time_is_over(address):
    found = drain(address, "/file", 1, 0, 1000, seconds=0.2, again=True)
    assert found.bytes > 2000
    assert 0.2 <= found.seconds < 2


def test_an_answer_that_ends_early_is_an_error(address):
    with pytest.raises(ConnectionError, match="99990 bytes are missing"):
        drain(address, "/short", 1, 0, 100_000)


def test_an_answer_that_is_no_range_is_an_error(address):
    with pytest.raises(ConnectionError, match=r"HTTP/1\.1 200"):
        drain(address, "/whole", 1, 0, 100)


def test_probes(address, monkeypatch):
    monkeypatch.setattr("os.nice", lambda _: 0)
    found = probe(address, "/whole", 0.1)
    assert 2 <= found.probes <= 21
    assert 0 < found.median <= found.high <= found.worst


def test_viewers_take_what_they_play_and_a_buffer(address):
    found = viewers(address, "/file", 2, len(DATA), rate=100_000.0, buffer=0.5, seconds=1.0)
    assert found.stalls == 0
    assert found.lowest > 0.3
    assert found.slowest_start < 0.5
    assert 200_000 < found.took <= 320_000


def test_a_film_that_ends_early_is_a_stall(address):
    found = viewers(address, "/file", 1, 60_000, rate=100_000.0, buffer=0.5, seconds=1.0)
    assert (found.stalls, found.took) == (1, 60_000)
