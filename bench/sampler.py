"""Processor time and memory of a tool and of all it started, read from /proc.

Processes belong to a tool by the session that it was started in, or by their parent. Memory is the sum of each
process's own peak (VmHWM): pages that two of them share count twice, and the peaks need not have been at one time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.25
"""Seconds between two looks: what ends sooner is not seen."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """A line of /proc/PID/stat. ``cpu`` in seconds."""

    id: int
    parent: int
    session: int
    cpu: float


def parse(text: str) -> Process:
    """From the text of /proc/PID/stat; the program's name in it may hold spaces and brackets."""
    number, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    return Process(int(number), int(fields[1]), int(fields[3]), (int(fields[11]) + int(fields[12])) / _TICKS)


def members(table: Iterable[Process], root: int) -> list[Process]:
    """The processes of a tool: its session, and the descendants of that."""
    rest = list(table)
    mine = [process for process in rest if root in (process.id, process.session)]
    rest = [process for process in rest if process not in mine]
    while True:
        ids = {process.id for process in mine}
        children = [process for process in rest if process.parent in ids]
        if not children:
            return mine
        mine += children
        rest = [process for process in rest if process not in children]


def table() -> list[Process]:
    """All processes of the machine."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.append(parse(entry.joinpath("stat").read_text()))
            except OSError:
                continue
    return found


def peak(process: int) -> int:
    """Most bytes that a process had resident; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0)


class Sampler:
    """Looks at a tool's processes until it is stopped."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._cpu: dict[int, float] = {}
        self._peaks: dict[int, int] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, int]:
        """Look once more and end. Returns processor seconds and bytes at the peak."""
        self._ending.set()
        self._thread.join()
        self._look()
        return sum(self._cpu.values()), sum(self._peaks.values())

    def _look(self) -> None:
        for process in members(table(), self._root):
            self._cpu[process.id] = process.cpu
            self._peaks[process.id] = max(self._peaks.get(process.id, 0), peak(process.id))

    def _run(self) -> None:
        while not self._ending.wait(EVERY):
            self._look()


def idle(seconds: float = 0.3) -> float:
    """Share of the processors' time that was idle during so many seconds from now on."""
    before = _processors()
    time.sleep(seconds)
    after = _processors()
    spent = [late - early for late, early in zip(after, before, strict=True)]
    return (spent[3] + spent[4]) / max(1, sum(spent))


def _processors() -> list[int]:
    """Ticks of user, nice, system, idle, iowait, irq, softirq and steal time of all processors."""
    return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
