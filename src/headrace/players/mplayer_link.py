"""MPlayer's slave mode (DOCS/tech/slave.txt of MPlayer): commands on stdin, ``ANS_NAME=value`` on stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from headrace.players.base import Media, PlayerState
from headrace.players.process import Child
from headrace.players.record import Control, is_url, seconds
from headrace.players.report import Reporter

EACH = 1.0
"""Seconds between two questions."""


class MplayerLink:
    """Follows one MPlayer."""

    def __init__(self, program: str, media: Media, reporter: Reporter) -> None:
        self.control = Control(platform=sys.platform)
        self.connected = asyncio.Event()
        self._media = media
        self._reporter = reporter
        self._child: Child | None = None
        self._answers: dict[str, str] = {}

    async def follow(self, child: Child) -> None:
        """Ask once a second; answers come when MPlayer gets to its commands, which is between two frames."""
        self._child = child
        child.on_line = self._take
        for line in tuple(child.tail):  # said before we listened
            self._take(line)
        while not child.exited.done():
            for question in ("get_property pause", "get_property path", "get_time_length", "get_time_pos"):
                child.write(f"pausing_keep_force {question}")
            await child.gone_within(EACH)

    def _take(self, line: str) -> None:
        if line.startswith("Playing "):
            self.connected.set()
        if not line.startswith("ANS_"):
            return
        name, _, value = line.removeprefix("ANS_").partition("=")
        self._answers[name] = value
        if name == "TIME_POSITION":  # the last of one round
            self._report(float(value))

    def _report(self, position: float) -> None:
        answers = self._answers
        state = "paused" if answers.get("pause") == "yes" else "playing"
        length = float(answers.get("LENGTH", "0"))
        path = answers.get("path", "").strip("'") or self._media.url
        self._reporter.report(PlayerState(state, position, length or None, path))

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """Files only."""
        if any(is_url(source) or "\n" in source for source in sources) or self._child is None:
            return False
        quoted = [source.replace("\\", "\\\\").replace('"', '\\"') for source in sources]
        return all(self._child.write(f'pausing_keep_force sub_load "{source}"') for source in quoted)

    async def seek(self, position: float) -> bool:
        """Absolute."""
        return self._child is not None and self._child.write(f"pausing_keep_force seek {seconds(position)} 2")

    async def ask_to_quit(self) -> None:
        """Send ``quit``."""
        if self._child:
            self._child.write("quit")

    def close(self) -> None:
        """Nothing to remove."""
