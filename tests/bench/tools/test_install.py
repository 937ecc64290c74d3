"""What is installed, and what is told when it cannot be."""

from __future__ import annotations

import pytest
from bench.tools import install
from bench.tools.install import NotInstalled


def test_those_that_cannot_be_had_are_named_and_the_rest_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def refuse() -> None:
        raise NotInstalled("there is no npm")

    monkeypatch.setattr(install, "RIVALS", {"peerflix": refuse, "btfs": lambda: done.append("btfs")})
    told: list[str] = []
    assert install.install(say=told.append) == {"peerflix": "there is no npm"}
    assert done == ["btfs"]
    assert told == ["peerflix …", "peerflix is left out: there is no npm", "btfs …"]


def test_why_a_program_failed() -> None:
    with pytest.raises(NotInstalled, match=r"there is no no-such-program"):
        install._run(["no-such-program"], install.Path("/"))
    with pytest.raises(NotInstalled, match=r"^worse$"):
        install._run(["sh", "-c", "echo bad >&2; echo worse >&2; exit 1"], install.Path("/"))


def test_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["vlc"]) == 2
    assert "no rival vlc" in capsys.readouterr().err
