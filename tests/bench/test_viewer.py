"""A viewer in real time, over HTTP on this machine and over a file."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from bench.model import Stall
from bench.viewer import Phase, Viewing, phase, view, viewing_from

RATE = 1_000_000


class Handler(http.server.BaseHTTPRequestHandler):
    """A film of 10 MB, of which the first answer ends after 1 MB."""

    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.headers["Range"])
        first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self.send_response(206)
        self.send_header("Content-Length", str(10 * RATE - first))
        self.end_headers()
        count = RATE if len(self.asked) == 1 else 10 * RATE - first
        try:
            self.wfile.write(bytes(count))
        except ConnectionError:
            pass


@pytest.fixture
def url() -> Iterator[str]:
    Handler.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_phases_are_read() -> None:
    assert phase("play:10") == Phase("play", 10)
    assert phase("pause:0.5") == Phase("pause", 0.5)
    with pytest.raises(ValueError, match="stop:1"):
        phase("stop:1")


def test_what_is_told_is_read_back() -> None:
    viewing = Viewing(1.5, 10, 100, [Stall(3, 1)], 2, True)
    assert viewing_from(json.dumps(asdict(viewing))) == viewing


def test_a_viewer_asks_again_when_an_answer_ends_early(url: str) -> None:
    viewing = view(url, RATE, RATE, 9, [Phase("play", 0.2), Phase("pause", 0.1), Phase("play", 0.2)])
    assert viewing.reconnects == 1
    assert Handler.asked == [f"bytes={RATE}-", f"bytes={2 * RATE}-"]
    assert viewing.whole
    assert viewing.stalls == []
    assert 0.4 <= viewing.played < 0.6
    assert viewing.bytes >= 2 * RATE


def test_a_film_in_a_file_as_a_program(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(bytes(RATE))
    words = [sys.executable, "-m", "bench.viewer", str(film), "play:9", "--rate", str(4 * RATE), "--length", "0.25"]
    ran = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    viewing = viewing_from(ran.stdout)
    assert viewing.bytes == RATE
    assert viewing.played == 0.25
    assert viewing.reconnects == 0
