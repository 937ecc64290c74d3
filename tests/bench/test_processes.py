from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench.processes import LabFailed, Server, end_group, python


def test_a_server_says_when_it_is_ready_and_ends_with_its_input(tmp_path: Path) -> None:
    server = Server("echo", ["sh", "-c", "echo ready; cat; echo bye"], tmp_path)
    assert server.line(5) == "ready\n"
    assert server.running
    server.end()
    assert not server.running


def test_a_server_that_breaks_says_why(tmp_path: Path) -> None:
    server = Server("broken", ["sh", "-c", "echo no such device >&2; exit 3"], tmp_path)
    with pytest.raises(LabFailed, match=r"broken .*no such device"):
        server.line(5)
    server.end()


def test_a_group_is_ended_with_what_its_leader_left_behind() -> None:
    leader = subprocess.Popen(
        ["sh", "-c", "sleep 60 & echo $!"], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert leader.stdout is not None
    child = int(leader.stdout.readline())
    leader.wait()
    end_group(leader)
    leader.stdout.close()
    end = time.monotonic() + 5
    while _runs(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _runs(child)


def test_a_module_of_the_bench_runs_from_anywhere(tmp_path: Path) -> None:
    ran = subprocess.run(python("bench", "--help"), cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0
    assert "python -m bench" in ran.stdout
    assert sys.executable == python("bench")[0]


def _runs(process: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text() and os.getpgid(process) > 0
    except (FileNotFoundError, ProcessLookupError):
        return False
