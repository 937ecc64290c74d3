"""A file that grows while it is read."""

from __future__ import annotations

import socket
import threading
import urllib.request

from bench.tools.http_file import serve

CONTENT = bytes(range(250)) * 40


class Growing:
    """Half of it is there at first."""

    size = len(CONTENT)

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.there = self.size // 2
        self.seen: list[int | None] = []

    def ready(self, position: int) -> int:
        return self.there - position

    def read(self, position: int, count: int) -> bytes:
        return CONTENT[position : position + count]

    def waits(self, reader: int, position: int | None) -> None:
        self.seen.append(position)
        if position is not None:
            self.there = self.size


def test_a_reader_waits_for_what_is_missing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    source = Growing()
    serve(source, port)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Range": "bytes=100-9999"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 206
        assert answer.headers["Content-Range"] == "bytes 100-9999/10000"
        assert answer.read() == CONTENT[100:]
    assert 5000 in source.seen
    assert source.seen[-1] is None
