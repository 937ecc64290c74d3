"""Facts about the machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.machine import memory, processor, record, version_of


def test_what_the_kernel_says() -> None:
    assert processor("processor\t: 0\nmodel\t\t: 17\nmodel name\t: A Fine CPU @ 3 GHz\n") == "A Fine CPU @ 3 GHz"
    assert processor("") == "unknown"
    assert memory("MemTotal:       16000000 kB\nMemFree: 1 kB\n") == "16.4 GB"
    assert memory("") == "unknown"


def test_versions_of_programs() -> None:
    assert version_of((sys.executable, "--version")).startswith("3.")
    assert version_of(("no-such-program",)) == ""


def test_a_run_is_recorded(tmp_path: Path) -> None:
    record(tmp_path, ["run", "S1", "--out", "a b"])
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["command"] == "python -m bench run S1 --out 'a b'"
    assert told["machine"]["cores"]
