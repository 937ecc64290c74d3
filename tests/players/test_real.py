"""Real mpv, VLC and MPlayer play a real file from a server that answers ranges."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import PlayerError
from headrace.players.base import Media, PlayerState, launch

pytestmark = pytest.mark.e2e

QUIET = {
    "mpv": ("--vo=null", "--ao=null"),
    "vlc": ("--intf=dummy", "--vout=dummy", "--aout=dummy"),
    "mplayer": ("-vo", "null", "-ao", "null"),
}


@pytest.fixture(params=["mpv", "vlc", "mplayer"])
def player(request: pytest.FixtureRequest) -> str:
    name: str = request.getfixturevalue(f"real_{request.param}")
    return name


@pytest.fixture
def socket_path(home: Path) -> str:
    """A socket that the test, too, may use."""
    return str(home / "mpv.sock")


async def mpv_property(path: str, name: str) -> Any:
    reader, writer = await asyncio.open_unix_connection(path)
    with contextlib.closing(writer):
        writer.write(json.dumps({"command": ["get_property", name], "request_id": 7}).encode() + b"\n")
        async for line in reader:
            answer = json.loads(line)
            if answer.get("request_id") == 7:
                return answer.get("data")
    raise AssertionError("no answer")


def playing(position: float) -> Any:
    return lambda state: state.state == "playing" and state.position is not None and state.position >= position


async def test_it_starts_where_asked_reports_seeks_and_ends(player: str, server: Any, seen: Any) -> None:
    url = server.url("clip.mkv")
    running = await launch(player, Media(url, "A film", 5.5, extra=QUIET[player]), seen)
    assert running.name == player
    assert seen.states[0] == PlayerState("starting", path=url)
    first = await seen.until(playing(0))
    assert 5.0 <= first.position <= 9.0
    assert first.duration == pytest.approx(20, abs=0.5)
    assert first.path == url
    later = await seen.until(playing(first.position + 0.8))
    assert later.position < 12
    assert await running.seek(17)
    after = await seen.until(playing(16.5))
    assert after.position <= 19
    assert await asyncio.wait_for(running.wait(), 60) == 0
    assert seen.states[-1].state == "ended"
    assert seen.states[-1].position > 17
    assert {name for name in seen.names() if name == "failed"} == set()


async def test_stop_ends_it_soon(player: str, server: Any, seen: Any) -> None:
    running = await launch(player, Media(server.url("clip.mkv"), extra=QUIET[player]), seen)
    await seen.until(playing(0))
    began = time.monotonic()
    await running.stop()
    assert time.monotonic() - began < 3
    assert await running.wait() == 0
    assert seen.states[-1].state == "ended"
    assert not await running.seek(3)


async def test_stop_ends_it_while_it_waits_for_bytes(player: str, server: Any, seen: Any) -> None:
    server.hold = 1000
    running = await launch(player, Media(server.url("clip.mkv"), extra=QUIET[player]), seen)
    async with asyncio.timeout(60):
        while not server.requests:
            await asyncio.sleep(0.01)
    began = time.monotonic()
    await running.stop()
    assert time.monotonic() - began < 3
    assert await running.wait() == 0


async def test_what_is_no_video_fails(player: str, server: Any, seen: Any) -> None:
    media = Media(server.url("bad.mkv"), extra=QUIET[player])
    with contextlib.suppress(PlayerError):  # when it ends before it could be asked anything
        running = await launch(player, media, seen)
        assert await asyncio.wait_for(running.wait(), 60) != 0
    assert seen.states[-1].state == "failed"
    assert seen.states[-1].detail
    assert "s3cret" not in seen.states[-1].detail


async def test_a_playlist_plays_all_and_only_the_first_from_the_middle(player: str, server: Any, seen: Any) -> None:
    if player == "mplayer":
        pytest.skip("MPlayer is told the start of single files only")
    entries = [server.url("clip.mkv"), server.url("clip.mkv") + "&second"]
    server.files["list.m3u8"] = "\n".join(["#EXTM3U", *[f"#EXTINF:20,E\n{entry}" for entry in entries], ""]).encode()
    media = Media(server.url("list.m3u8"), start=17, playlist=True, extra=QUIET[player])
    running = await launch(player, media, seen)
    first = await seen.until(playing(16.5))
    assert first.path == entries[0]
    second = await seen.until(lambda state: state.path == entries[1] and state.state == "playing")
    assert second.position < 5
    ended = [state for state in seen.states if state.state == "ended"]
    assert [state.path for state in ended] == [entries[0]]
    assert ended[0].position > 17
    await running.stop()


@pytest.mark.parametrize("playlist", [False, True])
async def test_mpv_plays_a_part_of_a_length(real_mpv: str, server: Any, seen: Any, playlist: bool) -> None:
    entries = [server.url("clip.mkv"), server.url("clip.mkv") + "&second"]
    server.files["list.m3u8"] = "\n".join(["#EXTM3U", *entries, ""]).encode()
    url = server.url("list.m3u8") if playlist else entries[0]
    media = Media(url, start=9, playlist=playlist, extra=(*QUIET["mpv"], "--length=1"))
    running = await launch("mpv", media, seen)
    assert await asyncio.wait_for(running.wait(), 60) == 0
    ends = {state.path: state.position for state in seen.states if state.state == "ended"}
    expected = {entries[0]: pytest.approx(10, abs=0.5)} | ({entries[1]: pytest.approx(1, abs=0.5)} if playlist else {})
    assert ends == expected


async def test_mpv_waiting_for_bytes_is_buffering_and_goes_on(real_mpv: str, server: Any, seen: Any) -> None:
    server.rate = len(server.files["clip.mkv"]) / 10  # twice as fast as it plays
    running = await launch("mpv", Media(server.url("clip.mkv"), extra=QUIET["mpv"]), seen)
    await seen.until(playing(0))
    server.hold = 0
    state = await seen.until(lambda state: state.state == "buffering", after=len(seen.states))
    told = len(seen.states)
    server.release.set()
    await seen.until(playing(state.position + 0.5), after=told)
    await running.stop()


async def test_vlc_waiting_for_bytes_is_buffering_and_goes_on(real_vlc: str, server: Any, seen: Any) -> None:
    server.rate = len(server.files["clip.mkv"]) / 10  # twice as fast as it plays
    running = await launch("vlc", Media(server.url("clip.mkv"), extra=QUIET["vlc"]), seen)
    await seen.until(playing(0))
    server.hold = 0
    state = await seen.until(lambda state: state.state == "buffering")
    told = len(seen.states)
    server.release.set()
    await seen.until(playing(state.position + 0.5), after=told)
    await running.stop()


async def test_mpv_has_the_title_and_the_subtitles(
    real_mpv: str, server: Any, seen: Any, subtitles: Path, socket_path: str
) -> None:
    media = Media(
        server.url("clip.mkv"),
        "Ämelie\n – the film",
        subtitles=(str(subtitles), server.url("clip.en.srt")),
        extra=(*QUIET["mpv"], f"--input-ipc-server={socket_path}"),
    )
    running = await launch("mpv", media, seen)
    await seen.until(playing(0))
    assert await running.add_subtitles([str(subtitles)])
    assert not await running.add_subtitles(["/nowhere/x.srt"])
    assert await mpv_property(socket_path, "media-title") == "Ämelie – the film"
    tracks = [track for track in await mpv_property(socket_path, "track-list") if track["type"] == "sub"]
    assert [track["external-filename"] for track in tracks] == [
        str(subtitles),
        server.url("clip.en.srt"),
        str(subtitles),
    ]
    assert [track["selected"] for track in tracks] == [True, False, False]
    await running.stop()


async def test_mpv_started_before_there_is_a_video(
    real_mpv: str, server: Any, seen: Any, subtitles: Path, socket_path: str
) -> None:
    server.hold = 0
    extra = (*QUIET["mpv"], f"--input-ipc-server={socket_path}")
    running = await launch("mpv", Media(server.url("clip.mkv"), extra=extra), seen)
    assert await asyncio.wait_for(running.add_subtitles([str(subtitles)]), 60)
    server.release.set()
    await seen.until(playing(0.5))
    tracks = await mpv_property(socket_path, "track-list")
    assert [track["selected"] for track in tracks if track["type"] == "sub"] == [True]
    await running.stop()


async def test_mpv_paused_by_its_user(real_mpv: str, server: Any, seen: Any, socket_path: str) -> None:
    extra = (*QUIET["mpv"], f"--input-ipc-server={socket_path}")
    running = await launch("mpv", Media(server.url("clip.mkv"), extra=extra), seen)
    await seen.until(playing(0))
    _, writer = await asyncio.open_unix_connection(socket_path)
    writer.write(b'{"command": ["set_property", "pause", true]}\n')
    await seen.until(lambda state: state.state == "paused")
    writer.write(b'{"command": ["quit"]}\n')
    assert await asyncio.wait_for(running.wait(), 60) == 0
    assert seen.states[-1].state == "ended"
    writer.close()


async def test_mpv_with_a_wrong_argument_is_a_player_error(real_mpv: str, server: Any, seen: Any) -> None:
    with pytest.raises(PlayerError, match=r"mpv ended at once: .*nosuch"):
        await launch("mpv", Media(server.url("clip.mkv"), extra=("--nosuch=1",)), seen)


async def test_vlc_has_the_title_and_the_subtitles(real_vlc: str, server: Any, seen: Any, subtitles: Path) -> None:
    sources = (str(subtitles), server.url("clip.en.srt"))
    media = Media(server.url("clip.mkv"), "A film", subtitles=sources, extra=QUIET["vlc"])
    running: Any = await launch("vlc", media, seen)
    await seen.until(playing(0))

    async def about() -> tuple[str, int]:
        found = (await running._link._get("status"))["information"]["category"]
        return found["meta"].get("title"), sum(stream.get("Type") == "Subtitle" for stream in found.values())

    async def has(count: int) -> None:
        async with asyncio.timeout(60):
            while await about() != ("A film", count):
                await asyncio.sleep(0.05)

    await has(2)
    assert await running.add_subtitles([str(subtitles)])
    await has(3)
    first = Media(server.url("clip.mkv"), subtitles=(str(subtitles),), extra=QUIET["vlc"])
    await running.stop()
    told = len(seen.states)
    running = await launch("vlc", first, seen)
    await seen.until(playing(0), after=told)
    assert (await about())[1] == 1
    await running.stop()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root is refused")
async def test_vlc_says_itself_that_it_refuses_root(server: Any, seen: Any, real_vlc: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"].split(os.pathsep, 1)[1])
    with pytest.raises(PlayerError, match="not supposed to be run as root"):
        await launch("vlc", Media(server.url("clip.mkv"), extra=QUIET["vlc"]), seen)


async def test_a_command_line_with_the_real_mpv(seen: Any, server: Any, real_mpv: str) -> None:
    command = f"mpv {' '.join(QUIET['mpv'])} --no-config --force-media-title={{title}} --start={{start}} {{url}}"
    running = await launch(command, Media(server.url("clip.mkv"), "T x", 18), seen)
    assert running.name == "mpv"
    assert await asyncio.wait_for(running.wait(), 60) == 0
    assert seen.names() == ["starting", "playing", "ended"]
