from __future__ import annotations

import json

import pytest

from headrace import cli
from headrace.cli import checks
from headrace.cli.checks import Finding
from headrace.cli.doctor import as_lines

Captured = pytest.CaptureFixture[str]


def test_findings_and_cures(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    found = [Finding("engine", "ok", "libtorrent 2.1"), Finding("player", "warn", "none\x1b", "apt install mpv")]
    monkeypatch.setattr(checks, "CHECKS", (lambda settings: iter(found),))
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok    engine       libtorrent 2.1",
        "warn  player       none",
        "                   apt install mpv",
    ]
    assert cli.main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][1] == {
        "name": "player",
        "level": "warn",
        "text": "none\x1b",
        "cure": "apt install mpv",
    }


def test_what_is_essential_makes_it_fail(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(checks, "CHECKS", (lambda settings: iter([Finding("engine", "bad", "gone", "cure")]),))
    assert cli.main(["doctor"]) == 5


def test_colours_stand_around_the_level_alone() -> None:
    assert as_lines(Finding("disk", "bad", "full"), colour=True) == ["\x1b[31mbad \x1b[0m  disk         full"]


def test_it_looks_at_what_the_flags_say(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    seen: list[int | None] = []
    monkeypatch.setattr(checks, "CHECKS", (lambda settings: seen.append(settings.port) or iter(()),))
    assert cli.main(["doctor", "--port", "9"]) == 0
    assert seen == [9]
