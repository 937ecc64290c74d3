"""Notes as plain lines, for logs and pipes: one line where something changes, none while nothing does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TextIO

from headrace.cli.words import clean, count, going_on, source
from headrace.core import events
from headrace.core.units import format_rate, format_size, format_time

STEP = 0.1
"""Progress of a download is told at each tenth of it."""


class PlainPrinter:
    """A ``View`` of lines on ``stream``; ``result`` is told every note too, for what goes to standard output."""

    def __init__(self, stream: TextIO, result: Callable[[events.Note], None] = lambda note: None) -> None:
        self._stream: TextIO | None = stream
        self._result = result
        self._reason = ""
        self._player = ""
        self._share = 0.0
        self._fetching = True

    def __call__(self, note: events.Note) -> None:
        """Print the lines that a note is worth."""
        self._result(note)
        for line in self._lines(note):
            self._print(clean(line))

    def close(self) -> None:
        """Nothing is held back."""

    def _print(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except BrokenPipeError:
            self._stream = None

    def _lines(self, note: events.Note) -> Iterator[str]:
        match note:
            case events.Waiting():
                if note.reason != self._reason:
                    yield f"Waiting: {note.detail}"
                self._reason = note.reason
            case events.Resumed():
                self._reason = ""
                yield f"Going on after {note.seconds:.0f} s"
            case events.Player():
                if note.state != self._player:
                    yield f"{note.name}: {note.state}"
                self._player, self._fetching = note.state, False
            case events.Progress():
                yield from self._progress(note)
            case _:
                yield from line_of(note)

    def _progress(self, note: events.Progress) -> Iterator[str]:
        share = note.downloaded / note.wanted if note.wanted else 0.0
        if self._fetching and int(share / STEP) > int(self._share / STEP):
            yield f"{min(share, 1):.0%}: {format_rate(note.down_rate)} from {count(note.peers, 'peer')}"
        self._share = max(self._share, share)


def line_of(note: events.Note) -> Iterator[str]:
    """The line of a note that is always told, whatever came before; none for those that are not."""
    match note:
        case events.Starting():
            yield f"Opening {source(note.source)}"
        case events.Metadata():
            yield f"{note.name}: {count(len(note.files), 'file')}, {format_size(note.size)}"
        case events.Selected():
            yield f"Chosen: {note.path} ({format_size(note.size)})"
        case events.Serving():
            yield f"Serving {note.url}"
        case events.Ready():
            yield f"Ready: {format_size(note.buffered_bytes)} buffered"
        case events.GoingOn():
            yield going_on(note.position)
        case events.Warning():
            yield f"Warning: {note.message}"
        case events.Done():
            played = f"played {format_time(note.played_seconds)}, " if note.played_seconds else ""
            yield f"Done: {played}received {format_size(note.downloaded)}, sent {format_size(note.uploaded)}"
