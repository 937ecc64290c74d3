"""``headrace play`` with real players, from the magnet link to the end of the film."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from kit.command import Headrace, events
from kit.films import SECONDS
from kit.network import free_port
from kit.stack import stack
from kit.waiting import eventually

from headrace.library.library import Library
from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
MPV = ("--player", "mpv", "--json", "--port", "0")
QUIET = ("--", "--no-config", "--vo=null", "--ao=null")
NOBODY_ID = 65534
PASSWORD = "Basic " + base64.b64encode(b":x").decode()


async def test_mpv_plays_to_the_end(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with LocalSwarm(films["last.mp4"], rate=500_000, piece_length=PIECE) as swarm:
        ended = await headrace.run("play", *MPV, "--dir", str(data), "--start", "54", swarm.magnet, *QUIET)
    assert ended.code == 0, ended
    told = events(ended)
    states = [event["state"] for event in told if event["event"] == "player"]
    assert states[0] == "starting"
    assert "playing" in states
    assert states[-1] == "ended"
    positions = [event["position"] for event in told if event["event"] == "progress" and event["position"]]
    assert positions[0] == pytest.approx(55, abs=2)
    assert positions[-1] > SECONDS - 3
    names = [event["event"] for event in told]
    assert {"starting", "metadata", "selected", "serving", "ready", "progress"} <= set(names)
    assert names[-1] == "done"
    assert told[-1]["played_seconds"] == pytest.approx(6, abs=2)
    assert list(data.rglob("last.mp4")), "kept"


async def test_no_keep_leaves_nothing(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with LocalSwarm(films["first.mp4"], rate=1_000_000, piece_length=PIECE) as swarm:
        ended = await headrace.run("play", *MPV, "--dir", str(data), "--no-keep", "--start", "58", swarm.magnet, *QUIET)
        info_hash = swarm.info_hash
    assert ended.code == 0, ended
    (library,) = [path for path in data.rglob("*") if path.is_file()]
    assert library.name == "library.db"
    assert not any(word in library.read_bytes() for word in (b"first.mp4", info_hash.encode()))
    assert [path.name for path in data.iterdir()] in ([], [".headrace"])


@pytest.fixture
def season(tmp_path: Path, films: dict[str, Path]) -> Path:
    """Two episodes, and subtitles for the first."""
    folder = tmp_path / "Show S01"
    (folder / "Subs").mkdir(parents=True)
    (folder / "Show.S01E02.mp4").write_bytes(films["first.mp4"].read_bytes())
    (folder / "Show.S01E01.mkv").write_bytes(films["film.mkv"].read_bytes())
    text = "1\n00:00:00,000 --> 00:00:59,000\nHello\n"
    (folder / "Show.S01E01.en.srt").write_text(text)
    (folder / "Subs" / "Show.S01E01.de.srt").write_text(text)
    return folder


async def ask_mpv(path: Path, name: str) -> object:
    return await command_mpv(path, "get_property", name)


async def command_mpv(path: Path, *words: str) -> object:
    reader, writer = await asyncio.open_unix_connection(path)
    with contextlib.closing(writer):
        writer.write(json.dumps({"command": words, "request_id": 1}).encode() + b"\n")
        async for line in reader:
            answer = json.loads(line)
            if answer.get("request_id") == 1:
                return answer.get("data")
    return None


async def is_heard(path: Path) -> bool:
    """Whether an mpv listens there."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


async def test_subtitles_beside_the_film_reach_mpv(
    season: Path, data: Path, headrace: Headrace, tmp_path: Path
) -> None:
    path = tmp_path / "mpv"
    async with LocalSwarm(season, rate=1_000_000, piece_length=PIECE) as swarm:
        command = await headrace.start(
            *("play", *MPV, "--dir", str(data), "-f", "S01E01", swarm.magnet),
            *(*QUIET, f"--input-ipc-server={path}", "--keep-open=always"),
        )
        await command.event("player", state="playing")

        async def tracks() -> list[str]:
            found = await ask_mpv(path, "track-list")
            assert isinstance(found, list)
            return [track["external-filename"] for track in found if track["type"] == "sub"]

        async def both() -> bool:
            return len(await tracks()) == 2

        await eventually(both)
        names = [urllib.parse.unquote(url.split("?")[0].rsplit("/", 1)[1]) for url in await tracks()]
        assert set(names) == {"Show.S01E01.en.srt", "Show.S01E01.de.srt"}
        command.signal(signal.SIGINT)  # which ends its mpv too; a kill would leave that behind
        assert (await command.end(20)).code == 130
    assert not path.exists() or not await is_heard(path)


