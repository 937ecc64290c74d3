"""HLS over a real swarm: ffmpeg as a client, and a browser with more than one audio track."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from pathlib import Path

import aiohttp
import pytest
from kit.stack import Stack, stack

from headrace.testing.local_swarm import LocalSwarm, SeedSpec

pytestmark = pytest.mark.e2e

PIECE = 64 * 1024


@pytest.fixture(scope="module")
def two(films: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen seconds in Matroska with two audio tracks: English in AAC, German in AC-3."""
    made = tmp_path_factory.mktemp("two") / "two.mkv"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-t", "16", "-i", str(films["film.mkv"])),
            *("-f", "lavfi", "-i", "sine=880:r=48000:d=16", "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c", "copy"),
            *("-c:a:1", "ac3", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"),
            *("-disposition:a:0", "default", str(made)),
        ],
        check=True,
        timeout=60,
    )
    return made


def master(running: Stack, index: str = "0") -> str:
    return f"http://127.0.0.1:{running.server.port}/hls/{running.torrent.info_hash}/{index}/master.m3u8"


async def shell(*argv: str, within: float = 60) -> str:
    process = await asyncio.create_subprocess_exec(*argv, stdout=-1, stderr=-1)
    try:
        out, err = await asyncio.wait_for(process.communicate(), within)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_ffmpeg_plays_all_of_it_from_the_swarm(two: Path, data: Path) -> None:
    """Begun before the film is there: each picture of the source, in its order, none twice."""
    async with LocalSwarm(two, piece_length=PIECE, rate=4_000_000) as swarm, stack(swarm.magnet, data) as running:
        await running.torrent.metadata(20)
        url = master(running, "main")
        hashes = ("-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-")
        sent = await shell("ffmpeg", "-v", "error", "-xerror", "-i", url, *hashes)
        source = await shell("ffmpeg", "-v", "error", "-i", str(two), *hashes)
        pictures = [[line.rsplit(",", 1)[1] for line in text.splitlines() if line[0] != "#"] for text in (sent, source)]
        assert pictures[0] == pictures[1]
        assert len(pictures[0]) == 384
        listed = await shell(
            "ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time", "-of", "csv=p=0", url
        )
        rows = [line.strip(",").split(",") for line in listed.split()]
        times = sorted(float(time) for kind, time in rows if kind == "video")
        steps = [after - before for before, after in itertools.pairwise(times)]
        assert steps == pytest.approx([1 / 24] * len(steps), abs=0.002)
        sounds = [float(time) for kind, time in rows if kind == "audio"]
        assert len(sounds) == pytest.approx(16 / (1024 / 44_100) + 16 / (1024 / 48_000), abs=8), "two tracks"


async def test_the_end_of_a_film_of_which_only_the_start_is_there(
    two: Path, data: Path, client: aiohttp.ClientSession
) -> None:
    """Nobody has what lies between: the segments need no byte of it, however long they take to be made."""
    pieces = -(-two.stat().st_size // PIECE)
    there = (*range(pieces // 4), *range(pieces * 5 // 8, pieces))
    seeds = [SeedSpec(rate=300_000, have=there) for _ in range(4)]
    async with LocalSwarm(two, piece_length=PIECE, seeds=seeds) as swarm, stack(swarm.magnet, data) as running:
        await running.torrent.metadata(20)
        base = master(running).rpartition("/")[0]
        for path in ("master.m3u8", "v0/init.mp4", "v0/3.m4s", "a2/3.m4s"):
            async with client.get(f"{base}/{path}") as response:
                assert response.status == 200, await response.text()
                assert len(await response.read()) > 300
        assert running.share < 0.8
        conductor = running.torrent.conductor
        assert conductor is not None
        assert not conductor.places
