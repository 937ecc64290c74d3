from __future__ import annotations

import json

import pytest

from headrace.casting import discover
from headrace.casting.base import Device
from headrace.cli import devices
from headrace.cli.dispatch import run

FOUND = [
    Device("a1", "Kitchen", "chromecast", "10.0.0.1:8009", "Ultra"),
    Device("uuid:3", "TV \x1b[1m", "dlna", "10.0.0.3:49152", "", "http://10.0.0.3:49152/d.xml"),
]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    there: list[Device] = []

    async def search() -> list[Device]:
        return there

    monkeypatch.setattr(discover, "search", search)
    return there


def test_a_line_for_each(network: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    network += FOUND
    assert run(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["PLAYER        ADDRESS         MODEL", "cast:Kitchen  10.0.0.1:8009   Ultra"]
    assert lines[2].startswith("dlna:TV")
    assert "\x1b" not in lines[2]


def test_as_json(network: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    network += FOUND
    assert run(["devices", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"devices": [device.as_dict() for device in FOUND]}


def test_nothing_is_an_error_that_says_what_to_do(network: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["devices"]) == 6
    said = capsys.readouterr()
    assert said.out == ""
    assert "cast:ADDRESS or dlna:URL" in said.err


def test_nothing_as_json(network: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["devices", "--json"]) == 6
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"devices": []}


def test_its_help_says_what_names_are_for() -> None:
    assert "--player" in devices.VERB.notes
