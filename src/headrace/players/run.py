"""Starting a player, watching over it, and ending it.

Rules:
- ``launch`` returns when the player answers, or has lived for ``GRACE`` (players that tell nothing) or ``PATIENCE``
  (players that should); before that, an end with an error is a PlayerError.
- One task watches one process: it alone decides how the player ended, and reports it last.
- Nobody leaves a player behind: a cancelled ``launch`` or ``wait`` stops it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from headrace.errors import PlayerError
from headrace.players import browser, custom, table
from headrace.players.base import NAMES, Media, OnState, PlayerState, Running, is_device
from headrace.players.link import Link
from headrace.players.mplayer_link import MplayerLink
from headrace.players.mpv import later_subtitles
from headrace.players.mpv_link import MpvLink
from headrace.players.process import Child, spawn
from headrace.players.record import Control, Player
from headrace.players.report import Reporter
from headrace.players.vlc_link import VlcLink

GRACE = 0.5
"""Seconds within which a program that cannot start has ended (mpv and VLC need 0.1 to 0.3 s to fail)."""
PATIENCE = 5.0
"""Seconds that a player may take to answer before it is taken to be one that will not."""
STOP_POLITE, STOP_TERMINATE, STOP_KILL = 1.2, 1.0, 0.5
"""Seconds given to each step of ``stop``; together under 3."""
LAST_WORDS = 0.2
"""Seconds to wait for the rest of its output once it has gone (a grandchild may hold the pipe open for ever)."""
CLOSED = tuple(-getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL") if hasattr(signal, name))
"""Exit codes that are no failure: somebody ended it by a signal."""


class ProcessPlayer:
    """A player that is a process."""

    def __init__(
        self, name: str, child: Child, reporter: Reporter, link: Link | None = None, player: Player | None = None
    ) -> None:
        self.name = name
        self.error = ""
        """Its last words, when it failed."""
        self._child = child
        self._reporter = reporter
        self._link = link
        self._ends_alone = player.ends_alone if player else ""
        self._closed = (*CLOSED, *(player.closed if player else ()))
        self._begun = False
        self._stopping: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._following = loop.create_task(link.follow(child)) if link else None
        self._watching: asyncio.Task[int] = loop.create_task(self._watch())

    async def _watch(self) -> int:
        """Until the process has gone: say how it ended, and clean up."""
        code = await asyncio.shield(self._child.exited)
        await asyncio.wait([self._child.silent, *([self._following] if self._following else [])], timeout=LAST_WORDS)
        if self._following:
            self._following.cancel()
            await asyncio.wait([self._following])
        if self._link:
            self._link.close()
        self._child.close()
        return self._verdict(code)

    def _verdict(self, code: int) -> int:
        last = self._reporter.last
        if self._stopping or code in self._closed:
            self._reporter.report(PlayerState("ended"))
            return 0 if self._stopping else code
        if last.state == "failed" or code != 0 or self._played_nothing():
            said = self._child.last_words(chatty=bool(self._ends_alone))
            self.error = last.detail or said or f"it could not play this (exit code {code})"
            self._reporter.report(PlayerState("failed", detail=self.error))
            return code or 1
        self._reporter.report(PlayerState("ended"))
        return 0

    def _played_nothing(self) -> bool:
        """It ended by itself without a picture, and we would know of one. (Closed by the user, it ends as it likes.)"""
        would_know = not self._begun or (self._link is not None and self._link.connected.is_set())
        alone = bool(self._ends_alone) and any(self._ends_alone in line for line in self._child.tail)
        return alone and would_know and self._reporter.last.position is None

    async def begun(self) -> None:
        """Return when it runs. Raises PlayerError when it ends with an error first."""
        if self._link is None:
            await asyncio.wait([self._watching], timeout=GRACE)
        else:
            answers = asyncio.get_running_loop().create_task(self._link.connected.wait())
            try:
                await asyncio.wait([self._watching, answers], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            finally:
                answers.cancel()
        self._begun = True
        if self._watching.done() and self._watching.result() != 0 and self.error:
            hint = f"Try it by hand, or another player with --player ({', '.join(NAMES)})."
            raise PlayerError(f"{self.name} ended at once: {self.error.rstrip('.')}.", hint)
        if self._link is None and not self._watching.done():
            self._reporter.report(PlayerState("playing", path=self._reporter.last.path))

    async def wait(self) -> int:
        """As ``Running.wait``."""
        try:
            return await asyncio.shield(self._watching)
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """As ``Running.add_subtitles``."""
        return self._link is not None and not self._watching.done() and await self._link.add_subtitles(sources)

    async def seek(self, seconds: float) -> bool:
        """As ``Running.seek``."""
        return self._link is not None and not self._watching.done() and await self._link.seek(seconds)

    async def stop(self) -> None:
        """As ``Running.stop``. A second call waits for the first."""
        if self._watching.done():
            return
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._end())
        await asyncio.shield(self._stopping)

    async def _end(self) -> None:
        child = self._child
        if self._link and self._link.connected.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._link.ask_to_quit(), STOP_POLITE / 3)
            await child.gone_within(STOP_POLITE * 2 / 3)
        child.terminate()
        if not await child.gone_within(STOP_TERMINATE):
            child.kill()
            await child.gone_within(STOP_KILL)
        await asyncio.wait([self._watching], timeout=LAST_WORDS * 2)


class Nobody:
    """No process to watch: ``none``, and the browser once it is open. Plays until it is stopped."""

    def __init__(self, name: str, on_state: OnState) -> None:
        self.name = name
        self._on_state = on_state
        self._stopped = asyncio.Event()

    async def wait(self) -> int:
        """Until ``stop``."""
        try:
            await self._stopped.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise
        return 0

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """It cannot."""
        return False

    async def seek(self, seconds: float) -> bool:
        """It cannot."""
        return False

    async def stop(self) -> None:
        """End the wait."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._on_state(PlayerState("ended"))


