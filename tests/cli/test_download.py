from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headrace import cli

HASH = "ab" * 20


def test_data_goes_into_the_current_folder(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["download", HASH, "--file", "S02E05"]) == 0
    verb, settings, loaded = app.calls[0]
    assert (verb, settings.dir, settings.file, loaded.info_hash) == ("download", tmp_path, "S02E05", HASH)


def test_or_where_it_is_told_to(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["download", HASH, "--dir", "films", "--all"]) == 0
    assert (app.calls[0][1].dir, app.calls[0][1].all) == (tmp_path / "films", True)


def test_events(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.ending = 5
    assert cli.main(["download", HASH, "--json"]) == 5
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()][-1] == "done"


def test_it_takes_no_player(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["download", HASH, "--player", "mpv"]) == 2
    assert app.calls == []
