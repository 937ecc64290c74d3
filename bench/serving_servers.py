"""The servers that the serving benchmark compares: Headrace and nginx, each with one and the same file.

Rules: loopback only, ports chosen by the system, everything in the work folder; nginx runs with a configuration and
folders of its own, not as the system's service. A server ends with its ``with`` block.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.paths import ROOT
from headrace.testing.swarm import info_hash_of, make_torrent

HEADRACE = (sys.executable, "-m", "headrace")
INSIDE = (sys.executable, "-m", "bench.serving_inside")
"""Headrace's own server, in a process that also watches its event loop."""
PIECE = 1 << 20
PATIENCE = 120.0
"""Seconds until a server must be ready: 2 GiB are hashed first."""

NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location = /healthz {{ return 200 "ok"; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Content:
    """A torrent that is there whole."""

    file: Path
    torrent: Path
    info_hash: str
    size: int


@dataclass(slots=True)
class Served:
    """A server that is ready. ``path`` is the file's on it; ``pid`` that of the process that serves."""

    name: str
    port: int
    path: str
    pid: int
    said: Path | None = None
    """What it printed: JSON lines."""
    pids: list[int] = field(default_factory=list)
    watched: bool = False
    """It watches its own event loop, and says so when that is late."""

    def cpu(self) -> float:
        """Processor seconds so far, of all its processes."""
        return sum(cpu_of(pid) for pid in self.pids or [self.pid])

    def state(self) -> dict[str, Any]:
        """Headrace's only torrent, as its API tells it."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/torrents", timeout=10) as answer:
            state: dict[str, Any] = json.load(answer)["torrents"][0]
            return state


def content(folder: Path, size: int) -> Content:
    """A file of random bytes and its torrent; made once."""
    folder.mkdir(parents=True, exist_ok=True)
    torrent = folder / f"film-{size}.torrent"
    if not torrent.exists():
        source = folder / "film.mkv"
        with source.open("wb") as file:
            for _ in range(0, size, PIECE):
                file.write(os.urandom(PIECE))
        data = make_torrent(source, piece_length=PIECE)
        home = folder / "data" / info_hash_of(data)
        home.mkdir(parents=True)
        source.rename(home / source.name)
        torrent.write_bytes(data)
    info_hash = info_hash_of(torrent.read_bytes())
    return Content(folder / "data" / info_hash / "film.mkv", torrent, info_hash, size)


@contextlib.contextmanager
def headrace(
    made: Content, folder: Path, *, program: Sequence[str] = HEADRACE, peers: Sequence[tuple[str, int]] = ()
) -> Iterator[Served]:
    """Headrace with this torrent, its data under ``folder``; ready when it is whole, or at once if it has peers."""
    words = [*program, "play", str(made.torrent), "--player", "none", "--json", "--no-dht", "--port", "0"]
    words += ["--timeout", "0"]  # nobody else has this torrent
    words += ["--peer-port", str(free_port()), "--dir", str(folder)]
    for host, port in peers:
        words += ["--peer", f"{host}:{port}"]
    said = folder / "said.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    with said.open("wb") as output, (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(words, stdout=output, stderr=errors, cwd=ROOT)
    try:
        url = urlsplit(_awaited(process, said, "serving")["url"])
        assert url.port is not None
        served = Served("headrace", url.port, url.path, process.pid, said, watched=program == INSIDE)
        while not peers and served.state()["progress"] < 1.0:
            time.sleep(0.1)
        yield served
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def events(said: Path, name: str) -> list[dict[str, Any]]:
    """What a server said so far, of one kind. A last line that is not yet whole is left out."""
    lines = said.read_bytes().splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return [event for event in found if event["event"] == name]


def _awaited(process: subprocess.Popen[bytes], said: Path, name: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for event in events(said, name):
            return event
        time.sleep(0.02)
    raise RuntimeError(f"the server never said {name!r}: see {said.parent}")


@contextlib.contextmanager
def nginx(made: Content, folder: Path) -> Iterator[Served]:
    """The nginx of the system with one worker and sendfile."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""  # else its worker may not read the work folder
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(user=user, folder=folder, port=port, root=made.file.parent))
    words = [program("nginx"), "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        worker = _worker(process.pid)
        yield Served("nginx", port, f"/{made.file.name}", worker, pids=[process.pid, worker])
    finally:
        process.terminate()
        process.wait(20)


def program(name: str) -> str:
    """Where a program is; Debian keeps nginx out of ordinary users' PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is missing: apt install {'nginx-light' if name == 'nginx' else name}")
    return found


def _worker(master: int) -> int:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.01)
    raise RuntimeError("nginx has no worker")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def faults_of(pid: int) -> int:
    """Pages that a process's first thread had to wait for (proc(5): majflt)."""
    return int(Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()[9])


def cpu_of(pid: int) -> float:
    """Processor seconds of a process with all its threads, those too that have ended (proc(5): utime, stime)."""
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")
