from __future__ import annotations

import io
import json

import pytest

from headrace.cli.jsonl import JsonPrinter
from headrace.core import events


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        raise BrokenPipeError


def test_a_line_is_one_object_with_event_and_time_first() -> None:
    out = io.StringIO()
    printer = JsonPrinter(out, elapsed=lambda: 1.23456)
    printer(events.Waiting("slow", "caf\u00e9 \x1b[31m\nline", None, 2.0))
    printer(events.Ready(7))
    printer.close()
    first, second = out.getvalue().splitlines()
    assert first.isascii()
    assert list(json.loads(first).items()) == [
        ("event", "waiting"),
        ("t", 1.235),
        ("reason", "slow"),
        ("detail", "caf\u00e9 \x1b[31m\nline"),
        ("piece", None),
        ("seconds", 2.0),
    ]
    assert json.loads(second) == {"event": "ready", "t": 1.235, "buffered_bytes": 7}


def test_every_line_is_flushed() -> None:
    class Flushed(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    out = Flushed()
    JsonPrinter(out)(events.Ready(7))
    assert out.flushed == out.getvalue() != ""


def test_a_closed_pipe_is_survived_and_left_alone() -> None:
    out = Gone()
    printer = JsonPrinter(out)
    printer(events.Ready(1))
    printer(events.Ready(2))
    assert out.writes == 1


def test_figures_that_are_not_json_are_a_fault() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        JsonPrinter(io.StringIO())(events.Resumed(float("nan")))
