"""A server's log."""

from __future__ import annotations

import io
import json
import logging

import pytest

from headrace.cli import log
from headrace.core import events

HASH = "ab" * 20
SECRET = "http://tracker.example/announce/9f8e7d6c5b4a39281706"


def written(form: str, *notes: events.Note, level: int = logging.INFO) -> list[str]:
    stream = io.StringIO()
    view = log.LogView(io.StringIO())
    with log.to(form, level, stream):
        for note in notes:
            view(events.Of(HASH, note))
    return stream.getvalue().splitlines()


NOTES = (
    (events.Starting("show.torrent"), "info", "added: show.torrent"),
    (events.Metadata(HASH, "Film", 2 << 20, 1, ({},)), "info", "metadata: Film, 1 file, 2.0 MiB"),
    (events.Ready(1), "info", "ready to play"),
    (events.Changed(True, 0, 5, (1, 2)), "info", "changed: paused, limits none down, 5 up, fetches 2 files"),
    (events.Removed("delete"), "info", "removed, its data too"),
    (events.Removed("keep"), "info", "removed, its data is kept"),
    (events.Warning("disk", "It is full."), "warning", "It is full."),
    (events.Demo("failed", message="No room."), "warning", "No room."),
    (events.Error("x", "It failed.", "", 1), "error", "It failed."),
)


@pytest.mark.parametrize(("note", "level", "text"), NOTES)
def test_a_line(note: events.Note, level: str, text: str) -> None:
    (plain,) = written("plain", note)
    assert plain.endswith(f" {level.upper()} abababab {text}")
    found = json.loads(*written("json", note))
    assert (found["level"], found["message"]) == (level, f"abababab {text}")
    assert (found["event"], found["infohash"]) == (note.event, HASH)


def test_what_nobody_would_look_for_is_not_written() -> None:
    waiting = events.Waiting("slow", "on the way", 3, 6.0)
    progress = events.Progress("playing", None, None, None, 0, 0, 0, 0, 0, 0, 0)
    assert written("plain", progress, waiting, events.Selected(0, "a", 1), events.Demo("making")) == []
    assert len(written("plain", waiting, level=logging.DEBUG)) == 1


@pytest.mark.parametrize("form", ["plain", "json"])
def test_no_line_has_a_secret_whoever_wrote_it(form: str) -> None:
    stream = io.StringIO()
    with log.to(form, logging.INFO, stream):
        logging.getLogger("other").warning("no answer from %s", SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("other").exception("failed")
    assert "tracker.example" in stream.getvalue()
    assert "9f8e" not in stream.getvalue()
    if form == "json":
        assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == ["warning", "error"]
