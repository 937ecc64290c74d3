"""Lines of subtitles as WebVTT cues (W3C, "WebVTT: The Web Video Text Tracks Format").

Rules: a line's text is ASS's (what SubRip and others are read into too): ``{…}`` holds commands, and none of them is
ever shown. Kept are italics, bold, underline, breaks and the place on the screen (``\\an``, a style's alignment, and
roughly ``\\pos``); colours, fonts, karaoke, moves and drawings are dropped. Whatever a text holds, the cue is one: no
empty line, no arrow and no markup but ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

_BLOCK = re.compile(r"\{([^{}]*)\}")
_TORN = re.compile(r"\{\s*(?:\\[^\s\\{}]*)*")
"""A command that nobody closed: what looks like one goes, the words behind it stay."""
_COMMAND = re.compile(r"\\(?:(an|a|b|i|u|p)(-?\d+)?(?=\s*(?:\\|$))|(pos)\(([^()]*)\)|(r)[^\\]*)")
_NESTED = re.compile(r"\\(?!pos)\w+\([^()]*(?:\([^()]*\)[^()]*)*\)?")
"""Commands with others inside them (``\\t``, ``\\clip``): those are about another moment."""
_ESCAPES = {"\\N": "\n", "\\n": " ", "\\h": "\u00a0", "\\{": "{", "\\}": "}"}
_ESCAPE = re.compile(r"\\[Nnh{}]")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LEGACY = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}
"""``\\a`` of SubStation Alpha as ``\\an``."""
_BOLD_FROM = 600
"""``\\b`` may be a font's weight."""


class Style(Struct, frozen=True):
    """How a line looks before its commands. ``alignment`` as on a numeric keypad, 2 is the middle of the bottom."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    alignment: int = 2

    def tags(self) -> tuple[str, ...]:
        """WebVTT's elements, the outermost first."""
        return tuple(name for name, on in (("b", self.bold), ("i", self.italic), ("u", self.underline)) if on)


PLAIN = Style()


class Cue(NamedTuple):
    """A cue; times in seconds, ``settings`` as WebVTT has them (``line:0 align:left``)."""

    start: float
    end: float
    text: str
    settings: str = ""


def cue(start: float, end: float, text: str, style: Style = PLAIN, height: float = 0.0) -> Cue | None:
    """A line as a cue; None when nothing of it is to be read. ``height`` of the picture that ``\\pos`` counts in."""
    drawn = _Drawn(style, height)
    runs = list(drawn.runs(text))
    shown = _joined(runs)
    return Cue(start, end, shown, drawn.settings()) if shown and end > start else None


def webvtt(cues: Iterable[Cue]) -> str:
    """A whole file."""
    parts = ["WEBVTT\n"]
    parts += [f"{_time(c.start)} --> {_time(c.end)}{' ' * bool(c.settings)}{c.settings}\n{c.text}\n" for c in cues]
    return "\n".join(parts)


class _Drawn:
    """The state of a line while it is read from left to right."""

    def __init__(self, style: Style, height: float) -> None:
        self._base = self._style = style
        self._height, self._drawing = height, False
        self._alignment: int | None = None
        self._row: int | None = None

    def runs(self, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Pieces of text with the elements that they are in."""
        # an escaped brace is text (libass); these characters stand for it while commands are looked for
        text = text.replace("\0", "").replace("\ue000", "").replace("\ue001", "")
        text = text.replace("\\{", "\ue000").replace("\\}", "\ue001").replace("\r", "")
        place = 0
        for block in _BLOCK.finditer(text):
            yield from self._said(text[place : block.start()])
            self._obey(block[1])
            place = block.end()
        yield from self._said(text[place:])

    def _said(self, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
        if text and not self._drawing:
            text = _TORN.sub("", text).replace("}", "")
            text = _ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)
            yield self._style.tags(), text.replace("\ue000", "{").replace("\ue001", "}")

    def _obey(self, block: str) -> None:
        for name, number, pos, place, reset in _COMMAND.findall(_NESTED.sub("", block)):
            if reset:
                self._style = self._base
            elif pos:
                self._move(place)
            else:
                self._set(name, int(number) if number and len(number) < 6 else None)

    def _set(self, name: str, value: int | None) -> None:
        base, style = self._base, self._style
        match name:
            case "b":
                self._style = replace(style, bold=base.bold if value is None else value == 1 or value >= _BOLD_FROM)
            case "i":
                self._style = replace(style, italic=base.italic if value is None else value == 1)
            case "u":
                self._style = replace(style, underline=base.underline if value is None else value == 1)
            case "p":
                self._drawing = bool(value and value > 0)
            case _:  # the first one counts
                wanted = _LEGACY.get(value or 0) if name == "a" else value
                if self._alignment is None and wanted in range(1, 10):
                    self._alignment = wanted

    def _move(self, place: str) -> None:
        """The third of the picture that it is in."""
        _, comma, y = place.partition(",")
        try:
            share = float(y) / self._height if comma and self._height > 0 else None
        except ValueError:
            return
        if share is not None:
            self._row = 2 if share < 1 / 3 else 1 if share < 2 / 3 else 0

    def settings(self) -> str:
        """Where it stands; nothing for the usual place."""
        alignment = self._alignment or self._base.alignment
        row = (alignment - 1) // 3 if self._row is None else self._row
        line = ("", "line:45%", "line:0")[row]
        align = ("align:left", "", "align:right")[(alignment - 1) % 3]
        return " ".join(filter(None, (line, align)))


def _joined(runs: list[tuple[tuple[str, ...], str]]) -> str:
    """The text with its elements, well nested; lines without words are left out, since an empty one ends a cue."""
    lines = []
    for line in _lines(runs):
        if "".join(text for _, text in line).strip():
            lines.append(_marked(line))
    return "\n".join(lines)


def _lines(runs: list[tuple[tuple[str, ...], str]]) -> list[list[tuple[tuple[str, ...], str]]]:
    found: list[list[tuple[tuple[str, ...], str]]] = [[]]
    for tags, text in runs:
        for number, part in enumerate(re.split(r"[\n\v\f\x1c-\x1e\x85\u2028\u2029]", text)):
            if number:
                found.append([])
            if part:
                found[-1].append((tags, part))
    return found


def _marked(line: list[tuple[tuple[str, ...], str]]) -> str:
    marked, opened = "", tuple[str, ...]()
    for tags, text in [*line, ((), "")]:
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(opened, tags, strict=False)))
        marked += "".join(f"</{tag}>" for tag in reversed(opened[kept:]))
        marked += "".join(f"<{tag}>" for tag in tags[kept:]) + text.translate(_MARKUP)
        opened = tags
    return marked.strip()


def _time(seconds: float) -> str:
    whole = round(max(0.0, seconds) * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