async def launch(name: str, media: Media, on_state: OnState) -> Running:
    """As ``base.launch``."""
    player = table.PLAYERS.get(name.lower())
    if player:
        return await _start_known(player, media, on_state)
    if "{url}" in name:
        argv = custom.command_argv(name, media, sys.platform)
        return await _start(argv[0], argv, Reporter(on_state, asyncio.get_running_loop().time), media)
    if name.lower() == "browser":
        return await _open_browser(media, on_state)
    if name.lower() == "none":
        return Nobody("none", on_state)
    if is_device(name):
        raise PlayerError("Only play can have a device play this.", "Choose a player on this machine: --player mpv.")
    raise table.unknown(name)


async def _start_known(player: Player, media: Media, on_state: OnState) -> Running:
    program = table.program_of(player, table.this_machine())
    reporter = Reporter(on_state, asyncio.get_running_loop().time)
    link = _link(player, program, media, reporter)
    try:
        argv = player.argv(program, media, link.control if link else Control(platform=sys.platform))
        return await _start(player.name, argv, reporter, media, link, player)
    except BaseException:
        if link:
            link.close()
        raise


def _link(player: Player, program: str, media: Media, reporter: Reporter) -> Link | None:
    if player.link == "mpv":
        screen = browser.has_screen(sys.platform, os.environ)
        return MpvLink(program, media, reporter, later_subtitles(player.name, media), display=screen)
    if player.link == "vlc":
        return VlcLink(program, media, reporter)
    if player.link == "mplayer":
        return MplayerLink(program, media, reporter)
    return None


async def _start(
    name: str,
    argv: Sequence[str],
    reporter: Reporter,
    media: Media,
    link: Link | None = None,
    player: Player | None = None,
) -> ProcessPlayer:
    reporter.report(PlayerState("starting", path=media.url))
    child = await spawn(argv, stdin=isinstance(link, MplayerLink))
    running = ProcessPlayer(name, child, reporter, link, player)
    try:
        await running.begun()
    except asyncio.CancelledError:
        await running.stop()
        raise
    return running


async def _open_browser(media: Media, on_state: OnState) -> Running:
    if not browser.can_open(sys.platform, os.environ):
        raise PlayerError("There is no screen to open a browser on.", "Open the URL yourself: --player none shows it.")
    opener = await spawn(browser.browser_argv(media.url))
    try:
        if await opener.gone_within(PATIENCE) and opener.exited.result() != 0:
            raise PlayerError("No browser could be opened.", "Set BROWSER to its program, or use --player none.")
    finally:
        if opener.exited.done():
            opener.close()
    on_state(PlayerState("playing", path=media.url))
    return Nobody("browser", on_state)
