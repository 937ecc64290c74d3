from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from bench.emulator.wan import Counters, Emulator, compile_emulator, configuration, counters_from
from bench.model import Peers, Scenario
from bench.nets import hosts_of
from bench.processes import LabFailed


def test_the_configuration_names_links_and_hosts() -> None:
    scenario = Scenario("X", "x", "t", (Peers(1, 0.82, loss=0.005),), rtt=0.07, down=70, dead=1, queue=0.1)
    assert configuration(scenario, hosts_of(scenario)).splitlines() == [
        "down 70",
        "up 10",
        "queue 0.1",
        "seed 1",
        "host 198.18.0.1 100 0.035 0 0",
        "host 198.18.1.1 0.82 0.035 0.005 0",
        "host 198.18.2.1 10 0.035 0 1",
    ]


def test_an_emulator_that_was_not_compiled_says_what_to_do(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "wan", "a", "b")
    with pytest.raises(LabFailed, match="bench-setup"):
        emulator.start("", tmp_path)
    with pytest.raises(LabFailed):
        _ = emulator.pid
    assert emulator.stop() == Counters()


def test_counters() -> None:
    line = '{"down_bytes": 5, "up_bytes": 4, "host_drops": 3, "down_drops": 2, "up_drops": 1, "lost": 0, '
    line += '"write_fails": 0, "late": 0.000459, "late_most": 0.025000}'
    assert counters_from(line) == Counters(5, 4, 3, 2, 1, 0, 0, 0.000459, 0.025)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no compiler")
def test_it_is_compiled_once_and_refuses_what_it_does_not_understand(tmp_path: Path) -> None:
    binary, text = tmp_path / "bin" / "wan", tmp_path / "conf"
    assert [compile_emulator(binary), compile_emulator(binary)] == [True, False]
    text.write_text("down 50\nsideways 3\n")
    ran = subprocess.run([binary, "a", "b", text], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "not understood: sideways 3" in ran.stderr
