"""Short films."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.media import testcard, worker

sys.path.insert(0, str(Path(__file__).parent))  # for ``mediakit``

CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1500
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1500
END=4000
title=Zwei
"""
SUBTITLES = "1\n00:00:01,000 --> 00:00:02,000\nHi\n"


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s of MP4, its index at the end."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    testcard.make(path, 4)
    return path


@pytest.fixture(scope="session")
def shelf(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film in other containers, among them ``rich.mkv``, which has a bit of everything."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to make films with")
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "chapters.txt").write_text(CHAPTERS)
    (folder / "a.srt").write_text(SUBTITLES)
    one = ("-i", str(film), "-c", "copy")
    for arguments in (
        ("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", "cover.png"),
        (*one, "plain.mkv"),
        (*one, "plain.avi"),
        (*one, "plain.ts"),
        (*one, "-movflags", "+faststart", "first.mp4"),
        ("-i", str(film), "-vn", "plain.mp3"),
        ("-i", str(film), "-vn", "-c", "copy", "plain.aac"),
        ("-i", "plain.mp3", "-i", "cover.png", "-map", "0", "-map", "1", "-c", "copy",
         "-disposition:v:0", "attached_pic", "cover.mp3"),
        ("-i", str(film), "-i", "a.srt", "-i", "chapters.txt", "-map", "0", "-map", "0:a", "-map", "1",
         "-map_metadata", "2", "-c", "copy", "-c:s", "srt", "-metadata:s:a:0", "language=ger",
         "-metadata:s:a:1", "language=eng", "-metadata:s:a:1", "title=Director's <b>cut</b>",
         "-disposition:a:1", "0", "-disposition:s:0", "forced", "-metadata:s:s:0", "language=fre",
         "-attach", "a.srt", "-metadata:s:t", "mimetype=application/x-truetype-font", "rich.mkv"),
    ):  # fmt: skip
        subprocess.run(["ffmpeg", "-v", "error", *arguments], cwd=folder, check=True, timeout=60)
    return folder


SWEEP = "aevalsrc='0.3*sin(2*PI*(200+150*t)*t)+0.2*sin(2*PI*3000*t)':s=48000:d=14"
"""Sound that never repeats, so that a shift of it shows."""


@pytest.fixture(scope="session")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films of 14 s that can be cut: ``two`` has a keyframe every 2 s, B-frames, and sound in AAC and AC-3."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to make films with")
    folder = tmp_path_factory.mktemp("cuts")
    picture = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=24000/1001:d=14")
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-b_strategy", "0")
    for arguments in (
        (*picture, "-f", "lavfi", "-i", SWEEP, "-map", "0:v", "-map", "1:a", "-map", "1:a", *h264, "-g", "48",
         "-c:a:0", "aac", "-c:a:1", "ac3", "-b:a", "256k", "-metadata:s:a:0", "language=eng",
         "-metadata:s:a:1", "language=ger", "-metadata:s:a:1", "title=Director's \"cut\"", "two.mkv"),
        ("-i", "two.mkv", "-map", "0", "-c", "copy", "two.mp4"),
        (*picture, "-t", "5", *h264, "-g", "1", "edit.mp4"),
        (*picture, *h264, "-g", "48", "-x264-params", "open-gop=1", "open.mkv"),
        (*picture, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-g", "100", "vp9.webm"),
        ("-i", "two.mkv", "-map", "0:v", "-map", "0:a:0", "-c:v", "copy", "-c:a", "libopus", "opus.mkv"),
        ("-i", "two.mkv", "-map", "0:v", "-map", "0:a:0", "-c:v", "copy", "-c:a", "flac", "flac.mkv"),
        ("-i", "two.mkv", "-map", "0:v", "-map", "0:a:0", "-c:v", "copy", "-c:a", "libmp3lame", "mp3.mkv"),
        ("-i", "two.mkv", "-map", "0:v", "-map", "0:a:1", "-c:v", "copy", "-c:a", "dca", "-strict", "-2", "dts.mkv"),
        ("-i", "two.mkv", "-map", "0:v", "-c", "copy", "plain.ts"),
        (*picture, "-t", "1", "-c:v", "mpeg4", "old.avi"),
        (*picture, "-t", "1", "-c:v", "mpeg4", "old.mkv"),
    ):  # fmt: skip
        subprocess.run(["ffmpeg", "-v", "error", *arguments], cwd=folder, check=True, timeout=60)
    return folder


SAY = """
import struct, sys
def say(*message):
    sys.stdout.buffer.write(struct.pack(">cQI", *message)); sys.stdout.flush()
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a child of this code, which can ``say`` a message, in the place of ours."""

    def put(code: str) -> None:
        (tmp_path / "fake_worker.py").write_text(SAY + code)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(worker, "__name__", "fake_worker")

    return put
