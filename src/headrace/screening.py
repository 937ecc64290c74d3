"""A player on a torrent's files: started where somebody stopped, and listened to.

Rules: a film goes on where it was stopped unless the user says where to start; in a playlist each of its files does,
once, when the player comes to it. What the player tells is summed up here; whoever keeps positions is handed each
report.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from headrace.bookmarks import index_in
from headrace.core import events
from headrace.errors import HeadraceError
from headrace.players.base import Media, OnState, PlayerState, Running, accepts, default_player, is_device, launch

if TYPE_CHECKING:
    from headrace.casting.base import Device
    from headrace.settings import Settings

EARLY_PLAYERS = frozenset({"mpv"})
"""Players that may be started before the metadata: they wait patiently, and take subtitles later."""
LONGEST_STEP = 5.0
"""Seconds between two reports of a position that still count as played, not as a seek."""
NEAR = 5.0
"""Seconds before the remembered position from which on nobody is taken there."""


class Stop(NamedTuple):
    """Where somebody stopped in a file."""

    path: str
    seconds: float


class Film(Struct, frozen=True):
    """What the player is started on; ``index`` is None while the file is not known."""

    url: str
    title: str
    index: int | None = None
    subtitles: tuple[str, ...] = ()
    cast: Callable[[float, OnState], Awaitable[Running]] | None = None
    """Has the device play it, from this second on."""


def form_told(hls: bool, note: str) -> events.Warning | None:
    """What is said when a device is not sent the file as it is, or may not play it; ``note`` says why."""
    if not note:
        return None
    return events.Warning("casting", f"Sent as HLS: {note}." if hls else f"It may not play: {note}.")


class Screening:
    """One run of one player. ``hear`` is handed each of its reports, ``say`` hears what users are told."""

    def __init__(
        self, settings: Settings, say: Callable[[events.Note], None], hear: Callable[[PlayerState], None]
    ) -> None:
        self._settings, self._say, self._hear = settings, say, hear
        self.name = ""
        self.device: Device | None = None
        self.state = ""
        self.played = 0.0
        """Seconds that were shown; what was skipped does not count."""
        self.position: float | None = None
        self.duration: float | None = None
        self._stops: Mapping[int, Stop] = {}
        self._begun: set[int] = set()
        """Files that the player has come to."""
        self._running: Running | None = None
        self._seeks: set[asyncio.Task[bool]] = set()

    def choose(self) -> None:
        """Which player it will be; ``PlayerError`` when there is none of that name, or none at all."""
        name = self._settings.player or default_player()
        if not accepts(name):
            from headrace.players.table import unknown

            raise unknown(name)
        self.name = name

    async def meet(self) -> Device | None:
        """The device that it will be, looked for; None for a player on this machine."""
        if is_device(self.name):
            from headrace.casting import discover, names

            wish = names.wish_of(self.name)
            assert wish is not None
            self.device = await discover.find(wish)
        return self.device

    @property
    def may_be_early(self) -> bool:
        """Whether this player can be started before it is known what it will play."""
        return self.name in EARLY_PLAYERS and not self._settings.all

    @property
    def resumes(self) -> bool:
        """Whether it matters where somebody stopped."""
        return self._settings.resume and self._settings.start is None

    async def launch(self, film: Film, stops: Mapping[int, Stop]) -> Running:
        """Start the player; ``stops`` are the places to go on at, by the file's index."""
        settings = self._settings
        self._stops = stops if self.resumes else {}
        start = settings.start or 0.0
        if film.index is not None:
            self._begun.add(film.index)
            start = self._go_on(film.index) or start
        media = Media(
            film.url,
            title=film.title,
            start=start,
            subtitles=(*settings.subtitles, *film.subtitles),
            playlist=settings.all,
            extra=settings.player_args,
        )
        if film.cast is not None and is_device(self.name):
            self._running = await film.cast(start, self.heard)
        else:
            self._running = await launch(self.name, media, self.heard)
        return self._running

    def heard(self, state: PlayerState) -> None:
        """The player told something."""
        self._hear(state)
        if state.position is not None:
            if self.position is not None and 0 < state.position - self.position < LONGEST_STEP:
                self.played += state.position - self.position
            self.position = state.position
        self.duration = state.duration or self.duration
        if state.state != self.state:
            self.state = state.state
            self._say(events.Player(self.name, state.state))
        self._come_to(state)

    async def until_end(self, running: Running, over: asyncio.Future[None]) -> int:
        """Wait until the player has gone; the exit code. An error in ``over`` ends the player, and is raised."""
        player = asyncio.ensure_future(running.wait())
        try:
            ends: list[asyncio.Future[Any]] = [player, over]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not player.done():
                await running.stop()
                over.result()
            return self.verdict(player.result())
        finally:
            if not player.done():
                await running.stop()
            player.cancel()

    def verdict(self, code: int) -> int:
        """The exit code, of a player that ended with this one."""
        return 0 if code == 0 or self.played else 6

    def _come_to(self, state: PlayerState) -> None:
        """Go on where somebody stopped in a file that the player has just come to."""
        index = index_in(state.path)
        if index is None or state.position is None or self._running is None or index in self._begun:
            return
        self._begun.add(index)
        if index in self._stops and state.position < self._stops[index].seconds - NEAR:
            seek = asyncio.ensure_future(self._running.seek(self._go_on(index)))
            self._seeks.add(seek)
            seek.add_done_callback(self._seeks.discard)

    def _go_on(self, index: int) -> float:
        """Where to go on in this file, told to the user; 0.0 at its beginning."""
        stop = self._stops.get(index)
        if stop is None:
            return 0.0
        self._say(events.GoingOn(index, stop.path, round(stop.seconds, 1)))
        return stop.seconds


def pass_on(task: asyncio.Future[None], over: asyncio.Future[None]) -> None:
    """An error of the one ends the other."""
    if not task.cancelled() and (error := task.exception()) is not None and not over.done():
        over.set_exception(error)


async def stop(player: asyncio.Future[Running]) -> None:
    """End a player that was started too early, if it was."""
    with contextlib.suppress(HeadraceError):
        await (await player).stop()
