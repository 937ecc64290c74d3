"""Nothing of ours holds the event loop while much goes through it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from kit.films import sha256

pytestmark = pytest.mark.e2e

SIZE = 100_000_000
BOUND = 0.005
"""Seconds of the processor that one callback of ours may take."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for some seconds at full speed."""
    path = tmp_path_factory.mktemp("large") / "large.mkv"
    chance = random.Random(5)
    with path.open("wb") as file:
        for _ in range(SIZE // 1_000_000):
            file.write(chance.randbytes(1_000_000))
    return path


def test_no_callback_holds_the_loop_at_full_speed(large: Path, data: Path) -> None:
    command = [sys.executable, "-m", "kit.loop", str(large), str(data)]
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    ran = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    rate = SIZE / told["seconds"]
    print(f"{rate / 1e6:.0f} MB/s, {told}")
    assert told["digest"] == sha256(large)
    assert rate > 10_000_000
    assert told["callbacks"] > 100
    assert told["longest"]["processor"] < BOUND, told["longest"]
