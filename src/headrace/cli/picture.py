"""What the live view shows: a fold of notes into one picture, and the picture as styled lines.

Rules: no terminal, no clock, no rich; ``lines`` is a function of the picture and a width, and each line fits into it.
URLs are wrapped and never shortened. Text from torrents is cleaned when it comes in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from headrace.cli import words
from headrace.core import events
from headrace.core.units import format_rate, format_size, format_time

SHADES = "░▒▓█"
SHADES_ASCII = ".:+#"
"""Of a part of the file: nothing, little, most, all of it is there."""
_PLAIN_SIGNS = {ord("·"): "|", ord("…"): "~"}
_ON_THE_WAY = ("connecting", "buffering", "ready", "playing")
NOTICED = 20.0
"""Seconds of playing after which nobody needs to be told any more that the film went on where it was stopped."""
MAP_TOP = 8
"""The value of a cell of the map when all of it is there."""


class Styled(NamedTuple):
    """A piece of a line, and how it looks."""

    text: str
    style: str = ""


Line = list[Styled]


class Picture(Struct):
    """All that is shown. ``url_first``: the URL is what the user waits for (``--player none``).

    ``fetching``: nothing is played, and what counts is when all is there.
    """

    url_first: bool = False
    fetching: bool = False
    title: str = ""
    size: int = 0
    url: str = ""
    state: str = "metadata"
    player: str = ""
    player_state: str = ""
    waiting: str = ""
    going_on: float | None = None
    """Where the film went on, until that was noticed."""
    warning: str = ""
    progress: events.Progress | None = None
    done: events.Done | None = None

    def take(self, note: events.Note) -> None:
        """Change as a note says."""
        match note:
            case events.Starting():
                self.title = self.title or words.source(note.source)
            case events.Metadata():
                self.title, self.size = words.clean(note.name), note.size
                self.state = "buffering"
            case events.Selected():
                self.title, self.size = words.clean(note.path.rsplit("/", 1)[-1]), note.size
            case events.Serving():
                self.url = words.clean(note.url)
            case events.Ready():
                self.state = "ready"
            case events.Player() | events.GoingOn() | events.Progress():
                self._play(note)
            case events.Waiting():
                self.waiting = words.clean(note.detail)
            case events.Resumed():
                self.waiting = ""
            case events.Warning() | events.Error():
                self.warning = words.clean(note.message)
            case events.Done():
                self.done = note

    def _play(self, note: events.Player | events.GoingOn | events.Progress) -> None:
        match note:
            case events.Player():
                self.player, self.player_state = words.clean(note.name), note.state
            case events.GoingOn():
                self.going_on = note.position
            case events.Progress():
                self.progress, self.state = note, note.state
                if (note.position or 0.0) > (self.going_on or 0.0) + NOTICED:
                    self.going_on = None

    @property
    def share(self) -> float | None:
        """How much of what is wanted is there, 0 to 1; None while unknown."""
        if self.state == "finished":
            return 1.0
        share = getattr(self.progress, "share", None)
        if isinstance(share, float | int):
            return min(max(float(share), 0.0), 1.0)
        if self.progress is None or not self.progress.wanted:
            return None
        return min(self.progress.downloaded / self.progress.wanted, 1.0)


def lines(picture: Picture, width: int, *, unicode: bool = True) -> list[Line]:
    """The picture for a terminal ``width`` columns wide; without ``unicode``, our own signs are ASCII."""
    found = _lines(picture, width, SHADES if unicode else SHADES_ASCII)
    if unicode:
        return found
    return [[part._replace(text=part.text.translate(_PLAIN_SIGNS)) for part in line] for line in found]


def _lines(picture: Picture, width: int, shades: str) -> list[Line]:
    found: list[Line] = []
    if picture.title:
        found.append(_title(picture, width))
    if picture.url and picture.url_first:
        found += _url(picture.url, width, "bold cyan")
    found += [[Styled(text, _style(picture))] for text in words.pack(_headline(picture), width)]
    if picture.going_on is not None and picture.done is None:
        found += [[Styled(text, "dim")] for text in _wrap(words.going_on(picture.going_on), width)]
    if picture.waiting and picture.done is None:
        found += [[Styled(text, "yellow")] for text in _wrap(picture.waiting, width)]
    if picture.share is not None:
        found.append(_bar(picture, width, shades))
    found += [[Styled(text)] for text in words.pack(list(_facts(picture)), width)]
    if picture.url and not picture.url_first:
        found += _url(picture.url, width, "dim")
    if picture.warning:
        found += [[Styled(text, "yellow")] for text in _wrap(f"Warning: {picture.warning}", width)]
    return found


def _title(picture: Picture, width: int) -> Line:
    size = f"  {format_size(picture.size)}" if picture.size and width >= 30 else ""
    return [Styled(words.shorten(picture.title, width - len(size)), "bold"), Styled(size, "dim")]


def _headline(picture: Picture) -> list[str]:
    """The state in words, with what matters most in it."""
    if picture.done is not None:
        return _ending(picture.done)
    if picture.fetching and picture.state in _ON_THE_WAY:
        return ["Downloading", *_time_left(picture)]
    progress, state = picture.progress, _state(picture)
    parts = [words.state(state)]
    if progress is not None and progress.position is not None and state in ("playing", "paused", "waiting"):
        length = f" / {format_time(progress.duration)}" if progress.duration else ""
        parts[0] += f" {format_time(progress.position)}{length}"
    if progress is not None and progress.time_to_playable and state in ("connecting", "buffering"):
        parts.append(f"plays {words.about(progress.time_to_playable)}")
    if picture.player and picture.player != "none":
        same = picture.player_state == state
        parts.append(picture.player if same else f"{picture.player}: {words.clean(picture.player_state)}")
    return parts


def _state(picture: Picture) -> str:
    """The player's state where the stream's says nothing more: a player that has all its bytes still plays."""
    told = picture.player_state in ("playing", "paused") and picture.state in ("ready", "playing", "finished")
    return picture.player_state if told else picture.state


def _time_left(picture: Picture) -> Iterator[str]:
    """When all is there; nothing when it cannot be told."""
    progress, share = picture.progress, picture.share
    if progress is not None and share is not None and progress.down_rate > 0:
        yield f"done {words.about((1 - share) * progress.wanted / progress.down_rate)}"


def _ending(done: events.Done) -> list[str]:
    played = [f"Played {format_time(done.played_seconds)}"] if done.played_seconds else []
    return [*played, f"received {format_size(done.downloaded)}", f"sent {format_size(done.uploaded)}"]


def _style(picture: Picture) -> str:
    if picture.done is not None or picture.state in ("playing", "ready", "finished"):
        return "green"
    return {"failed": "red", "waiting": "yellow", "paused": ""}.get(picture.state, "cyan")


def _facts(picture: Picture) -> Iterator[str]:
    progress = picture.progress
    if progress is None or picture.done is not None:
        return
    if progress.buffered_seconds is not None and not picture.fetching:
        yield f"{format_time(progress.buffered_seconds)} ahead"
    yield f"down {format_rate(progress.down_rate)}"
    yield f"up {format_rate(progress.up_rate)}"
    seeds = f", {words.count(progress.seeds, 'seed')}" if progress.seeds else ""
    yield f"{words.count(progress.peers, 'peer')}{seeds}"


def _bar(picture: Picture, width: int, shades: str) -> Line:
    share = picture.share or 0.0
    label = f" {int(share * 100):>3} %"
    room = max(min(width - len(label), 100), 1)
    cells = _cells(picture, room)
    there = "".join(shades[0 if v <= 0 else 3 if v >= 1 else 1 if v < 0.5 else 2] for v in cells)
    head = _head_cell(picture, room)
    if head is None:
        return [Styled(there, "green"), Styled(label)]
    return [
        Styled(there[:head], "green"),
        Styled(there[head], "reverse"),
        Styled(there[head + 1 :], "green"),
        Styled(label),
    ]


def _cells(picture: Picture, room: int) -> list[float]:
    """How much of each part is there, 0 to 1: from the map of pieces, else as if all came in order."""
    coarse = map_of(picture.progress)
    if not coarse:
        full = (picture.share or 0.0) * room
        return [min(max(full - column, 0.0), 1.0) for column in range(room)]
    means = []
    for column in range(room):
        first = column * len(coarse) // room
        last = max(-(-(column + 1) * len(coarse) // room), first + 1)
        part = coarse[first:last]
        means.append(sum(part) / len(part) / MAP_TOP)
    return means


def map_of(progress: events.Progress | None) -> list[int]:
    """The map that a progress note may carry: cells of 0 to ``MAP_TOP`` as digits or bytes; else none."""
    raw = getattr(progress, "map", None)
    if isinstance(raw, str):
        return [int(c) for c in raw if c.isdecimal()]
    return list(raw) if isinstance(raw, bytes) else []


def _head_cell(picture: Picture, room: int) -> int | None:
    """Where the player is; about, since time is not spread evenly over bytes."""
    progress = picture.progress
    if progress is None or progress.position is None or not progress.duration:
        return None
    return min(max(int(progress.position / progress.duration * room), 0), room - 1)


def _url(url: str, width: int, style: str) -> list[Line]:
    return [[Styled(url[at : at + width], style)] for at in range(0, len(url), max(width, 1))]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 1)) or [""]
