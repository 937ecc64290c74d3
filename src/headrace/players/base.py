"""What players are to the rest of Headrace: a ``Media`` goes in, ``PlayerState`` comes back, ``Running`` steers.

Rules of this package:
- a player is a small typed record (``record.Player``) with a pure function that builds its argument vector;
- a program that is not asked for is never started, and none of them shares our terminal, sockets or Ctrl-C;
- URLs may carry a token: they are handed to the player and to ``PlayerState.path``, and never logged or shown.

This module stays cheap to import (no asyncio): ``accepts`` runs before the engine does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

NAMES = ("mpv", "vlc", "iina", "mplayer", "mpc-hc", "potplayer", "browser", "none")
"""All known players, in order of preference."""
DEVICES = ("cast", "dlna")
"""What names of devices begin with: ``cast:Living Room`` (``casting.names``)."""


class Media(Struct, frozen=True):
    """What to play. ``start`` in seconds; ``subtitles`` are URLs or file paths; ``extra`` is for the player alone."""

    url: str
    title: str = ""
    start: float = 0.0
    subtitles: tuple[str, ...] = ()
    playlist: bool = False
    """``url`` is an m3u8 playlist: ``start`` then counts for its first entry, and ``title`` is left to the playlist."""
    extra: tuple[str, ...] = ()


class PlayerState(Struct, frozen=True):
    """What a player does now; reported when it changes, the bare position at most about once a second.

    ``state`` is one of starting, playing, paused, buffering, ended, failed. ``ended`` and ``failed`` speak of what
    ``path`` names: in a playlist the next entry starts after them, and a player that keeps its window open at the end
    stays. Only ``Running.wait`` says that the player has gone. Players that cannot report say ``playing`` without a
    position from their start until they end.
    """

    state: str
    position: float | None = None
    duration: float | None = None
    path: str = ""
    detail: str = ""
    """Why it failed, in the player's words and without any query of a URL."""


class Found(Struct, frozen=True):
    """A player on this machine. ``version`` is empty unless it was asked for."""

    name: str
    path: str
    version: str = ""


OnState = Callable[[PlayerState], None]


class Running(Protocol):
    """A player that was started."""

    name: str

    async def wait(self) -> int:
        """Wait until the player has gone; its exit code, 0 after ``stop``. Cancelling the wait stops the player.

        A device that could not go on raises PlayerError.
        """

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """Add subtitles (URLs or file paths) while it runs. False when this player cannot, or refused one.

        Before the video is there they are taken (True) and added when it is.
        """

    async def seek(self, seconds: float) -> bool:
        """Go to ``seconds`` from the start of the file. False when this player cannot."""

    async def stop(self) -> None:
        """End the player: ask, then terminate, then kill; within 3 s."""


async def launch(name: str, media: Media, on_state: OnState) -> Running:
    """Start the player ``name`` (a known name, or a command line with ``{url}``) on ``media``.

    Returns when the player runs. Raises PlayerError when it is unknown, not found, or ends at once with an error.
    ``on_state`` is called in the event loop's thread.
    """
    from headrace.players import run

    return await run.launch(name, media, on_state)


def available(*, versions: bool = False) -> list[Found]:
    """All players found on this machine, best first. ``versions`` asks each for its version (about 0.1 s each)."""
    from headrace.players import table

    found = table.find_all(table.this_machine())
    return [table.with_version(one) for one in found] if versions else found


def default_player() -> str:
    """The name of the best player found. Raises PlayerError, with what to install, when there is none."""
    from headrace.players import table

    return table.choose(table.this_machine())


def accepts(name: str) -> bool:
    """Whether ``name`` is a known player's or a device's name, or a command line with ``{url}``."""
    return name.lower() in NAMES or "{url}" in name or is_device(name)


def check_device(name: str, *, playlist: bool = False, arguments: Sequence[str] = ()) -> None:
    """``PlayerError`` when a device cannot do what is asked of it."""
    from headrace.errors import PlayerError

    if playlist:
        raise PlayerError(f"{name} plays one file at a time.", "Leave --all out, or choose a file: --file SEL.")
    if arguments:
        raise PlayerError(f"{name} takes no arguments.", "Leave out what stands behind --.")


def is_device(name: str) -> bool:
    """Whether ``name`` is of a device in the network."""
    return name.partition(":")[0].strip().lower() in DEVICES and "{url}" not in name
