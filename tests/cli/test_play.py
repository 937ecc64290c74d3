from __future__ import annotations

import json
from typing import Any

import pytest

from headrace import cli

HASH = "ab" * 20
Captured = pytest.CaptureFixture[str]


def test_the_app_gets_settings_and_source(app: Any) -> None:
    assert cli.main(["play", HASH, "--port", "9", "--eager", "all", "--", "--fs"]) == 0
    verb, settings, loaded = app.calls[0]
    assert (verb, loaded.info_hash) == ("play", HASH)
    assert (settings.port, settings.eager, settings.player_args) == (9, "all", ("--fs",))


def test_the_app_is_told_what_was_given_by_flags(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_MAX_PEERS", "50")
    assert cli.main(["play", HASH, "--port", "9", "--no-keep"]) == 0
    assert app.flags == {"port", "keep"}


def test_events_are_json_lines_in_order(app: Any, capsys: Captured) -> None:
    assert cli.main(["play", HASH, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == [note.event for note in app.notes]
    times = [line["t"] for line in lines]
    assert times == sorted(times)
    assert all(round(t, 3) == t for t in times)


def test_without_a_terminal_lines_go_to_standard_error(app: Any, capsys: Captured) -> None:
    assert cli.main(["play", HASH]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Chosen: Show/a.mkv (9.0 MiB)" in captured.err.splitlines()


def test_quiet_is_quiet_and_serving_says_where(app: Any, capsys: Captured) -> None:
    assert cli.main(["play", HASH, "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
    assert cli.main(["play", HASH, "--quiet", "--player", "none"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:8888/stream/x/0/a.mkv\n"


@pytest.mark.parametrize("player", ["none", "mpv", "myplayer {url}"])
def test_players_that_can_be(app: Any, player: str) -> None:
    assert cli.main(["play", HASH, "--player", player]) == 0
    assert app.calls[0][1].player == player


def test_a_player_that_cannot_be_is_told_before_a_swarm_is_asked(app: Any, capsys: Captured) -> None:
    assert cli.main(["play", HASH, "--player", "mvp"]) == 6
    assert app.calls == []
    assert "mvp" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["magnet:?dn=x", "nosuch.torrent", "ftp://h/x"])
def test_bad_sources(app: Any, source: str, capsys: Captured) -> None:
    assert cli.main(["play", source]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert app.calls == []


def test_the_sources_own_traffic_obeys_proxy_and_interface(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from headrace import sources

    asked: list[dict[str, object]] = []
    load = sources.load
    monkeypatch.setattr(sources, "load", lambda text, **more: asked.append(more) or load(text))  # type: ignore[func-returns-value]
    for verb in ("play", "download", "files"):
        assert cli.main([verb, HASH, "--proxy", "http://p:1", "--interface", "tun0"]) == 0
    assert asked == [{"proxy": "http://p:1", "source_address": "tun0"}] * 3
