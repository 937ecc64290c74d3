from __future__ import annotations

import importlib.util

import pytest
from bench import setup
from bench.__main__ import VERBS, main


def test_the_lab_asks_for_room() -> None:
    assert setup.room_problem(setup.ROOM) == ""
    assert "4 GB" in setup.room_problem(1.5e9)


def test_without_root_nothing_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    assert "root" in setup.system_problem()


def test_no_verb_is_an_error_and_help_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["nonsense"]) == 2
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in VERBS)


def test_a_verb_gets_the_rest_of_the_arguments() -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["setup", "--help"])
    assert importlib.util.find_spec(VERBS["setup"].module) is not None
