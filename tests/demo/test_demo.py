from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headrace import demo
from headrace.core import events
from headrace.errors import PlayerError
from headrace.settings import Settings

LONGEST = 100
"""Seconds that a run may take on a machine that is busy."""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """No screen, no settings, and a temporary folder of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEADRACE_", "XDG_")) and name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    (tmp_path / "tmp").mkdir(exist_ok=True)
    return kept | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")} | more


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "headrace", "demo", *arguments]


def left_behind(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.e2e
def test_it_streams_through_the_whole_path(tmp_path: Path) -> None:
    # Settings for real torrents must not reach it: with them nothing would arrive.
    env = environment(tmp_path, HEADRACE_PROXY="socks5://127.0.0.1:9", HEADRACE_DOWN_LIMIT="1k")
    done = subprocess.run(command("--json"), capture_output=True, text=True, timeout=LONGEST, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["t"] for r in records] == sorted(r["t"] for r in records)
    last = {record["event"]: record for record in records}
    order = [record["event"] for record in records]
    wanted = ["making", "starting", "serving", "ready", "figure", "figures", "done"]
    assert [name for name in dict.fromkeys(order) if name in wanted] == wanted
    assert last["metadata"]["size"] > 12_000_000
    assert last["starting"]["source"].count("x.pe=127.0.0.") == demo.SEEDS
    figures = last["figures"]
    assert figures["player"] == "decoder"
    assert 0 < figures["first_frame"] < 30
    assert [seek["position"] for seek in figures["seeks"]] == [15.0, 30.0, 48.0]
    assert all(0 < seek["seconds"] < 30 for seek in figures["seeks"])
    assert not figures["seeks"][-1]["downloaded"]
    assert figures["frames"] > 24 * 3
    assert 0 < last["done"]["downloaded"] < last["metadata"]["size"]
    assert left_behind(tmp_path) == []


@pytest.mark.e2e
def test_a_real_player_shows_it(tmp_path: Path) -> None:
    if shutil.which("mpv") is None:
        pytest.skip("mpv is not installed")
    env = environment(tmp_path)
    done = subprocess.run(command("-p", "mpv"), capture_output=True, text=True, timeout=LONGEST, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert "into mpv" in done.stdout
    assert done.stdout.count("seek to") == 3
    assert "mpv: playing" in done.stderr
    assert left_behind(tmp_path / "tmp") == []


@pytest.mark.e2e
@pytest.mark.parametrize("when", ["making", "figure"])
def test_ended_early_it_leaves_nothing(when: str, tmp_path: Path) -> None:
    with subprocess.Popen(command("--json"), stdout=subprocess.PIPE, text=True, env=environment(tmp_path)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == when:
                break
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert left_behind(tmp_path) == []


def test_a_player_that_tells_nothing_is_refused() -> None:
    for name in ("browser", "cat {url}", "no such player"):
        with pytest.raises(PlayerError, match="does not tell"):
            demo.run(Settings(player=name), lambda note: None)


@pytest.mark.parametrize(
    ("wanted", "screen", "expected"),
    [
        ("", False, ["decoder"]),
        ("none", True, ["decoder"]),
        ("vlc", False, ["vlc"]),
        ("", True, ["mpv", "decoder"]),
    ],
)
def test_which_player(wanted: str, screen: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from headrace.players import browser, table

    monkeypatch.setattr(browser, "has_screen", lambda platform, env: screen)
    monkeypatch.setattr(table, "find", lambda player, machine: "/usr/bin/mpv" if player.name == "mpv" else "")
    assert demo.players(wanted) == expected


def test_without_any_player_on_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from headrace.players import browser, table

    monkeypatch.setattr(browser, "has_screen", lambda platform, env: True)
    monkeypatch.setattr(table, "find", lambda player, machine: "")
    assert demo.players("") == ["decoder"]


async def test_the_next_player_when_one_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tried: list[str] = []

    async def stream(magnet: str, folder: Path, name: str, say: Any) -> None:
        tried.append(name)
        if name == "mpv":
            raise PlayerError("mpv has no screen.")

    async def make(video: Path, say: Any) -> None:
        video.write_bytes(b"\0" * 100_000)

    monkeypatch.setattr(demo, "_stream", stream)
    monkeypatch.setattr(demo, "make", make)
    monkeypatch.setattr(demo, "SEEDS", 1)
    said: list[events.Note] = []
    await demo._demo(tmp_path, ["mpv", "decoder"], said.append)
    assert tried == ["mpv", "decoder"]
    assert said == [events.Warning("player", "mpv has no screen. Trying without a window.")]
    with pytest.raises(PlayerError):
        await demo._demo(tmp_path, ["mpv"], said.append)
