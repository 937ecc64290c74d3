"""Clients of the serving benchmark; each runs in a process of its own and prints one line of JSON.

    python -m bench.serving_clients drain HOST PORT PATH --clients 4 --first 0 --count 2147483648
    python -m bench.serving_clients probe HOST PORT PATH --seconds 20
    python -m bench.serving_clients viewers HOST PORT PATH --clients 50 --size 2147483648 --seconds 60

Rules: a client must cost less than the server that it measures, so bodies are thrown away by the kernel: ``recv`` with
MSG_TRUNC (tcp(7)) takes bytes off the queue without copying them. What a server sends is checked elsewhere, once.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from bench.serving_rows import Player

TAKE = 4 << 20
"""Bytes that one ``recv`` may throw away."""
PROBE_EVERY = 0.005
STEP = 0.02
"""Seconds between two looks at a viewer's buffer: a hundredth of it."""
WINDOW = 128 * 1024
"""Receive buffer of a viewer: the kernel must not be a second player's buffer."""

_scrap = bytearray(TAKE)


@dataclass(frozen=True, slots=True)
class Drained:
    """What drain prints: bytes, wall-clock and processor seconds, and the longest time without a byte."""

    bytes: int
    seconds: float
    cpu: float
    gap: float


@dataclass(frozen=True, slots=True)
class Probed:
    """What probe prints: seconds that answers took."""

    probes: int
    median: float
    high: float
    worst: float


@dataclass(frozen=True, slots=True)
class Viewed:
    """What viewers prints; see ``ViewersRow``."""

    stalls: int
    stalled: float
    lowest: float
    slowest_start: float
    took: int


class Fetch:
    """One connection that fetches a range and throws it away. Waits for nothing but the connection itself."""

    def __init__(self, address: tuple[str, int], path: str, first: int, count: int, *, window: int = 0) -> None:
        self.left = count
        """Bytes that are still to come."""
        self.sock = socket.socket()
        if window:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.sock.connect(address)
        self.sock.setblocking(False)
        self._ask = f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n"
        self._answered = False
        self.again(first, count)

    def again(self, first: int, count: int) -> None:
        """Ask for a range on the same connection, when the last one has come whole."""
        self.sock.sendall(f"{self._ask}Range: bytes={first}-{first + count - 1}\r\n\r\n".encode())
        self.left, self._answered = count, False

    def take(self, most: int = TAKE) -> int:
        """Throw away what is there of the body; its size."""
        try:
            if not self._answered:
                return self._head()
            count = self.sock.recv_into(_scrap, min(self.left, most, TAKE), socket.MSG_TRUNC)
        except BlockingIOError:
            return 0
        if not count:
            raise ConnectionError(f"{self.left} bytes are missing")
        self.left -= count
        return count

    def _head(self) -> int:
        head, end, body = self.sock.recv(4096).partition(b"\r\n\r\n")
        if not end or b" 206 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(head.decode("latin-1") or "no answer")
        self._answered = True
        self.left -= len(body)
        return len(body)


def drain(
    address: tuple[str, int],
    path: str,
    clients: int,
    first: int,
    count: int,
    *,
    seconds: float = 0,
    again: bool = False,
) -> Drained:
    """All clients take the same range, for ``seconds`` at most (0: until they have it); again and again if so told."""
    began = last = time.monotonic()
    gap, total = 0.0, 0
    with _fetches([Fetch(address, path, first, count) for _ in range(clients)]) as waiting:
        while waiting.get_map():
            for key, _ in waiting.select(1.0):
                fetch: Fetch = key.data
                total += fetch.take()
                now = time.monotonic()
                gap, last = max(gap, now - last), now
                if fetch.left:
                    continue
                if again:
                    fetch.again(first, count)
                else:
                    waiting.unregister(fetch.sock)
            if seconds and time.monotonic() - began > seconds:
                break
    return Drained(total, time.monotonic() - began, _cpu(), gap)


@contextlib.contextmanager
def _fetches(fetches: list[Fetch]) -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as waiting:
        for fetch in fetches:
            waiting.register(fetch.sock, selectors.EVENT_READ, fetch)
        yield waiting
        for fetch in fetches:
            fetch.sock.close()


def probe(address: tuple[str, int], path: str, seconds: float) -> Probed:
    """Ask for something small over and over, on one connection, every 5 ms."""
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # else what is measured is how long this process waits for a processor
    took: list[float] = []
    connection = http.client.HTTPConnection(*address)
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise ConnectionError(f"{path}: {answer.status}")
        took.append(time.monotonic() - began)
        time.sleep(max(0.0, PROBE_EVERY - took[-1]))
    connection.close()
    took.sort()
    return Probed(len(took), took[len(took) // 2], took[int(0.999 * (len(took) - 1))], took[-1])


def viewers(
    address: tuple[str, int], path: str, clients: int, size: int, rate: float, buffer: float, seconds: float
) -> Viewed:
    """Play at ``clients`` places spread evenly over a file of ``size`` bytes."""
    began = time.monotonic()
    watching: list[tuple[Fetch, Player]] = []
    for number in range(clients):
        first = number * size // clients
        fetch = Fetch(address, path, first, size - first, window=WINDOW)  # players ask to the end of the file
        watching.append((fetch, Player(began, rate, buffer)))
    while (now := time.monotonic()) < began + seconds:
        for fetch, player in watching:
            room = min(player.room(time.monotonic()), fetch.left)
            if room > rate * STEP / 2:
                player.take(time.monotonic(), fetch.take(room))
        time.sleep(max(0.0, now + STEP - time.monotonic()))
    for fetch, player in watching:
        player.end(time.monotonic())
        fetch.sock.close()
    players = [player for _, player in watching]
    return Viewed(
        sum(player.stalls for player in players),
        sum(player.stalled for player in players),
        min(player.lowest for player in players),
        max(player.start for player in players),
        sum(player.took for player in players),
    )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run one kind of client and print what it saw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["drain", "probe", "viewers"])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--rate", type=float, default=625_000.0)
    parser.add_argument("--buffer", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    address = (given.host, given.port)
    kinds: dict[str, Callable[[], Drained | Probed | Viewed]] = {
        "drain": lambda: drain(
            address, given.path, given.clients, given.first, given.count, seconds=given.seconds, again=given.again
        ),
        "probe": lambda: probe(address, given.path, given.seconds),
        "viewers": lambda: viewers(
            address, given.path, given.clients, given.size, given.rate, given.buffer, given.seconds
        ),
    }
    print(json.dumps(asdict(kinds[given.kind]())))


if __name__ == "__main__":
    main()
