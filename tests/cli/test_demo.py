from __future__ import annotations

import json
import sys
import types
from typing import Any

import pytest

import headrace
from headrace import cli
from headrace.core import events


def test_the_demo_gets_settings_and_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Any] = []

    def run(settings: Any, say: Any) -> int:
        given.append(settings.player)
        say(events.Ready(5))
        return 4

    demo = types.ModuleType("headrace.demo")
    demo.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "headrace.demo", demo)
    monkeypatch.setattr(headrace, "demo", demo, raising=False)
    assert cli.main(["demo", "--json", "--player", "none"]) == 4
    assert given == ["none"]
    assert json.loads(capsys.readouterr().out)["buffered_bytes"] == 5


def figures() -> tuple[Any, ...]:
    from headrace import demo

    seek = {"share": 0.25, "position": 15.0, "seconds": 0.5, "downloaded": False}
    return (
        demo.Making(0.0),
        demo.Making(1.0),
        events.Starting("magnet"),
        demo.Figure("first_frame", 0.0, 0.8, False),
        demo.Figure("seek", 15.0, 0.5, True),
        demo.Figures("decoder", 0.8, (seek,), 99),
    )


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    from headrace import demo

    notes = figures()

    def run(settings: Any, say: Any) -> int:
        for note in notes:
            say(note)
        return 0

    monkeypatch.setattr(demo, "run", run)


@pytest.mark.usefixtures("told")
def test_figures_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "",
        "Streamed from 8 seeds on this machine into a decoder without a window, 99 frames decoded.",
        "  magnet link to first frame   0.80 s",
        "  seek to 25%                  0.50 s  (was not there yet)",
    ]
    assert said.err.splitlines() == [
        "Making a video",
        "Opening magnet",
        "First frame after 0.80 s",
        "Seek to 15 s: frame after 0.50 s  (was there already)",
    ]


@pytest.mark.usefixtures("told")
def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("told")
def test_programs_get_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--json"]) == 0
    said = capsys.readouterr()
    records = [json.loads(line) for line in said.out.splitlines()]
    assert [record["event"] for record in records] == ["making", "making", "starting", "figure", "figure", "figures"]
    assert records[-1]["seeks"][0]["downloaded"] is False
    assert said.err == ""


def test_on_a_terminal_the_view_shows_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from headrace.cli import demo
    from headrace.settings import Settings

    monkeypatch.setattr(demo, "is_terminal", lambda: True)
    shown: list[events.Note] = []
    teller = demo.Teller(Settings(), shown.append)
    for note in figures():
        teller(note)
    assert shown == [events.Starting("magnet")]
    assert capsys.readouterr().err == "\rMaking a video:   0%\rMaking a video: 100%\r\x1b[K"
    assert teller.figures.frames == 99