async def test_all_as_a_playlist(season: Path, data: Path, headrace: Headrace, tmp_path: Path) -> None:
    path = tmp_path / "mpv"
    async with LocalSwarm(season, rate=2_000_000, piece_length=PIECE) as swarm:
        command = await headrace.start(
            *("play", *MPV, "--dir", str(data), "--all", swarm.magnet),
            *(*QUIET, f"--input-ipc-server={path}", "--length=2"),
        )
        await command.event("player", state="playing")
        playlist = await ask_mpv(path, "playlist")
        assert isinstance(playlist, list)
        assert [entry["title"] for entry in playlist] == ["Show.S01E01.mkv", "Show.S01E02.mp4"]
        ended = await command.end(40)
    assert ended.code == 0, ended


async def test_each_episode_goes_on_where_it_was_stopped(
    season: Path, data: Path, headrace: Headrace, tmp_path: Path
) -> None:
    path = tmp_path / "mpv"
    async with LocalSwarm(season, rate=2_000_000, piece_length=PIECE) as swarm:
        command = ("play", *MPV, "--dir", str(data), "--all", swarm.magnet, *QUIET, f"--input-ipc-server={path}")
        first = await headrace.start(*command)
        metadata = await first.event("metadata")
        one, two = sorted(f["index"] for f in metadata["files"] if f["kind"] == "video")
        await first.event("player", state="playing")
        first.signal(signal.SIGINT)
        await first.end(20)
        async with await Library.open(data / ".headrace") as library:
            await library.set_position(swarm.info_hash, one, 20.0, SECONDS)
            await library.set_position(swarm.info_hash, two, 40.0, SECONDS)

        again = await headrace.start(*command)
        told = await again.event("going_on", path="Show S01/Show.S01E01.mkv")
        assert told["position"] == 20.0
        await again.events.until(lambda event: event["event"] == "progress" and 20 <= (event["position"] or 0) < 30)
        await command_mpv(path, "playlist-next")
        assert (await again.event("going_on", path="Show S01/Show.S01E02.mp4"))["position"] == 40.0
        await again.events.until(lambda event: event["event"] == "progress" and 40 <= (event["position"] or 0) < 50)
        again.signal(signal.SIGINT)
        assert (await again.end(20)).code == 130


@contextlib.asynccontextmanager
async def vlc(url: str, home: Path) -> AsyncIterator[str]:
    """A VLC as nobody (it refuses root), without a screen; the URL of its HTTP interface."""
    home.mkdir()
    become = []
    if os.geteuid() == 0:
        os.chown(home, NOBODY_ID, NOBODY_ID)
        for folder in [home, *home.parents]:
            folder.chmod(folder.stat().st_mode | 0o055) if folder.stat().st_uid == 0 else None
        become = ["setpriv", f"--reuid={NOBODY_ID}", f"--regid={NOBODY_ID}", "--clear-groups"]
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(*become, "cvlc", "--no-video-title-show", "--vout=dummy", "--aout=dummy"),
        *("--extraintf=http", "--http-host=127.0.0.1", f"--http-port={port}", "--http-password=x", url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(home)},
        start_new_session=True,
    )
    try:
        yield f"http://127.0.0.1:{port}/requests/status.json"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.skipif(not shutil.which("cvlc"), reason="VLC is not installed")
@pytest.mark.parametrize("name", ["last.mp4", "film.mkv"])
async def test_vlc_plays_and_seeks(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, tmp_path: Path, name: str
) -> None:
    async with (
        LocalSwarm(films[name], rate=400_000, piece_length=PIECE) as swarm,
        stack(swarm.magnet, data) as running,
        vlc(running.url(), tmp_path / "nobody") as steering,
    ):

        async def status(**command: str) -> dict[str, object]:
            try:
                async with client.get(steering, params=command, headers={"Authorization": PASSWORD}) as response:
                    return dict(await response.json(content_type=None)) if response.status == 200 else {}
            except aiohttp.ClientError:
                return {}

        async def shows(seconds: float) -> bool:
            """Pictures decoded, at this time or a little later."""
            found = await status()
            stats, time = found.get("stats"), float(str(found.get("time", -10)))
            return isinstance(stats, dict) and bool(stats["decodedvideo"]) and seconds - 2 <= time <= seconds + 4

        await eventually(lambda: shows(0))
        for share in (0.8, 0.25, 0.5):
            assert running.share < 1
            await status(command="seek", val=f"{share * SECONDS:.0f}")
            await eventually(lambda share=share: shows(share * SECONDS))  # type: ignore[misc]
