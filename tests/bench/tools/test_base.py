"""How a tool's URL becomes known, and what it gets from outside."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from bench.tools import base
from bench.tools.base import Launch, Tool, listening, mounted, needs, port_open, said, served, variables, written

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:22BA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:22BB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
"""


def tool() -> Tool:
    own = {"MINE": "1", "HOME": "/mine"}
    return Tool("tool", lambda _: ["tool"], written, needs("tool"), environment=lambda _: own)


def test_only_a_listening_socket_counts() -> None:
    assert listening(TABLE, 8890)
    assert not listening(TABLE, 8891)
    assert not listening(TABLE, 80)


def test_a_port_is_looked_for_where_the_process_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_open(os.getpid(), port)
    assert not port_open(os.getpid(), port)


def test_a_url_counts_when_its_port_is_open(launch: Launch) -> None:
    find = served(lambda _: "/film")
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = replace(launch, port=server.getsockname()[1])
        assert find(here, os.getpid()) == f"http://127.0.0.1:{here.port}/film"
    assert find(here, os.getpid()) is None


def test_a_url_that_was_handed_to_a_player(launch: Launch) -> None:
    launch.make_folders()
    assert written(launch, 0) is None
    launch.handed.write_text("http://localhost:8890/webtorrent/film.mp4")
    assert written(launch, 0) == "http://127.0.0.1:8890/webtorrent/film.mp4"


def test_a_folder_is_no_file_system(launch: Launch) -> None:
    launch.make_folders()
    launch.mount.joinpath("multi").mkdir()
    launch.mount.joinpath("multi", "04 - film.mp4").touch()
    assert mounted(launch, 0) is None


def test_no_settings_from_outside(launch: Launch) -> None:
    outside = {
        "PATH": "/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HEADRACE_PORT": "1",
        "XDG_CACHE_HOME": "/x",
        "HOME": "/root",
    }
    assert variables(tool(), launch, outside) == {
        "PATH": "/bin",
        "HOME": "/mine",
        "MINE": "1",
        "TMPDIR": str(launch.temporary),
    }


def test_a_program_in_the_benchs_own_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.paths, "TOOLS", tmp_path)
    tmp_path.joinpath("bin").mkdir()
    tmp_path.joinpath("bin", "sh").touch()
    assert base.first_of("no-such-program", "sh") == str(tmp_path / "bin" / "sh")
    assert base.first_of("no-such-program") == ""
    assert needs("no-such-program", "nor-this")() == "no no-such-program or nor-this on PATH"


def test_a_version_is_a_first_line() -> None:
    assert said("sh", "-c", "echo one; echo two") == "one"
    assert said("no-such-program") == ""
