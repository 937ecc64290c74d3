from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import EngineError
from headrace.library.presence import FILE, LOCK, claim, find

SERVES = """
import sys
from pathlib import Path
from headrace.library.presence import claim
mine = claim(Path(sys.argv[1]))
mine.announce("http://127.0.0.1:9", "secret-token")
print("serves", flush=True)
sys.stdin.read()
"""


def test_who_serves_is_found_until_it_ends(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    mine = claim(tmp_path)
    assert find(tmp_path) is None  # it cannot be reached yet
    mine.announce("http://127.0.0.1:8888", "secret-token", {"interface": "ab12"})
    found = find(tmp_path)
    assert found is not None
    assert found.network == {"interface": "ab12"}
    assert (found.pid, found.url, found.token) == (os.getpid(), "http://127.0.0.1:8888", "secret-token")
    assert found.started > 1_700_000_000
    assert "secret-token" not in repr(found)
    mine.release()
    assert find(tmp_path) is None
    assert not (tmp_path / FILE).exists()


def test_a_server_of_before_is_found_too(tmp_path: Path) -> None:
    mine = claim(tmp_path)
    (tmp_path / FILE).write_text('{"pid": 7, "url": "http://127.0.0.1:1", "token": "", "started": 1.5}')
    found = find(tmp_path)
    assert found is not None
    assert (found.pid, found.network) == (7, {})
    mine.release()


def test_looking_costs_no_import_where_nobody_serves() -> None:
    code = (
        "import sys, headrace.library.presence; print([m for m in ('json', 'asyncio', 'sqlite3') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_may_read_the_token(tmp_path: Path) -> None:
    mine = claim(tmp_path)
    (tmp_path / f"{FILE}.{os.getpid()}").touch(0o644)  # left behind by a process with the same number
    mine.announce("http://127.0.0.1:8888", "secret-token")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    mine.release()


def test_a_second_one_is_told_who_the_first_is(tmp_path: Path) -> None:
    mine = claim(tmp_path)
    with pytest.raises(EngineError, match=r"A Headrace server has this folder. End it") as caught:
        claim(tmp_path)
    mine.announce("http://127.0.0.1:8888", "secret-token")
    with pytest.raises(EngineError, match=rf"\(process {os.getpid()}\).*Use it at http://127.0.0.1:8888,") as caught:
        claim(tmp_path)
    assert (caught.value.kind, caught.value.exit_code) == ("in_use", 5)
    assert "secret-token" not in str(caught.value)
    mine.release()
    claim(tmp_path).release()


def test_what_a_killed_one_left_behind_is_not_believed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVES, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "serves\n"
        found = find(tmp_path)
        assert found is not None
        assert found.pid == child.pid
        child.kill()
        child.wait(10)
    assert (tmp_path / FILE).exists()
    assert find(tmp_path) is None
    claim(tmp_path).release()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "url": "", "token": "", "started": 0}', "\x00\xff"])
def test_a_torn_file_is_none(tmp_path: Path, text: str) -> None:
    mine = claim(tmp_path)
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    assert find(tmp_path) is None
    mine.release()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="Cannot write in"):
        claim(tmp_path / "file")
    mine = claim(tmp_path / "new")
    (tmp_path / "new" / FILE).mkdir()
    with pytest.raises(EngineError, match="Cannot write in") as caught:
        mine.announce("http://127.0.0.1:8888")
    assert caught.value.kind == "disk"
    mine.release()
    assert (tmp_path / "new" / LOCK).exists()
