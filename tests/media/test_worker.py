"""The child alone: what it says, and what it cannot do."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.media import worker
from headrace.media.worker import ANSWER, FAILED, HEADER, READ, TOLD, Channel, Remote

SOURCES = str(Path(worker.__file__).parents[2])
ENVIRONMENT = {**os.environ, "PYTHONPATH": SOURCES}


class Fetcher:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def fetch(self, offset: int, size: int) -> bytes:
        self.asked.append((offset, size))
        return self.data[offset : offset + min(size, 5)]  # as at the border of a piece


def test_a_file_that_is_elsewhere() -> None:
    there = Fetcher(b"0123456789")
    file = Remote(there, 10)  # type: ignore[arg-type]
    assert (file.seek(-3, io.SEEK_END), file.read(8), file.read(8)) == (7, b"789", b"")
    assert (file.seek(2), file.read(4), file.tell()) == (2, b"2345", 6)
    assert file.seek(-50, io.SEEK_CUR) == 0
    assert (file.read(), file.tell()) == (b"01234", 5)
    assert (file.seek(99), file.read(1)) == (99, b"")
    assert there.asked == [(7, 3), (2, 4), (0, 10)], "nothing is asked for beyond the end"


def test_messages() -> None:
    here, there = os.pipe(), os.pipe()
    channel = Channel(here[0], there[1])
    os.write(here[1], ANSWER.pack(3) + b"abc" + ANSWER.pack(0))
    assert channel.fetch(1 << 40, 7) == b"abc"
    assert channel.fetch(2, 1) == b""
    channel.tell(FAILED, b"why")
    assert (
        os.read(there[0], 999)
        == HEADER.pack(READ, 1 << 40, 7) + HEADER.pack(READ, 2, 1) + HEADER.pack(FAILED, 0, 3) + b"why"
    )
    for end in (*here, *there):
        os.close(end)


def talk(data: bytes, formats: str = "mov,matroska") -> tuple[bytes, bytes, list[tuple[int, int]]]:
    """Serve a child until it tells; what it told and what it read."""
    argv = [sys.executable, "-P", "-m", "headrace.media.worker", str(len(data)), formats]
    reads = []
    with subprocess.Popen(argv, stdin=-1, stdout=-1, env=ENVIRONMENT) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        while True:
            what, offset, size = HEADER.unpack(child.stdout.read(HEADER.size))
            if what != READ:
                told = child.stdout.read(size)
                assert child.wait(10) == 0
                return what, told, reads
            reads.append((offset, size))
            some = data[offset : offset + size]
            child.stdin.write(ANSWER.pack(len(some)) + some)
            child.stdin.flush()


def test_a_film_is_told_from_a_few_reads(film: Path) -> None:
    data = film.read_bytes()
    what, told, reads = talk(data)
    found = json.loads(told)
    assert what == TOLD
    assert [track["codec"] for track in found["tracks"]] == ["h264", "aac"]
    assert sum(size for _, size in reads) < 250_000 < len(data)
    assert max(offset for offset, _ in reads) > len(data) // 2, "its index is at the end"


def test_only_the_formats_that_were_named(film: Path) -> None:
    assert talk(film.read_bytes(), "matroska")[0] == FAILED


def test_it_ends_with_its_parent() -> None:
    argv = [sys.executable, "-P", "-m", "headrace.media.worker", "1000", "mov"]
    child = subprocess.Popen(argv, stdin=-1, stdout=-1, env=ENVIRONMENT)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.read(HEADER.size)[:1] == READ
    if sys.platform == "linux":
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        for what in ("Max open files", "Max processes", "Max file size"):
            assert re.search(rf"^{what} +0 +0 ", limits, re.MULTILINE), "it is confined before it sees a byte"
        opened = {os.readlink(f"/proc/{child.pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{child.pid}/fd")}
        assert opened == {"/dev/null", "pipe"}
    child.stdin.close()
    assert child.wait(10) == 1
    child.stdout.close()


ATTEMPTS = """
import json, os, socket, subprocess, sys
from headrace.media import worker
av = worker.whole_av()
worker.confine(memory=400 << 20)
def attempt(call):
    try:
        return repr(call())
    except BaseException as error:
        return type(error).__name__
print(json.dumps({
    "read": attempt(lambda: open("/etc/passwd")),
    "list": attempt(lambda: os.listdir("/")),
    "socket": attempt(lambda: socket.socket()),
    "pipe": attempt(lambda: os.pipe()),
    "run": attempt(lambda: subprocess.run(["true"])),
    "av": attempt(lambda: av.open("/etc/passwd")),
    "memory": attempt(lambda: len(bytearray(500 << 20))),
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its limits are those of Linux")
def test_what_is_confined_can_do_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-c", ATTEMPTS], capture_output=True, env=ENVIRONMENT, timeout=30, check=True, text=True
    )
    assert json.loads(run.stdout) == {
        "read": "OSError",
        "list": "OSError",
        "socket": "OSError",
        "pipe": "OSError",
        "run": "OSError",
        "av": "OSError",
        "memory": "MemoryError",
    }


BUSY = """
from headrace.media import worker
worker.confine(processor=1)
while True: pass
"""
WRITING = """
import os, signal
from headrace.media import worker
there = os.open("written", os.O_RDWR)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
worker.confine()
os.write(there, b"x")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its limits are those of Linux")
@pytest.mark.parametrize(("code", "ends"), [(BUSY, {signal.SIGKILL, signal.SIGXCPU}), (WRITING, {signal.SIGXFSZ})])
def test_who_does_too_much_is_killed(tmp_path: Path, code: str, ends: set[int]) -> None:
    (tmp_path / "written").write_bytes(b"")
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, timeout=30)
    assert -run.returncode in ends
    assert (tmp_path / "written").read_bytes() == b""


ORDINARY = """
import json, os, sys
from headrace.media import worker
from headrace.media.probe import formats_for
av = worker.whole_av()
names = sys.argv[1:]
there = {name: os.open(name, os.O_RDONLY) for name in names}
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
worker.confine()
class Here:
    def __init__(self, name): self.name = name
    def fetch(self, offset, size): return os.pread(there[self.name], size, offset)
def tracks(name):
    file = worker.Remote(Here(name), os.fstat(there[name]).st_size)
    return len(worker.look(av, file, formats_for(name))["tracks"])
try:
    os.fork()
except OSError:
    print(json.dumps({name: tracks(name) for name in names}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its limits are those of Linux")
def test_an_ordinary_user_needs_no_second_thread_either(shelf: Path) -> None:
    """Root may start processes whatever the limit says, so a look that needs one would fail for all others alone."""
    counts = {"rich.mkv": 4, "plain.ts": 2, "plain.avi": 2, "first.mp4": 2, "cover.mp3": 2, "plain.aac": 1}
    run = subprocess.run(
        [sys.executable, "-c", ORDINARY, *counts],
        cwd=shelf, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert json.loads(run.stdout) == counts


def test_a_playlist_is_not_followed() -> None:
    with pytest.raises(PermissionError):
        worker.refuse("file:///etc/passwd", 1, {})
