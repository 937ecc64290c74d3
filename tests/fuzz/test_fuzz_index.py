"""The fuzz target of the container indexes over a bounded number of inputs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TARGET = Path(__file__).with_name("fuzz_index.py")


@pytest.fixture(scope="module")
def target() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_index", TARGET)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_corpus_is_sound(target: ModuleType) -> None:
    infos = [target.check(data, len(data)) for data in target.corpus()]
    assert [info.container for info in infos] == ["mp4", "mp4", "mp4", "webm", "avi", "mpegts"]
    assert all(info.complete for info in infos)


@pytest.mark.parametrize("seed", range(4))
def test_arbitrary_bytes_break_no_rule(target: ModuleType, seed: int) -> None:
    assert target.run(seed, 1000) == 1000


def test_the_inputs_are_the_same_on_each_run_and_reach_every_container(target: ModuleType) -> None:
    inputs = [data for _, data in zip(range(300), target.mutations(5), strict=False)]
    assert inputs == [data for _, data in zip(range(300), target.mutations(5), strict=False)]
    assert {target.check(data, len(data)).container for data in inputs} == target.CONTAINERS - {"matroska"} | {
        "matroska"
    }


def test_the_target_runs_as_a_script() -> None:
    done = subprocess.run(
        [sys.executable, TARGET, "--runs", "20"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "20 inputs, no rule broken\n")
