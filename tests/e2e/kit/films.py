"""Short films, and pictures out of them."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from pathlib import Path

from headrace.media import testcard

SECONDS = 60
"""Length of each but the long ones; about 15 MB at a steady 2 Mbit/s, a keyframe every two seconds."""
REPEATS = 3
"""How often a long film shows the same, for large pieces."""


def seconds_of(name: str) -> int:
    """The length of a film."""
    return SECONDS * (REPEATS if name.startswith("long") else 1)


def make_films(folder: Path) -> None:
    """The same film in each container: MP4 with the index in front and at the end, Matroska with Cues at the end."""
    original = folder / "last.mp4"
    testcard.make(original, SECONDS)
    for name, before, after in (
        ("first.mp4", [], ["-movflags", "+faststart"]),
        ("film.mkv", [], []),
        ("long.mkv", ["-stream_loop", str(REPEATS - 1)], []),
        ("long.mp4", ["-stream_loop", str(REPEATS - 1)], []),
    ):
        argv = ["ffmpeg", "-v", "error", *before, "-i", str(original), "-map", "0", "-c", "copy", *after]
        subprocess.run([*argv, str(folder / name)], check=True, timeout=60)


async def picture(source: str | Path, seconds: float, *, within: float = 30) -> bytes:
    """The picture at ``seconds``, small and grey, as ffmpeg decodes it after seeking there."""
    ffmpeg = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", "-nostdin", "-ss", f"{seconds:.3f}", "-i", str(source), "-frames:v", "1"),
        *("-an", "-s", "64x36", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(ffmpeg.communicate(), within)
    finally:
        if ffmpeg.returncode is None:
            ffmpeg.kill()
            await ffmpeg.wait()
    assert len(out) == 64 * 36, err.decode()
    return out


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def talking(film: Path, folder: Path, seconds: int = SECONDS) -> Path:
    """The film as Matroska, with a line each second in two tracks: English as SubRip, German as ASS at the top."""
    for name, text in (("en", "<i>Line</i>"), ("de", r"{\an8}Zeile")):
        lines = [f"{n + 1}\n{_clock(n)},100 --> {_clock(n)},900\n{text} {n}\n" for n in range(seconds)]
        (folder / f"{name}.srt").write_text("\n".join(lines))
    argv = (
        *("ffmpeg", "-v", "error", "-i", str(film), "-i", "en.srt", "-i", "de.srt"),
        *("-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s:0", "srt", "-c:s:1", "ass"),
        *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger"),
        *("-disposition:s:0", "0", "-disposition:s:1", "0", "-cluster_time_limit", "1000", "talking.mkv"),
    )
    subprocess.run(argv, cwd=folder, check=True, timeout=60)
    return folder / "talking.mkv"


def _clock(seconds: int) -> str:
    return f"00:{seconds // 60:02}:{seconds % 60:02}"
