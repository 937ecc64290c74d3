"""One video watched once: from the first picture through three seeks, and how long each took.

Rules: what counts is a picture that is shown, not a position that is told; the clock is the event loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import events
from headrace.demo.screens import DECODER, Decoder, Screen, Timed
from headrace.errors import HeadraceError, PlayerError
from headrace.players.base import Media, PlayerState

if TYPE_CHECKING:
    from headrace.app import Say
    from headrace.http.server import Server
    from headrace.session import Session
    from headrace.streaming.torrent import Torrent

SECONDS = 60
"""Length of the video: 16 MB at its bitrate."""
SEEKS = (0.25, 0.5, 0.8)
"""Places to seek to, as shares of the video."""
WATCHED = 1.0
"""Seconds that are watched before each seek and after the last."""
PATIENCE = 60.0
"""Seconds to wait for a picture before the demo has failed."""
EARLY, LATE = 0.5, 5.0
"""Seconds by which a position may be before or behind the wished one and still be its picture."""
MOVED = 0.2
"""Seconds behind the wished position that prove that pictures move: players tell the position that they go to before
they show it."""


class Figure(events.Note, frozen=True):
    """A picture that was waited for. ``what`` is first_frame or seek; ``seconds`` is how long it took.

    ``position`` in seconds of the video; ``downloaded``: whether that place was there already when it was asked for.
    """

    event: ClassVar[str] = "figure"
    what: str
    position: float
    seconds: float
    downloaded: bool


class Figures(events.Note, frozen=True):
    """All of them. ``first_frame`` counts from the magnet link on; ``frames`` are those decoded, None if unknown."""

    event: ClassVar[str] = "figures"
    player: str
    first_frame: float
    seeks: tuple[dict[str, Any], ...]
    frames: int | None


class Show:
    """One video watched once by one player."""

    def __init__(self, session: Session, torrent: Torrent, name: str, began: float, say: Say) -> None:
        """``began``: when the magnet link was handed over, on the event loop's clock."""
        self._session, self._torrent, self._name, self._say = session, torrent, name, say
        self._loop = asyncio.get_running_loop()
        self._began = began
        self._wish: tuple[float, asyncio.Future[float]] | None = None
        self._paused_since = False
        self._state = ""
        self._pictures: int | None = None
        self._last: float | None = None
        self.played = 0.0

    async def run(self) -> None:
        """Serve, watch, seek; tell the figures."""
        from headrace.http.server import Server

        torrent, settings = self._torrent, self._session.settings
        server = Server(self._session.torrents, host=settings.host, port=settings.port)
        player: asyncio.Future[Screen] | None = None
        try:
            await server.start()
            self._say(events.Serving(server.url(torrent, None), server.playlist_url(torrent), server.port))
            first = self._wait_for(0.0)
            player = asyncio.ensure_future(self._player(server))
            await self._watch(player, first)
        finally:
            if player is not None:
                await asyncio.shield(_stop(player))
            await asyncio.shield(server.aclose())

    async def _player(self, server: Server) -> Screen:
        """Started before the metadata where that is possible, as ``play`` does."""
        from headrace.screening import EARLY_PLAYERS

        if self._name == DECODER:
            return Decoder(server.url(self._torrent, None), self.heard, self._failed)
        from headrace.players.base import launch

        file = None
        if self._name not in EARLY_PLAYERS:
            await self._torrent.metadata(self._session.settings.timeout)
            file = self._torrent.main_video()
        running = await launch(self._name, Media(server.url(self._torrent, file), "Headrace demo"), self.heard)
        return Timed(running, self._failed)

    async def _watch(self, player: asyncio.Future[Screen], first: asyncio.Future[float]) -> None:
        took = await self._until(first, player) - self._began
        self._say(Figure("first_frame", 0.0, round(took, 3), False))
        seeks = []
        for share in SEEKS:
            await asyncio.sleep(WATCHED)
            figure = await self._seek(player.result(), share)
            self._say(figure)
            seeks.append({"share": share, **figure.as_dict()})
        await asyncio.sleep(WATCHED)
        told = tuple({key: seek[key] for key in ("share", "position", "seconds", "downloaded")} for seek in seeks)
        self._say(Figures(self._name, round(took, 3), told, self._pictures))

    async def _seek(self, player: Screen, share: float) -> Figure:
        position = round(share * SECONDS, 1)
        there = self._is_there(share)
        asked = self._loop.time()
        shown = self._wait_for(position)
        if not await player.seek(position):
            raise PlayerError(f"{self._name} did not seek.")
        took = await self._until(shown) - asked
        return Figure("seek", position, round(took, 3), there)

    def _is_there(self, share: float) -> bool:
        """Whether the piece at that share of the file is checked already. (The bitrate is even.)"""
        torrent = self._torrent
        if torrent.layout is None:
            return False
        file = torrent.main_video()
        return bool(torrent.handle.have[torrent.layout.piece_at(file.entry.offset + int(share * file.size))])

    def _wait_for(self, position: float) -> asyncio.Future[float]:
        """Becomes the moment at which the picture at ``position`` is shown."""
        shown: asyncio.Future[float] = self._loop.create_future()
        shown.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._wish, self._paused_since = (position, shown), False
        return shown

    async def _until(self, shown: asyncio.Future[float], player: asyncio.Future[Screen] | None = None) -> float:
        """Raises whatever the player's start or the player itself failed with, and PlayerError after ``PATIENCE``."""
        try:
            async with asyncio.timeout(PATIENCE):
                if player is not None:
                    await player
                return await shown
        except TimeoutError:
            detail = f" {self._torrent.error}" if self._torrent.error else ""
            raise PlayerError(f"{self._name} showed no picture within {PATIENCE:.0f} s.{detail}") from None

    def heard(self, state: PlayerState) -> None:
        """What the player tells; in the event loop."""
        monitor = self._torrent.monitor
        if state.position is not None:
            if self._last is not None and 0 < state.position - self._last < LATE:
                self.played += state.position - self._last
            self._last = state.position
            monitor.gauge.position = round(state.position, 1)
            if self._name == DECODER and state.state == "playing":
                self._pictures = (self._pictures or 0) + 1
        monitor.gauge.duration = state.duration or monitor.gauge.duration
        if state.state != self._state:
            self._state = state.state
            self._say(events.Player(self._name, state.state))
        if state.state == "failed":
            self._failed(PlayerError(f"{self._name} failed: {state.detail or 'it did not say why'}."))
        elif state.state != "playing":
            self._paused_since = True
        elif state.position is not None:
            self._meet(state.position)

    def _meet(self, position: float) -> None:
        """The wish is met by a position near it, once the player had stopped for it or has moved on from it."""
        if self._wish is None or not -EARLY <= position - self._wish[0] <= LATE:
            return
        ahead = max(position - self._wish[0], 0.0)
        if not self._paused_since and ahead < MOVED:
            return
        shown, self._wish = self._wish[1], None
        if not shown.done():  # told late, it was shown earlier by what has been played since
            shown.set_result(self._loop.time() - ahead)

    def _failed(self, error: HeadraceError) -> None:
        """The player is gone, or will never show a picture."""
        if self._wish is not None and not self._wish[1].done():
            self._wish[1].set_exception(error)


async def _stop(player: asyncio.Future[Screen]) -> None:
    """End a player, if it was started."""
    player.cancel()
    with contextlib.suppress(HeadraceError, asyncio.CancelledError):
        await (await player).stop()
