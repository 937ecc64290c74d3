from __future__ import annotations

import json
from typing import Any

import pytest

from headrace import cli
from headrace.core import events

HASH = "ab" * 20


def test_what_was_given_for_this_run_is_known(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_MAX_PEERS", "9")
    assert cli.main(["serve", "--down-limit", "1000000", "--port", "0"]) == 0
    verb, settings, fixed = app.calls[0]
    assert (verb, settings.down_limit, settings.max_peers) == ("serve", 1_000_000, 9)
    assert fixed == {"down_limit", "port", "max_peers"}


def test_the_file_is_not_for_this_run_alone(app: Any, tmp_path: Any) -> None:
    path = tmp_path / "c.toml"
    path.write_text("up_limit = '1000000'\n")
    assert cli.main(["serve", "--config", str(path)]) == 0
    assert (app.calls[0][1].up_limit, app.calls[0][2]) == (1_000_000, frozenset())


def test_the_address_is_the_result_and_the_log_is_beside_it(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.notes = [
        events.Serving("http://127.0.0.1:8888/", "http://127.0.0.1:8888/playlist.m3u8", 8888),
        events.Of(HASH, events.Metadata(HASH, "Film\x1b[31m\nfake line", 5, 1, ())),
        events.Serving("http://192.0.2.2:8888/", "http://192.0.2.2:8888/playlist.m3u8", 8888, everywhere=True),
    ]
    assert cli.main(["serve"]) == 0
    out, err = capsys.readouterr()
    assert out == "http://127.0.0.1:8888/\nhttp://192.0.2.2:8888/\n"
    serving, metadata, everywhere = err.splitlines()
    assert everywhere.endswith("serving at http://192.0.2.2:8888/, as at all other addresses of this machine")
    assert serving.endswith("INFO serving at http://127.0.0.1:8888/")
    assert "abababab metadata: Film [31m fake line, 0 files" in metadata


def test_events_name_their_torrent(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.notes = [events.Of(HASH, events.Removed("keep", "Film"))]
    assert cli.main(["serve", "--json", "--quiet"]) == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(line) == ["event", "t", "infohash", "data", "name"]
    assert (line["event"], line["infohash"], line["data"], line["name"]) == ("removed", HASH, "keep", "Film")


def test_it_takes_no_source(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", HASH]) == 2
    assert "one argument too many" in capsys.readouterr().err
    assert cli.main(["serve", "--log-format", "xml"]) == 2
    assert app.calls == []


def test_the_token_is_shown_once_and_not_by_the_log(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--host", "0.0.0.0"]) == 0
    first = capsys.readouterr().err.splitlines()
    assert [line for line in first if line.startswith("The token of this server, shown this once: ")]
    assert cli.main(["serve", "--host", "0.0.0.0"]) == 0
    assert "token" not in capsys.readouterr().err


@pytest.mark.parametrize("token", ["short", "has a blank in it !!", "nötäscii-nötäscii", ""])
def test_a_token_that_is_none(app: Any, token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--token", token]) == 2
    assert app.calls == []


def test_it_has_a_demo_to_offer_beside_the_library(app: Any, tmp_path: Any) -> None:
    assert cli.main(["serve"]) == 0
    exhibit = app.invite(tmp_path / "demo", None, None)
    assert exhibit.state == events.Demo("none")
    assert not (tmp_path / "demo").exists()
