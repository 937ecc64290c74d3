"""How a running player is followed and steered. One class per way; each ends quietly when the player goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from headrace.players.base import Media
from headrace.players.process import Child
from headrace.players.record import Control
from headrace.players.report import Reporter


class Link(Protocol):
    """A way to a player. ``control`` goes into its argument vector; ``connected`` is set when it answers."""

    control: Control
    connected: asyncio.Event

    async def follow(self, child: Child) -> None:
        """Connect, then report until the player goes; returns, never raises, when it cannot (any more)."""

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """As ``Running.add_subtitles``."""

    async def seek(self, seconds: float) -> bool:
        """As ``Running.seek``."""

    async def ask_to_quit(self) -> None:
        """Ask the player to end; whether it does is seen at the process."""

    def close(self) -> None:
        """Remove what the link made (sockets, folders). May be called twice."""


MakeLink = Callable[[str, Media, Reporter], Link]
"""(program, media, reporter) -> link."""
