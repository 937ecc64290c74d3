"""Short films."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from headrace.media import testcard

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
