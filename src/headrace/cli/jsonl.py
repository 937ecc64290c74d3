"""The events of ``--json``: one object a line.

Rules: ``event`` and ``t`` first; ASCII only, so that no encoding can spoil a line; every line is flushed. When the
reader of the pipe has gone, nothing more is written and the work goes on: the player may still be watched.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TextIO

from headrace import uptime
from headrace.core.events import Note


class JsonPrinter:
    """A ``View`` that prints notes as JSON lines to ``stream``."""

    def __init__(self, stream: TextIO, elapsed: Callable[[], float] | None = None) -> None:
        self._stream: TextIO | None = stream
        self._elapsed = elapsed or uptime.elapsed

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
