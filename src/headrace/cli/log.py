"""What a server says of itself: log lines on standard error, plain or as JSON.

Rules: one event is one line, whatever a torrent's name holds; what may be a secret is redacted in every line, whoever
wrote it. Progress is for the API; here stands what somebody would look for the day after.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from typing import TextIO

from headrace.cli.words import clean, count
from headrace.core import events
from headrace.core.redact import redact
from headrace.core.units import format_size

logger = logging.getLogger("headrace.serve")


@contextlib.contextmanager
def to(form: str, level: int, stream: TextIO | None = None) -> Iterator[None]:
    """Within it all loggers write to ``stream`` (standard error), from this level on and to nowhere else.

    ``form`` is ``plain``, ``json`` or ``debug``. Afterwards logging is as it was: a program that runs several commands
    in one process may have closed that stream by then.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_FORMS[form]())
    root, calm = logging.getLogger(), [logging.getLogger(name) for name in _CHATTY if level > logging.DEBUG]
    before, levels = root.handlers[:], [(logger, logger.level) for logger in (root, *calm)]
    root.handlers[:] = [handler]
    root.setLevel(level)
    for each in calm:
        each.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = before
        for each, was in levels:
            each.setLevel(was)
        handler.close()


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _Plain(_Redacting):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")


class _Debug(_Redacting):
    """Of a command that ends: milliseconds since its start say more than the time of day."""

    def __init__(self) -> None:
        super().__init__("%(relativeCreated)7.0f %(levelname)s %(name)s: %(message)s")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line)


_FORMS: dict[str, type[logging.Formatter]] = {"plain": _Plain, "json": _Json, "debug": _Debug}
_CHATTY = ("asyncio", "watchfiles")


class LogView:
    """A ``View`` that writes to the log; the server's address goes to standard output, as a result."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def __call__(self, note: events.Note) -> None:
        """Write a line, if the note is worth one."""
        infohash = ""
        if isinstance(note, events.Of):
            infohash, note = note.infohash, note.note
        if isinstance(note, events.Serving):
            self._out.write(note.url + "\n")
            self._out.flush()
        text, level = _line(note)
        if text:
            fields = {"event": note.event} | ({"infohash": infohash} if infohash else {})
            logger.log(level, "%s", clean(f"{infohash[:8]} {text}" if infohash else text), extra={"fields": fields})

    def close(self) -> None:
        """Nothing is held back."""


def _line(note: events.Note) -> tuple[str, int]:
    """What is said of a note, and how loud; nothing of those that are not worth a line."""
    match note:
        case events.Serving(url, _, _, everywhere):
            more = ", as at all other addresses of this machine" if everywhere else ""
            return f"serving at {url}{more}", logging.INFO
        case events.Starting(source):
            return f"added: {source}", logging.INFO
        case events.Metadata(_, name, size, _, files):
            return f"metadata: {name}, {count(len(files), 'file')}, {format_size(size)}", logging.INFO
        case events.Ready():
            return "ready to play", logging.INFO
        case events.Changed(paused, down, up, files):
            limits = f"limits {down or 'none'} down, {up or 'none'} up"
            return (
                f"changed: {'paused' if paused else 'runs'}, {limits}, fetches {count(len(files), 'file')}",
                logging.INFO,
            )
        case events.Removed(data):
            return "removed, its data too" if data == "delete" else "removed, its data is kept", logging.INFO
        case events.Warning(_, message):
            return message, logging.WARNING
        case events.Demo("failed", _, _, message):
            return message, logging.WARNING
        case events.Error(_, message):
            return message, logging.ERROR
        case events.Waiting(reason, detail, _, seconds):
            return f"a reader has waited for {seconds:.0f} s: {detail or reason}", logging.DEBUG
        case events.Done(_, downloaded, uploaded):
            return f"ended: fetched {format_size(downloaded)}, sent {format_size(uploaded)}", logging.INFO
    return "", 0
