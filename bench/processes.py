"""The lab's own processes: started, heard, ended.

A server says one line on standard output when it is ready. It ends when it is told to, and by itself when its standard
input ends, that is also when the lab was killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.paths import ROOT

NICE = -15
"""Other work on the machine disturbs the lab less. Without the right to it, the lab runs as everybody else."""
PATIENCE = 3.0
"""Seconds that a process has to end before it is killed."""


class LabFailed(Exception):
    """The lab could not be built, or broke. It says what was missing."""


class Server:
    """One process that serves the lab. What it says on standard error is in ``NAME.log``."""

    def __init__(self, name: str, argv: Sequence[str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        prefer(self._process.pid)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def line(self, seconds: float) -> str:
        """The next line that it says. ``LabFailed`` when none comes in time."""
        output = self._process.stdout
        assert output is not None
        ready, _, _ = select.select([output], [], [], seconds)
        line = output.readline() if ready else ""
        if not line:
            raise self.failure("said nothing" if self.running else "ended")
        return line

    def failure(self, what: str) -> LabFailed:
        """An error with the end of its log."""
        return LabFailed(f"{self.name} {what}; its log ends with: {self.log.read_text()[-500:].strip() or 'nothing'}")

    def end(self) -> str:
        """End it; what it said meanwhile."""
        end_group(self._process)
        rest = self._process.stdout.read() if self._process.stdout is not None else ""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        return rest


def prefer(process: int) -> None:
    """Let a new process, and what it starts, run before others, as far as that is allowed."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, NICE)
    # Where the kernel groups processes by session, priorities count inside a group only.
    with contextlib.suppress(OSError):
        Path(f"/proc/{process}/autogroup").write_text(str(NICE))


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process and all of its group: politely, then not."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def python(module: str, *arguments: str) -> list[str]:
    """What runs a module of the bench in a process of its own."""
    start = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_module({module!r}, run_name='__main__')"
    return [sys.executable, "-c", start, *arguments]


def until_input_ends() -> None:
    """For a server's own side: come back when whoever started it is gone."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
