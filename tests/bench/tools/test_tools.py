"""Every tool as it is started, asked and found: tables."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bench import paths
from bench.tools import catalogue, native, node, servers
from bench.tools.base import Launch
from bench.tools.catalogue import OURS, TOOLS, UnknownTool, chosen
from bench.tools.headrace import announced, headrace, program
from bench.tools.http_file import asked_range

HEADRACE = "play {magnet} --player none --json --port 8890 --dir {data} --no-dht"
ARGUMENTS = {
    "headrace": HEADRACE,
    "headrace-eager": HEADRACE + " --eager all",
    "reference": "-m bench.tools.reference {magnet} {data} --port 8890",
    "reference-window": "-m bench.tools.reference {magnet} {data} --port 8890 --window 8000000",
    "peerflix": "{peerflix}/app.js {magnet} --port 8890 --path {data} --quiet",
    "webtorrent": "{webtorrent}/bin/cmd.js download {magnet} --mpv --port 8890 --out {data} --quiet",
    "btfs": "-f --data-directory={data} {magnet} {folder}/mount",
    "qbittorrent": "-m bench.tools.careful {magnet} {data} --port 8890 --profile {folder}/home/profile --web-port 8081"
    " --infohash {infohash}",
    "rqbit": "--http-api-listen-addr 127.0.0.1:8890 --disable-dht-persistence --disable-dht download"
    " --output-folder {data} --overwrite {magnet}",
    "torrserver": "--port 8890 --path {data}",
    "torrest": "--port 8890 --settings {folder}/home/settings.json",
    "stremio": "",
}


@pytest.mark.parametrize("name", TOOLS)
def test_arguments(name: str, launch: Launch) -> None:
    words = ARGUMENTS[name].format(
        magnet=launch.torrent.magnet, infohash=launch.torrent.infohash, data=launch.data, folder=launch.folder,
        peerflix=node.PEERFLIX, webtorrent=node.WEBTORRENT,
    )  # fmt: skip
    assert TOOLS[name].argv(launch)[1:] == words.split()


def test_the_dht_is_used_where_only_it_knows_peers(launch: Launch) -> None:
    alone = replace(launch, dht=True)
    assert "--no-dht" not in TOOLS["headrace"].argv(alone)
    assert "--disable-dht" not in TOOLS["rqbit"].argv(alone)
    assert "--dht" in TOOLS["reference"].argv(alone)


def test_names_are_the_catalogues() -> None:
    assert set(ARGUMENTS) == set(TOOLS)
    assert set(OURS) < set(TOOLS)
    assert all(name == tool.name for name, tool in TOOLS.items())


def test_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(TOOLS["btfs"], missing=lambda: "")
    absent = replace(TOOLS["rqbit"], missing=lambda: "no rqbit on PATH")
    monkeypatch.setattr(catalogue, "TOOLS", {"btfs": here, "rqbit": absent})
    assert chosen([]) == [here]
    assert chosen(["btfs"]) == [here]
    with pytest.raises(UnknownTool, match="rqbit cannot be run: no rqbit on PATH"):
        chosen(["btfs", "rqbit"])
    with pytest.raises(UnknownTool, match="no tool vlc; there are btfs, rqbit"):
        chosen(["vlc"])


def test_the_program_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_BENCH_PROGRAM", raising=False)
    assert program() == Path(sys.executable).with_name("headrace")
    monkeypatch.setenv("HEADRACE_BENCH_PROGRAM", "/opt/headrace")
    assert program() == Path("/opt/headrace")
    assert headrace().missing() == "no /opt/headrace; $HEADRACE_BENCH_PROGRAM names another"


def test_headrace_tells_its_url(launch: Launch) -> None:
    launch.make_folders()
    assert announced(launch, 0) is None
    serving = json.dumps({"event": "serving", "url": "http://127.0.0.1:8890/stream/ab/1/film.mp4"})
    launch.output.write_text('{"event": "starting"}\n' + serving)
    assert announced(launch, 0) is None
    launch.output.write_text('{"event": "starting"}\nno json\n' + serving + "\n")
    assert announced(launch, 0) == "http://127.0.0.1:8890/stream/ab/1/film.mp4"


def test_servers_are_asked_as_players_ask(launch: Launch) -> None:
    magnet = "magnet%3A%3Fxt%3Durn%3Abtih%3A" + "ab" * 20 + "%26tr%3Dudp%253a%252f%252f198.18.0.1%253a6969%252fannounce"
    here = "http://127.0.0.1:8890"
    assert servers._torrserver_path(launch) == f"/stream/film?link={magnet}&index=2&play"
    assert servers._torrest_requests(launch) == [
        ["--request", "POST", f"{here}/add/magnet?uri={magnet}&ignore_duplicate=true&download=false"],
        ["--request", "PUT", f"{here}/torrents/{'ab' * 20}/files/1/download?buffer=true"],
    ]
    assert servers._stremio_path(launch) == f"/{'ab' * 20}/1?tr=tracker%3Audp%3A%2F%2F198.18.0.1%3A6969%2Fannounce"
    assert native.RQBIT.requests(launch) == [[f"{here}/torrents/0"]]


def test_settings_are_written_before_a_launch(launch: Launch) -> None:
    launch.make_folders()
    native.QBITTORRENT.prepare(launch)
    written = launch.home.joinpath("profile/qBittorrent/config/qBittorrent.conf").read_text()
    assert f"Session\\DefaultSavePath={launch.data}" in written.splitlines()
    assert "Session\\DHTEnabled=false" in written.splitlines()
    servers.TORREST.prepare(launch)
    assert json.loads(launch.home.joinpath("settings.json").read_text())["disable_dht"] is True


def test_what_an_earlier_launch_left_is_taken_away(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch.make_folders()
    monkeypatch.setattr(node, "KEPT", tmp_path)
    kept = tmp_path / f"{'ab' * 20}.torrent"
    kept.touch()
    launch.handed.touch()
    node.PEERFLIX_TOOL.prepare(launch)
    node.WEBTORRENT_TOOL.prepare(launch)
    assert not kept.exists()
    assert not launch.handed.exists()


def test_webtorrent_finds_the_stand_in_for_a_player(launch: Launch) -> None:
    first = node.WEBTORRENT_TOOL.environment(launch)["PATH"].split(":")[0]
    assert Path(first, "mpv").read_text().startswith("#!/bin/sh")
    assert Path(first, "mpv").stat().st_mode & 0o111


def test_sketches_can_import_the_bench(launch: Launch) -> None:
    for name in ("reference", "qbittorrent"):
        assert TOOLS[name].environment(launch)["PYTHONPATH"] == str(paths.ROOT)


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [(None, 0, 99), ("bytes=0-0", 0, 0), ("bytes=10-", 10, 99), ("bytes=-5", 95, 99), ("bytes=90-200", 90, 99)],
)
def test_ranges(header: str | None, first: int, last: int) -> None:
    assert asked_range(header, 100) == (first, last)
