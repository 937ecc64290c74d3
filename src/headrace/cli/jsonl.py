"""The events of ``--json``: one object a line.

Rules: ``event`` and ``t`` first; ASCII only, so that no encoding can spoil a line; every line is flushed. When the
reader of the pipe has gone, nothing more is written and the work goes on: the player may still be watched.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable
from typing import TextIO

from headrace import cli
from headrace.core.events import Note

PLAUSIBLE = 10.0
"""Seconds between the start of a process and Python's first line that are believed. More means that the process was
something else before (``exec`` keeps its birth), or that the two clocks differ (containers)."""


class JsonPrinter:
    """A ``View`` that prints notes as JSON lines to ``stream``."""

    def __init__(self, stream: TextIO, elapsed: Callable[[], float] | None = None) -> None:
        self._stream: TextIO | None = stream
        self._elapsed = elapsed or (lambda: time.monotonic() - process_start())

    def __call__(self, note: Note) -> None:
        """Print one note."""
        fields = note.as_dict()
        self.print({"event": fields.pop("event"), "t": round(self._elapsed(), 3), **fields})

    def print(self, record: dict[str, object]) -> None:
        """Print one object on a line of its own."""
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            self._stream = None

    def close(self) -> None:
        """Nothing is held back."""


@functools.cache
def process_start() -> float:
    """When this process began, on the clock of ``time.monotonic``."""
    return believed(time.monotonic() - age) if (age := _age()) is not None else cli.STARTED


def believed(born: float) -> float:
    """``born``, if it fits what Python saw itself."""
    return born if 0 <= cli.STARTED - born < PLAUSIBLE else cli.STARTED


def _age() -> float | None:
    """Seconds since the kernel made this process (proc(5): field 22, in ticks since boot)."""
    try:  # another system has no such file, clock or call
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 (pathlib is not needed for a file in /proc)
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
