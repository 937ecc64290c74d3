from __future__ import annotations

import json
from typing import Any

import pytest

from headrace import cli
from headrace.core.pieces import FileEntry, Layout
from headrace.errors import SwarmError

HASH = "ab" * 20
Captured = pytest.CaptureFixture[str]


def test_a_table_with_the_main_video_marked(app: Any, capsys: Captured) -> None:
    assert cli.main(["files", HASH]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Show: 3 files, 8.0 MiB",
        "  #     SIZE  KIND   NAME",
        "  0  1.0 KiB  other  Show/read me.txt",
        "* 2  8.0 MiB  video  Show/a [31m.mkv",
        "  3    100 B  video  Show/sample.mkv",
    ]


def test_json_is_one_object(app: Any, capsys: Captured) -> None:
    assert cli.main(["files", HASH, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["infohash"] == HASH
    assert (found["name"], found["size"], found["piece_length"], found["main"]) == ("Show", 8389708, 1024**2, 2)
    assert [file["index"] for file in found["files"]] == [0, 2, 3]
    assert found["files"][1] == {"index": 2, "path": "Show/a\x1b[31m.mkv", "size": 8 * 1024**2, "kind": "video"}


def test_a_torrent_without_a_video_is_listed_too(app: Any, capsys: Captured) -> None:
    app.layout = Layout("docs", 16, 10, (FileEntry(0, "docs/a.pdf", 10, 0),))
    assert cli.main(["files", HASH, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["main"] is None


def test_settings_reach_the_app_and_errors_come_out(app: Any, capsys: Captured) -> None:
    app.ending = SwarmError("No metadata.")
    assert cli.main(["files", HASH, "--timeout", "3", "--peer", "127.0.0.1:1"]) == 4
    verb, settings, loaded = app.calls[0]
    assert (verb, settings.timeout, settings.peers, loaded.info_hash) == ("files", 3.0, (("127.0.0.1", 1),), HASH)
    assert capsys.readouterr().out == ""


def test_on_a_terminal_it_says_what_it_waits_for_and_takes_it_back(
    app: Any, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.cli.files.is_terminal", lambda: True)
    assert cli.main(["files", HASH]) == 0
    assert capsys.readouterr().err == "Asking the swarm for the metadata…\r\x1b[K"
    assert cli.main(["files", HASH, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
