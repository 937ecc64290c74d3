from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from headrace import cli
from headrace.settings import OPTIONS, load

SECRET = "0123456789abcdef-secret"


def test_each_setting_and_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f'host = "::1"\ntoken = "{SECRET}"\nport = 7\n')
    monkeypatch.setenv("HEADRACE_PORT", "8")
    monkeypatch.setenv("HEADRACE_PEER", "[::1]:6881 a.example:1")
    monkeypatch.setenv("HEADRACE_PROXY", "socks5://user:hunter2@10.0.0.1:1080")
    assert cli.main(["config", "--json", "--config", str(path)]) == 0
    out = capsys.readouterr().out
    found = json.loads(out)
    assert found["host"] == {"value": "::1", "source": str(path)}
    assert found["port"] == {"value": 8, "source": "HEADRACE_PORT"}
    assert found["json"] == {"value": True, "source": "--json"}
    assert found["dht"] == {"value": True, "source": "default"}
    assert found["token"]["value"] == "***"
    assert SECRET not in out
    assert "hunter2" not in out
    assert set(found) == {option.key for option in OPTIONS.values() if option.flags}


def test_what_is_printed_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_DOWN_LIMIT", "1.5M")
    assert cli.main(["config"]) == 0
    out = capsys.readouterr().out
    assert tomllib.loads(out)["down_limit"] == 1572864
    assert "# HEADRACE_DOWN_LIMIT" in out
    again = tmp_path / "again.toml"
    again.write_text(out)
    assert load({}, {}, str(again)).down_limit == 1572864


def test_a_bad_setting_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HEADRACE_PORT", "many")
    assert cli.main(["config"]) == 2
    assert "HEADRACE_PORT" in capsys.readouterr().err
