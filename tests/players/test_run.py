"""Starting, watching and ending, with small programs that behave as badly as players do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import PlayerError
from headrace.players import run, table
from headrace.players.base import Media, PlayerState, launch
from headrace.players.process import spawn
from headrace.players.report import Reporter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs here are shell scripts")
URL = "http://127.0.0.1:1/a.mkv?token=s3cret"
MEDIA = Media(URL, "A film", 5.5)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Makes a program of that name, first on PATH, and gives its path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, script: str) -> str:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


async def written(path: Path) -> str:
    """What a program writes there, once it has."""
    async with asyncio.timeout(10):
        while not path.exists() or not path.read_text().endswith("\n"):
            await asyncio.sleep(0.01)
    return path.read_text()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_command_line_runs_with_the_url(seen: Any, program: Any, tmp_path: Path) -> None:
    told = tmp_path / "told"
    program("show", f'echo "$@" > {told}.new; mv {told}.new {told}; sleep 0.6')
    running = await launch("show --at {start} {url} '{title}'", MEDIA, seen)
    assert await asyncio.wait_for(running.wait(), 60) == 0
    assert told.read_text().strip() == f"--at 5.5 {URL} A film"
    assert [state.state for state in seen.states] == ["starting", "playing", "ended"]
    assert not await running.seek(1)
    assert not await running.add_subtitles(["/x.srt"])


async def test_a_command_that_ends_well_at_once_is_no_error(seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "GRACE", 5.0)
    running = await launch("true {url}", MEDIA, seen)
    assert await asyncio.wait_for(running.wait(), 60) == 0
    assert seen.names() == ["starting", "ended"]


async def test_an_error_at_once_is_a_player_error_with_the_last_words(
    seen: Any, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "GRACE", 5.0)
    program("broken", 'echo start; echo "failed to open $1" >&2; exit 3')
    with pytest.raises(PlayerError) as caught:
        await launch("broken {url}", MEDIA, seen)
    assert caught.value.exit_code == 6
    assert "broken ended at once: failed to open http://127.0.0.1:1/a.mkv." in caught.value.message
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint
    assert seen.states[-1].state == "failed"


async def test_an_error_later_is_a_failed_state_and_the_code(seen: Any, program: Any) -> None:
    program("breaks", "sleep 0.7; echo out of luck; exit 3")
    running = await launch("breaks {url}", MEDIA, seen)
    assert await asyncio.wait_for(running.wait(), 60) == 3
    assert seen.states[-1] == PlayerState("failed", path=URL, detail="out of luck")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("foo", "Unknown player 'foo'"),
        ("mpv http://x", "Unknown player"),
        ("potplayer", "potplayer was not found"),
        ("/nowhere/foo {url}", "foo could not be started"),
        ("foo '{url}", "torn"),
        ("browser", "no screen"),
    ],
)
async def test_what_cannot_be_started(name: str, message: str, seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(PlayerError, match=message) as caught:
        await launch(name, MEDIA, seen)
    assert caught.value.hint


async def test_names_in_capitals_are_known(seen: Any, program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program("mpc-hc", "exit 0")
    running = await launch("MPC-HC", MEDIA, seen)
    assert running.name == "mpc-hc"
    assert await running.wait() == 0


async def test_stop_ends_it_and_is_no_error(seen: Any, program: Any) -> None:
    program("stays", "exec sleep 60")
    running = await launch("stays {url}", MEDIA, seen)
    waiting = asyncio.create_task(running.wait())
    await running.stop()
    assert await asyncio.wait_for(waiting, 1) == 0
    await running.stop()
    assert seen.names() == ["starting", "playing", "ended"]


async def test_stop_kills_what_will_not_go_and_its_children(seen: Any, program: Any, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program("stubborn", f"trap '' TERM; sleep 60 & echo $$ $! > {pids}; while :; do wait; sleep 0.05; done")
    running = await launch("stubborn {url}", MEDIA, seen)
    leader, child = (await written(pids)).split()
    began = time.monotonic()
    await asyncio.gather(running.stop(), running.stop())
    assert time.monotonic() - began < 3
    assert await asyncio.wait_for(running.wait(), 1) == 0
    assert gone(int(leader))
    async with asyncio.timeout(5):
        while not gone(int(child)):  # an orphan now: somebody else reaps it
            await asyncio.sleep(0.01)


async def test_a_cancelled_wait_stops_the_player(seen: Any, program: Any, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program("stays", f"echo $$ > {pid}; exec sleep 60")
    running = await launch("stays {url}", MEDIA, seen)
    number = int(await written(pid))
    waiting = asyncio.create_task(running.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert gone(number)


async def test_a_cancelled_launch_leaves_nothing_behind(seen: Any, program: Any, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program("mpv", f"echo $$ > {pid}; exec sleep 60")  # an mpv that never answers
    launching = asyncio.create_task(launch("mpv", MEDIA, seen))
    number = int(await written(pid))
    launching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await launching
    assert gone(number)
    assert "failed" not in seen.names()


async def test_a_player_that_does_not_answer_still_plays(
    seen: Any, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PATIENCE", 0.2)
    program("mpv", "sleep 0.6")
    running = await launch("mpv", MEDIA, seen)
    assert not await running.seek(3)
    assert await asyncio.wait_for(running.wait(), 60) == 0
    assert seen.names() == ["starting", "ended"]


async def test_a_link_leaves_no_folder_when_the_program_cannot_start(
    seen: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    machine = table.Machine("linux", {}, lambda name: "/nowhere/mpv", lambda path: False)
    monkeypatch.setattr(table, "this_machine", lambda: machine)
    with pytest.raises(PlayerError, match="could not be started"):
        await launch("mpv", MEDIA, seen)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "script", "code", "state"),
    [
        ("mpv", "sleep 0.4; exit 4", 4, "ended"),  # a signal from outside, as mpv tells it
        ("mpv", "sleep 0.4; exit 2", 2, "failed"),
        ("vlc", "echo 'main playlist: end of playlist, exiting'; sleep 0.4; exit 0", 0, "ended"),  # nobody could know
        ("vlc", "sleep 0.4; exit 0", 0, "ended"),  # closed before the first picture
        ("mplayer", "echo 'Playing x.'; sleep 0.4; echo 'Exiting... (End of file)'; exit 0", 1, "failed"),
        ("mplayer", "echo 'Playing x.'; sleep 0.4; echo 'Exiting... (Quit)'; exit 0", 0, "ended"),
        ("mpc-hc", "sleep 0.6; kill -TERM $$", -15, "ended"),
    ],
)
async def test_how_players_end(
    name: str, script: str, code: int, state: str, seen: Any, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PATIENCE", 0.2)
    program(name, script)
    running = await launch(name, MEDIA, seen)
    assert await asyncio.wait_for(running.wait(), 60) == code
    assert seen.states[-1].state == state


async def test_a_failure_that_the_link_told_is_one_even_if_the_player_ends_well(seen: Any) -> None:
    reporter = Reporter(seen, lambda: 0.0)
    child = await spawn(["/bin/sh", "-c", "read line", URL], stdin=True)
    running = run.ProcessPlayer("iina", child, reporter)
    reporter.report(PlayerState("failed", path=URL, detail="loading failed"))
    child.write("")
    assert await asyncio.wait_for(running.wait(), 60) == 1
    assert running.error == "loading failed"


async def test_vlc_that_ends_alone_at_once_has_played_nothing(seen: Any, program: Any) -> None:
    program(
        "vlc", 'echo "[00007f00aa00bb00] main input error: Your input can\'t be opened"; echo end of playlist, exiting'
    )
    with pytest.raises(PlayerError, match="vlc ended at once: main input error: Your input can't be opened"):
        await launch("vlc", MEDIA, seen)


async def test_nobody_plays_until_stopped(seen: Any) -> None:
    running = await launch("none", MEDIA, seen)
    waiting = asyncio.create_task(running.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert not await running.seek(1)
    assert not await running.add_subtitles(["x"])
    await running.stop()
    await running.stop()
    assert await waiting == 0
    assert [state.state for state in seen.states] == ["ended"]


async def test_a_cancelled_wait_for_nobody(seen: Any) -> None:
    running = await launch("none", MEDIA, seen)
    waiting = asyncio.create_task(running.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert seen.names() == ["ended"]


async def test_the_browser_opens_the_url_and_stays(
    seen: Any, program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    path = program("surf", f'echo "noise on stdout"; echo "$1" > {told}')
    monkeypatch.setenv("BROWSER", f"{path} %s")
    running = await launch("browser", MEDIA, seen)
    assert told.read_text().strip() == URL
    assert seen.states == [PlayerState("playing", path=URL)]
    await running.stop()
    assert await running.wait() == 0


async def test_a_browser_that_cannot_be_opened(seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "/nowhere/surf %s")
    monkeypatch.setenv("PATH", "/nowhere")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(PlayerError, match="No browser could be opened"):
        await launch("browser", MEDIA, seen)
    assert seen.states == []
