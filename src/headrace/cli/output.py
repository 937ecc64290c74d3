"""Which way notes are shown: JSON lines, a live view, plain lines, or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from headrace.core.events import Note
    from headrace.settings import Settings


class View(Protocol):
    """Whoever shows notes."""

    def __call__(self, note: Note) -> None:
        """Show one note."""

    def close(self) -> None:
        """Show nothing more, and leave the terminal as it was."""


class Later:
    """The view that fits, made at the first note: by then the engine runs, and what a view imports delays nothing.

    A context manager that closes it, whatever happens.
    """

    def __init__(self, settings: Settings, verb: str) -> None:
        self._settings, self._verb = settings, verb
        self._view: View | None = None

    def __call__(self, note: Note) -> None:
        """Show one note."""
        if self._view is None:
            self._view = choose(self._settings, self._verb)
        self._view(note)

    def close(self) -> None:
        """Close the view, if there is one."""
        if self._view is not None:
            self._view.close()

    def __enter__(self) -> Later:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def choose(settings: Settings, verb: str) -> View:
    """The view that fits."""
    if settings.json:
        from headrace.cli.jsonl import JsonPrinter

        return JsonPrinter(sys.stdout)
    if verb == "serve":
        from headrace.cli.log import LogView

        return LogView()
    serves = verb == "play" and settings.player == "none"
    if settings.quiet:
        return Quiet(serves)
    if is_terminal() and not settings.debug:  # log lines and a view that redraws itself do not go together
        from headrace.cli.view import LiveView

        return LiveView(url_first=serves, fetching=verb == "download")
    from headrace.cli.plain import PlainPrinter

    return PlainPrinter(sys.stderr, Quiet(serves))


def is_terminal() -> bool:
    """Whether standard error is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


class Quiet:
    """Says nothing; but where the URL is the result (``--player none``), it goes to standard output."""

    def __init__(self, serves: bool) -> None:
        self._serves = serves

    def __call__(self, note: Note) -> None:
        """Print the URL, once it is there."""
        from headrace.core.events import Serving

        if self._serves and isinstance(note, Serving):
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.write(note.url + "\n")
                sys.stdout.flush()

    def close(self) -> None:
        """Nothing to close."""
