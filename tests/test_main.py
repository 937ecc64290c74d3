from __future__ import annotations

import subprocess
import sys

import pytest

from headrace import __main__, __version__


def test_the_module_runs() -> None:
    ran = subprocess.run([sys.executable, "-m", "headrace", "--version"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"headrace {__version__}\n", "")


def test_exit_codes_reach_the_system() -> None:
    ran = subprocess.run([sys.executable, "-m", "headrace", "paly"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "headrace play?" in ran.stderr


def test_the_programs_entry_takes_the_processs_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["headrace", "--version"])
    assert __main__.main() == 0
    assert capsys.readouterr().out == f"headrace {__version__}\n"


def test_an_interrupt_while_importing_is_one_clean_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("headrace.cli.dispatch.run", interrupted)
    monkeypatch.setattr(sys, "argv", ["headrace", "play"])
    assert __main__.main() == 130
    assert capsys.readouterr().err == "Interrupted.\n"
