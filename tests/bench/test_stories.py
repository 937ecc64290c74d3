"""Stories with a stand-in for the lab: no namespaces, a server on this machine, and players that are small programs."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from bench import players, stories
from bench.lab import Lab
from bench.media import File, Torrent
from bench.model import Peers, Row, Scenario
from bench.running import ToolFailed
from bench.stories import Stage, play
from bench.tools.base import Launch, Tool, served

SIZE = 1_000_000
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words): pass
    def do_GET(self):
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.send_response(206)
        self.send_header("Content-Length", str(1000000 - first))
        self.end_headers()
        try:
            self.wfile.write(bytes(1000000 - first))
        except OSError:
            pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class StandIn:
    """What stories need of a lab."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.torrent = Torrent(
            key="film", file=Path(), magnet="magnet:", infohash="", infohash_v2=None, files=(File("film", SIZE),),
            video=0, piece_length=1 << 20, pieces=1, duration=1.0, content=Path(),
        )  # fmt: skip
        self.count = 0

    def client(self, words: list[str], **options: Any) -> subprocess.Popen[Any]:
        return subprocess.Popen(words, **({"start_new_session": True} | options))

    def received(self) -> int:
        self.count += 1000
        return self.count


def serving(port: int, code: str = SERVER) -> Tool:
    words = [sys.executable, "-c", code, str(port)]
    return Tool("server", lambda _: words, served(lambda _: "/"), lambda: "")


def stage(folder: Path, tool: Tool, port: int, **story: Any) -> Stage:
    lab = StandIn(folder)
    scenario = Scenario("S0", "small", "film", (Peers(1, 1),), **({"every": 0.0} | story))
    return Stage(cast("Lab", lab), scenario, tool, Launch(lab.torrent, folder, port))


@pytest.fixture
def port() -> int:

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def small_players(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame is there when the URL answers; from the second half of the film on there is none."""

    def frame(url: str, at: float = 0.0, player: str = "ffmpeg") -> list[str]:
        return ["false"] if at > 0.5 else ["curl", "--silent", "--fail", "--output", "/dev/null", url]

    monkeypatch.setattr(players, "frame", frame)


def test_watching(tmp_path: Path, port: int) -> None:
    row = Row("S0", "server")
    play(stage(tmp_path, serving(port), port, seeks=(0.2, 0.8)), row)
    assert row.offered is not None
    assert row.first_byte is not None
    assert row.first_frame is not None
    assert row.offered < row.first_frame < 10
    assert row.first_frame_mpv is None
    assert row.received_first_frame == 1000
    assert row.received == 7000
    assert [(seek.to, seek.seconds is None) for seek in row.seeks] == [(0.2, False), (0.8, True)]
    assert row.seeks[0].at is not None
    assert row.first_frame <= row.seeks[0].at
    assert row.cpu > 0
    assert row.memory > 1_000_000


def test_mpv_shows_the_first_frame(tmp_path: Path, port: int) -> None:
    row = Row("S0", "server")
    watching = stage(tmp_path, serving(port), port, seeks=())
    watching.player = "mpv"
    play(watching, row)
    assert row.first_frame is None
    assert row.first_frame_mpv is not None


def test_only_the_last_of_rapid_seeks_counts(tmp_path: Path, port: int) -> None:
    row = Row("S0", "server")
    play(stage(tmp_path, serving(port), port, story="rapid", seeks=(0.7, 0.1, 0.3), every=0.05), row)
    assert [seek.to for seek in row.seeks] == [0.3]
    assert row.seeks[0].seconds is not None


def test_playback_and_pause(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "BEFORE_PAUSE", 0.2)
    monkeypatch.setattr(stories, "AFTER_PAUSE", 0.2)
    row = Row("S0", "server")
    play(stage(tmp_path, serving(port), port, story="pause", seconds=0.3), row)
    assert 0.4 <= row.played < 0.6
    assert row.played_bytes == SIZE
    assert row.stalls == []
    assert row.error == ""


def test_viewers_at_different_places(tmp_path: Path, port: int) -> None:
    row = Row("S0", "server")
    play(stage(tmp_path, serving(port), port, story="viewers", viewers=2, seeks=(0.0, 0.4), seconds=0.2), row)
    assert [seek.to for seek in row.seeks] == [0.0, 0.4]
    assert row.played >= 0.4
    assert row.played_bytes == SIZE + int(0.6 * SIZE)


def test_a_second_start_in_the_same_folder(tmp_path: Path, port: int) -> None:
    row = Row("S0", "server")
    play(stage(tmp_path, serving(port), port, story="warm"), row)
    assert row.first_frame is not None
    assert row.second_start is not None
    assert row.second_start != row.first_frame


def test_a_tool_that_ends_is_told_with_its_last_words(tmp_path: Path, port: int) -> None:
    row = Row("S0", "server")
    with pytest.raises(ToolFailed, match="it ended with 3: no peers"):
        play(stage(tmp_path, serving(port, "print('no peers'); raise SystemExit(3)"), port), row)
    assert row.launched is not None
    assert row.offered is None


def test_a_tool_without_a_url_is_given_up(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "START_TIMEOUT", 0.3)
    with pytest.raises(ToolFailed, match="no URL after 0 s"):
        play(stage(tmp_path, serving(port, "import time; time.sleep(60)"), port), Row("S0", "server"))


def test_a_server_is_asked_until_it_agrees(tmp_path: Path, port: int) -> None:
    asking = Tool(
        "server", serving(port).argv, serving(port).find, lambda: "",
        requests=lambda launch: [["--request", "GET", f"http://127.0.0.1:{launch.port}/add"]],
    )  # fmt: skip
    row = Row("S0", "server")
    play(stage(tmp_path, asking, port, seeks=()), row)
    assert row.first_frame is not None
