"""Which bytes were read."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bench.reads import STEP, merge, range_of, read, unread

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:D431 0100007F:1F90 01 00000000:00000100 02:000A 00000000     0        0 2 2
   2: 0100007F:1F90 0100007F:D431 01 00000200:00000000 01:0014 00000000     0        0 3 3
"""


def test_unread_bytes_of_a_socket() -> None:
    assert unread(TABLE, 0xD431) == 256
    assert unread(TABLE, 0x1F90) == 0  # the connection, not the listening socket
    assert unread(TABLE, 4711) is None


def test_ranges_that_ffmpeg_sends() -> None:
    assert range_of(None, 100) == (0, 100)
    assert range_of("bytes=40-", 100) == (40, 100)
    assert range_of("bytes=40-49", 100) == (40, 50)
    assert range_of("bytes=40-400", 100) == (40, 100)


def test_what_goes_on_is_one_range() -> None:
    assert merge([[0, 10], [10, 20], [5, 5], [40, 50], [0, 10]]) == [(0, 20), (40, 50), (0, 10)]


@pytest.mark.skipif(not sys.platform.startswith("linux") or not shutil.which("ffmpeg"), reason="needs Linux and ffmpeg")
def test_a_frame_takes_a_part_of_a_film(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    words = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=25,noise=alls=40:allf=t",
        "-t",
        "8",
        "-c:v",
        "mpeg4",
        "-q:v",
        "2",
        "-g",
        "25",
    ]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *words, str(film)], check=True, timeout=60)
    size = film.stat().st_size
    start = read(film)
    assert start.spans[0][0] == 0
    assert STEP <= sum(b - a for a, b in start.spans) < size / 2
    late = read(film, 6.0)
    assert any(a > size / 2 for a, _ in late.spans)
    assert 0 < late.own < 10
