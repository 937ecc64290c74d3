from __future__ import annotations

import builtins
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from headrace import players
from headrace.cli import checks, output
from headrace.cli.checks import CHECKS, Finding
from headrace.settings import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def levels(found: Iterator[Finding]) -> dict[str, str]:
    return {finding.name: finding.level for finding in found}


@pytest.mark.parametrize("check", CHECKS)
def test_whatever_is_not_right_has_a_cure(check: Callable[[Settings], Iterator[Finding]]) -> None:
    found = list(check(Settings()))
    assert found
    for finding in found:
        assert finding.level in ("ok", "warn", "bad")
        assert bool(finding.cure) == (finding.level != "ok")


def test_an_engine_that_cannot_be_loaded_is_essential(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fails(name: str, *more: Any) -> Any:
        if name == "headrace.engine.libtorrent":
            raise ImportError("libssl.so.3 is missing")
        return real(name, *more)

    assert levels(checks.engine(Settings())) == {"engine": "ok"}
    monkeypatch.setattr(builtins, "__import__", fails)
    found = list(checks.engine(Settings()))
    assert (found[0].level, "libssl.so.3" in found[0].text) == ("bad", True)


def test_players(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        players, "available", lambda **more: [players.Found("mpv", "/m", "0.35"), players.Found("browser", "")]
    )
    assert [finding.text for finding in checks.players(Settings())] == ["mpv 0.35 (/m)", "browser"]
    monkeypatch.setattr(players, "available", lambda **more: [players.Found("browser", "")])
    found = list(checks.players(Settings()))
    assert [finding.level for finding in found] == ["ok", "warn"]
    assert "mpv" in found[1].cure


def test_codecs_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **more: Any) -> None:
        raise subprocess.CalledProcessError(1, "python")

    monkeypatch.setattr(subprocess, "run", fails)
    assert levels(checks.codecs(Settings())) == {"codecs": "warn"}


def test_ports(taken: int) -> None:
    found = list(checks.ports(Settings(port=taken, peer_port=taken)))
    assert found[0].level == "warn"
    assert "--port" in found[0].cure
    assert found[1].level == "warn"
    assert "--peer-port" in found[1].cure
    assert next(checks.ports(Settings(port=0))).text == "any port for players"


def test_the_default_port_may_be_taken(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "DEFAULT_PORT", taken)
    found = next(checks.ports(Settings()))
    assert found.level == "ok"
    assert "next free one" in found.text


class Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(("free", "level"), [(1, "bad"), (1024**3, "warn"), (1024**4, "ok")])
def test_disk(free: int, level: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or Usage(free))  # type: ignore[func-returns-value]
    assert levels(checks.disk(Settings(dir=tmp_path / "not" / "yet"))) == {"disk": level}
    assert asked == [tmp_path]


def test_folders_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    found = list(checks.folders(Settings(dir=file / "data")))
    assert [finding.level for finding in found] == ["bad", "ok", "ok"]
    monkeypatch.setattr(os, "access", lambda *more: False)
    assert [finding.level for finding in checks.folders(Settings())] == ["bad", "warn", "ok"]


def test_an_interface_that_is_not_there() -> None:
    found = levels(checks.network(Settings(interface="no-such-if")))
    assert found["interface"] == "bad"
    for there in ("127.0.0.1", *(name for _, name in socket.if_nameindex()[:1])):
        assert "interface" not in levels(checks.network(Settings(interface=there)))


def test_no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_has_route", lambda family, far: False)
    found = levels(checks.network(Settings()))
    assert (found["IPv4"], found["IPv6"]) == ("warn", "warn")
    monkeypatch.setattr(checks, "_has_route", lambda family, far: True)
    assert levels(checks.network(Settings()))["IPv6"] == "ok"


def test_a_route_is_known_or_not() -> None:
    assert checks._has_route(socket.AF_INET, "127.0.0.1")
    assert not checks._has_route(socket.AF_INET, "no address")


@pytest.mark.parametrize(("encoding", "level"), [("utf-8", "ok"), ("ascii", "warn")])
def test_terminal(encoding: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty:
        pass

    Tty.encoding = encoding  # type: ignore[attr-defined]
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setattr(sys, "stderr", Tty())
    assert levels(checks.terminal(Settings())) == {"terminal": level}
