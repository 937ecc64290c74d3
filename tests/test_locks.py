from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from headrace.locks import claim, held

HOLDS = """
import sys
from headrace.locks import claim
file = open(sys.argv[1], "ab")
assert claim(file)
print("has it", flush=True)
sys.stdin.read()
"""


def test_one_has_it_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = path.open("ab"), path.open("ab")
    assert not held(second)
    assert claim(first)
    assert not claim(second)
    assert held(second)
    first.close()
    assert not held(second)
    assert claim(second)
    second.close()


def test_several_may_look_at_once_and_whoever_looked_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as one, path.open("rb") as two, path.open("ab") as three:
        assert not held(one)
        assert not held(two)
        assert claim(three)


def test_it_ends_with_the_process_that_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child,
        path.open("ab") as mine,
    ):
        assert child.stdout is not None
        assert child.stdout.readline() == "has it\n"
        assert held(mine)
        child.kill()
        child.wait(10)
        assert not held(mine)
        assert claim(mine)
