from __future__ import annotations

import os
import sys

import pytest

from headrace.errors import PlayerError
from headrace.players import table
from headrace.players.base import Found
from headrace.players.table import (
    PLAYERS,
    Machine,
    choose,
    find,
    find_all,
    program_of,
    unknown,
    version_in,
    with_version,
)

WINDOWS = {"ProgramFiles": r"C:\Program Files", "ProgramFiles(x86)": r"C:\Program Files (x86)"}


def machine(platform: str, *files: str, path: dict[str, str] | None = None, **env: str) -> Machine:
    return Machine(platform, env, (path or {}).get, lambda name: name in files)


@pytest.mark.parametrize(
    ("player", "on", "expected"),
    [
        ("mpv", machine("linux", path={"mpv": "/opt/bin/mpv"}), "/opt/bin/mpv"),
        ("mpv", machine("linux", "/usr/bin/mpv"), "/usr/bin/mpv"),
        ("mpv", machine("linux", "/opt/homebrew/bin/mpv"), ""),
        ("vlc", machine("linux", path={"cvlc": "/usr/bin/cvlc"}), "/usr/bin/cvlc"),
        (
            "vlc",
            machine("linux", "/h/.local/share/flatpak/exports/bin/org.videolan.VLC", HOME="/h"),
            "/h/.local/share/flatpak/exports/bin/org.videolan.VLC",
        ),
        ("mpv", machine("linux", "/var/lib/flatpak/exports/bin/io.mpv.Mpv"), "/var/lib/flatpak/exports/bin/io.mpv.Mpv"),
        (
            "vlc",
            machine("darwin", "/Applications/VLC.app/Contents/MacOS/VLC"),
            "/Applications/VLC.app/Contents/MacOS/VLC",
        ),
        (
            "iina",
            machine("darwin", "/u/Applications/IINA.app/Contents/MacOS/iina-cli", HOME="/u"),
            "/u/Applications/IINA.app/Contents/MacOS/iina-cli",
        ),
        (
            "vlc",
            machine("win32", r"C:\Program Files (x86)\VideoLAN\VLC\vlc.exe", **WINDOWS),
            r"C:\Program Files (x86)\VideoLAN\VLC\vlc.exe",
        ),
        (
            "potplayer",
            machine("win32", r"C:\Program Files\DAUM\PotPlayer\PotPlayerMini64.exe", **WINDOWS),
            r"C:\Program Files\DAUM\PotPlayer\PotPlayerMini64.exe",
        ),
        (
            "mpc-hc",
            machine("win32", r"C:\Program Files\MPC-HC\mpc-hc64.exe", **WINDOWS),
            r"C:\Program Files\MPC-HC\mpc-hc64.exe",
        ),
        ("mplayer", machine("win32"), ""),
    ],
)
def test_programs_are_found_on_path_and_in_the_usual_places(player: str, on: Machine, expected: str) -> None:
    assert find(PLAYERS[player], on) == expected


def test_all_players_come_in_order_and_the_browser_last() -> None:
    on = machine("linux", "/usr/bin/vlc", "/usr/bin/mpv", DISPLAY=":0")
    assert find_all(on) == [Found("mpv", "/usr/bin/mpv"), Found("vlc", "/usr/bin/vlc"), Found("browser", "")]
    assert choose(on) == "mpv"


def test_the_browser_counts_only_with_a_screen() -> None:
    assert choose(machine("darwin")) == "browser"
    with pytest.raises(PlayerError) as caught:
        choose(machine("linux"))
    assert "apt install mpv" in caught.value.hint
    assert "--player none" in caught.value.hint


def test_a_missing_player_says_how_to_get_it_or_what_else_is_here() -> None:
    with pytest.raises(PlayerError, match="vlc was not found") as caught:
        program_of(PLAYERS["vlc"], machine("linux", "/usr/bin/mpv"))
    assert "apt install vlc" in caught.value.hint
    assert "--player mpv" in caught.value.hint
    with pytest.raises(PlayerError) as caught:
        program_of(PLAYERS["iina"], machine("linux", "/usr/bin/mpv"))
    assert "does not exist for this platform" in caught.value.hint


def test_an_unknown_name_lists_the_known_ones() -> None:
    error = unknown("foo")
    assert "'foo'" in error.message
    assert "potplayer" in error.hint
    assert "{url}" in error.hint
    assert error.exit_code == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mpv 0.35.1 Copyright © 2000-2023\n built on UNKNOWN", "0.35.1"),
        ("mpv v0.38.0-730-g7c672e33 Copyright", "0.38.0-730-g7c672e33"),
        ("VLC version 3.0.24 Vetinari (3.0.24-rc1)", "3.0.24"),
        ("", ""),
        ("no figures", ""),
    ],
)
def test_versions_are_read_from_the_first_line(text: str, expected: str) -> None:
    assert version_in(text) == expected


def test_a_program_is_asked_for_its_version(tmp_path: object) -> None:
    assert with_version(Found("potplayer", "/nowhere")) == Found("potplayer", "/nowhere")
    assert with_version(Found("mpv", "/nowhere/mpv")).version == ""
    expected = "3." if os.name == "posix" else ""
    assert with_version(Found("mpv", sys.executable)).version.startswith(expected)


def test_this_machine_is_this_one() -> None:
    here = table.this_machine()
    assert here.platform == sys.platform
    assert here.executable(sys.executable)
    assert not here.executable("/")
