"""What a player is: a name, where its program lies, and a pure function from a Media to an argument vector."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from headrace.players.base import Media


class Control(Struct, frozen=True):
    """How we and this one run of a player talk, and where it runs. Empty fields are not used by that player."""

    platform: str = "linux"
    display: bool = True
    socket: str = ""
    port: int = 0
    password: str = ""


Argv = Callable[[str, Media, Control], list[str]]
"""(program, media, control) -> the argument vector. Pure."""


class Player(Struct, frozen=True):
    """One player. ``programs`` are looked for on PATH, then ``places``, which may name variables as ``{HOME}``."""

    name: str
    programs: tuple[str, ...]
    argv: Argv
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By platform (``sys.platform``), absolute paths."""
    link: str = ""
    """How it reports and is steered: "mpv" (JSON IPC), "vlc" (HTTP), "mplayer" (slave mode), "" (not at all)."""
    ends_alone: str = ""
    """What it says when it ends by itself, if it then gives 0 even when it played nothing."""
    closed: tuple[int, ...] = ()
    """Exit codes, besides 0, with which it ends when the user or a signal closes it."""
    install: Mapping[str, str] = field(default_factory=dict)
    """By platform, what the user does to get it."""


_QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?'\"]*)\?[^\s'\"]*", re.IGNORECASE)


def scrub(text: str) -> str:
    """``text`` without the queries of its URLs, which may carry a token."""
    return _QUERY.sub(r"\1", text)


def clean(title: str) -> str:
    """``title`` as one printable line: names in torrents may hold control characters, and NUL cannot be passed."""
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())


def is_url(source: str) -> bool:
    """Whether a subtitle source is a URL, not a path."""
    return source.startswith(("http://", "https://"))


def lua_pattern(text: str) -> str:
    """A Lua pattern that matches ``text`` and nothing else."""
    return re.sub(r"([^A-Za-z0-9:/])", r"%\1", text)


def seconds(value: float) -> str:
    """Seconds as players read them, to the millisecond: ``90``, ``5.5``."""
    return f"{max(value, 0.0):.3f}".rstrip("0").rstrip(".")


def clock(value: float) -> str:
    """Seconds as ``HH:MM:SS``."""
    whole = int(max(value, 0.0))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
