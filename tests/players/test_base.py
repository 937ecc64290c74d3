from __future__ import annotations

import subprocess
import sys

import pytest

from headrace import players
from headrace.players import table
from headrace.players.base import NAMES, accepts


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "MPV",
        "cast",
        "CAST:Living Room",
        "dlna:http://10.0.0.1/d.xml",
        "mpv {url}",
        "/opt/x --title={title} {url}",
    ],
)
def test_known_names_and_command_lines_are_accepted(name: str) -> None:
    assert accepts(name)


@pytest.mark.parametrize("name", ["", "mpvv", "url", "mpv http://x", "casts", "dlnax:x", "{title}"])
def test_others_are_not(name: str) -> None:
    assert not accepts(name)


def test_the_names_are_those_of_the_table() -> None:
    assert (*table.PLAYERS, "browser", "none") == NAMES


def test_the_package_gives_the_interface() -> None:
    assert all(hasattr(players, name) for name in players.__all__)


def test_accepting_a_name_loads_neither_asyncio_nor_http() -> None:
    code = (
        "import sys; from headrace.players import accepts; assert accepts('mpv');"
        "print([m for m in ('asyncio', 'aiohttp', 'subprocess') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_available_asks_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = table.Machine("linux", {}, {"mpv": "/x/mpv"}.get, lambda path: False)
    monkeypatch.setattr(table, "this_machine", lambda: machine)
    assert [(one.name, one.path, one.version) for one in players.available()] == [("mpv", "/x/mpv", "")]
    assert players.default_player() == "mpv"
    monkeypatch.setattr(table, "with_version", lambda found: players.Found(found.name, found.path, "9"))
    assert players.available(versions=True)[0].version == "9"
