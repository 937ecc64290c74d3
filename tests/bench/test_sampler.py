"""Which processes belong to a tool, and what they used."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.sampler import Process, Sampler, idle, members, parse, peak, table


def test_a_line_of_stat_is_read_whatever_the_name() -> None:
    text = "42 (a (strange) name) S 7 40 41 0 -1 0 0 0 0 0 250 50 0 0 20 0 1 0 1 1 1"
    ticks = os.sysconf("SC_CLK_TCK")
    assert parse(text) == Process(42, 7, 41, 300 / ticks)


def test_a_tool_is_its_session_and_what_descends_from_it() -> None:
    root = Process(10, 1, 10, 0)
    same_session = Process(11, 1, 10, 0)
    child_with_a_session = Process(12, 11, 12, 0)
    grandchild = Process(13, 12, 12, 0)
    strangers = [Process(14, 1, 14, 0), Process(1, 0, 1, 0)]
    found = members([grandchild, *strangers, child_with_a_session, same_session, root], 10)
    assert {process.id for process in found} == {10, 11, 12, 13}


def test_a_busy_child_is_counted() -> None:
    # Busy until it is told to end: how much of a short while is counted depends on when the kernel's clock ticks.
    busy = "import select, sys\nwhile not select.select([sys.stdin], [], [], 0)[0]: sum(range(100_000))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=True) as process:
        sampler = Sampler(process.pid)
        while not any(one.parent == process.pid and one.cpu > 0.05 for one in table()):
            assert process.poll() is None
        cpu, memory = sampler.stop()
        process.communicate(b"\n")
    assert cpu > 0.05
    assert memory > 10_000_000


def test_the_dead_use_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert peak(process.pid) == 0


def test_idle_is_a_share() -> None:
    assert 0 <= idle(0.05) <= 1
