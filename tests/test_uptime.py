from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from headrace import uptime


def test_time_counts_from_the_start_of_the_process() -> None:
    code = (
        "import time, sys\n"
        "time.sleep(0.2)\n"  # what the interpreter does before our first line
        "from headrace.uptime import process_start\n"
        "print(time.monotonic() - process_start())"
    )
    began = time.monotonic()
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took = time.monotonic() - began
    age = float(ran.stdout)
    assert age < took + 0.02
    if Path("/proc/self/stat").exists():
        assert age > 0.18


def test_a_birth_that_cannot_be_is_not_believed() -> None:
    assert uptime.believed(uptime.STARTED - 1) == uptime.STARTED - 1
    assert uptime.believed(uptime.STARTED - 1000) == uptime.STARTED
    assert uptime.believed(uptime.STARTED + 1) == uptime.STARTED


def test_without_proc_the_first_line_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uptime, "_age", lambda: None)
    uptime.process_start.cache_clear()
    try:
        assert uptime.process_start() == uptime.STARTED
    finally:
        uptime.process_start.cache_clear()
