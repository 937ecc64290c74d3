"""Extended M3U: text from titles, durations and URLs.

Rules: pure; one line is one line, whatever a title holds. Flat: an entry is a file's URL, never another playlist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MEDIA_TYPE = "audio/x-mpegurl"
"""``application/vnd.apple.mpegurl`` would make browsers and some players take it for HLS."""

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Entry(NamedTuple):
    """One file. ``duration`` in seconds, None while unknown."""

    title: str
    url: str
    duration: float | None = None


def render(entries: Iterable[Entry], title: str = "") -> str:
    """The playlist's text, to be sent as UTF-8."""
    lines = ["#EXTM3U"]
    if title:
        lines.append(f"#PLAYLIST:{_one_line(title)}")
    for entry in entries:
        # Whole seconds: decimals are HLS's and trip older players. -1 is how M3U says unknown.
        seconds = -1 if entry.duration is None else round(entry.duration)
        lines += [f"#EXTINF:{seconds},{_one_line(entry.title)}", entry.url]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text).encode("utf-8", "replace").decode().strip()
