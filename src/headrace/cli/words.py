"""What is written to people: pure functions from values to text.

Rules: text that came from a torrent or the network passes ``clean`` before a terminal sees it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from unicodedata import combining, east_asian_width
from urllib.parse import unquote_plus

from headrace.core.units import format_time

STATES = {
    "metadata": "Getting the metadata",
    "checking": "Checking the data on disk",
    "connecting": "Looking for peers",
    "buffering": "Buffering",
    "ready": "Ready",
    "playing": "Playing",
    "waiting": "Waiting",
    "paused": "Paused",
    "finished": "Complete",
    "failed": "Failed",
}
"""The states of ``core.health`` in words."""


def clean(text: str) -> str:
    """One line without control characters, escape sequences, or characters that turn a terminal's text around."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def state(name: str) -> str:
    """A state in words; one that is not known as it is."""
    return STATES.get(name, clean(name).capitalize())


def count(number: int, noun: str) -> str:
    """``1 peer``, ``2 peers``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def source(text: str) -> str:
    """What to call a source until its metadata is there: a magnet link's name or hash, else the text."""
    if not text.startswith("magnet:"):
        return clean(text)
    name = re.search(r"[?&]dn=([^&]+)", text)
    topic = re.search(r"urn:bt[im]h:(\w+)", text)
    return clean(unquote_plus(name[1])) if name else topic[1] if topic else clean(text)


def going_on(seconds: float) -> str:
    """What is said when a film does not start at its beginning."""
    return f"Going on at {format_time(seconds)}; --no-resume starts at the beginning"


def about(seconds: float) -> str:
    """An estimate, no more exact than it is."""
    if seconds < 1:
        return "in a moment"
    if seconds < 90:
        return f"in about {seconds:.0f} s"
    return f"in about {seconds / 60:.0f} min" if seconds < 5400 else f"in about {seconds / 3600:.0f} h"


def cells(text: str) -> int:
    """Columns that a terminal needs for it: letters of East Asia take two, accents on their own none."""
    return sum(2 if east_asian_width(c) in "WF" else 0 if combining(c) else 1 for c in text)


def shorten(text: str, width: int) -> str:
    """At most ``width`` columns; the middle goes, since names differ at both ends."""
    if cells(text) <= width:
        return text
    head, tail = "", ""
    for left, right in zip(text, reversed(text), strict=True):
        if cells(head + left + tail) < width:
            head += left
        if cells(head + right + tail) < width:
            tail = right + tail
        if cells(head + tail) + 2 > width:
            break
    return f"{head}…{tail}" if width > 0 else ""


def pack(parts: Sequence[str], width: int, between: str = " · ") -> list[str]:
    """Parts on as few lines of ``width`` as they fit on, in order; only a part that is wider is broken."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(between) + len(part) <= width:
            lines[-1] += between + part
        else:
            lines += textwrap.wrap(part, max(width, 1))
    return lines
