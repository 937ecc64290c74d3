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
