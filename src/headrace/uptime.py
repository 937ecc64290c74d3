"""How long this process has run: what ``t`` counts in the events of ``--json`` and of the server."""

from __future__ import annotations

import functools
import os
import time

STARTED = time.monotonic()
"""When this process began, as far as Python can see without asking the system."""
PLAUSIBLE = 10.0
"""Seconds between the start of a process and Python's first line that are believed. More means that the process was
something else before (``exec`` keeps its birth), or that the two clocks differ (containers)."""


def elapsed() -> float:
    """Seconds since the process began."""
    return time.monotonic() - process_start()


@functools.cache
def process_start() -> float:
    """When this process began, on the clock of ``time.monotonic``."""
    return believed(time.monotonic() - age) if (age := _age()) is not None else STARTED


def believed(born: float) -> float:
    """``born``, if it fits what Python saw itself."""
    return born if 0 <= STARTED - born < PLAUSIBLE else STARTED


def _age() -> float | None:
    """Seconds since the kernel made this process (proc(5): field 22, in ticks since boot)."""
    try:  # another system has no such file, clock or call
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 (pathlib is not needed for a file in /proc)
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
