"""The demo as a server has it: a guest among its torrents, for who has none to try it with.

Rules: the same video and swarm as ``headrace demo``, by an engine of its own that listens on loopback alone, so nothing
leaves the machine, whatever the server's engine may do. It has one folder, which no quota counts; the folder goes with
it, or at the server's next start after a crash. One task owns everything, and whoever ends it waits for its end.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from headrace import demo
from headrace.core import events
from headrace.core.choice import Choice
from headrace.demo.show import PATIENCE
from headrace.errors import EngineError, HeadraceError

if TYPE_CHECKING:
    from headrace.guests import Guests
    from headrace.session import Session
    from headrace.streaming.registry import Torrents
    from headrace.streaming.torrent import Torrent

logger = logging.getLogger(__name__)

NAME = "Headrace test card.mp4"
Subscriber = Callable[[events.Demo], None]


class Exhibit:
    """A ``http.keeper.Exhibit``. ``folder`` is its own; its torrent is found in ``torrents``, a guest of ``guests``."""

    def __init__(self, folder: Path, torrents: Torrents, guests: Guests) -> None:
        self._folder, self._torrents, self._guests = folder, torrents, guests
        self._subscribers: list[Subscriber] = []
        self._state = events.Demo()
        self._task: asyncio.Task[events.Demo] | None = None
        self._over, self._door = asyncio.Event(), asyncio.Lock()

    @property
    def state(self) -> events.Demo:
        """How far it is."""
        return self._state

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear each new state; returns what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber) if subscriber in self._subscribers else None

    async def clear(self) -> None:
        """Remove what a run that was killed has left."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def begin(self) -> None:
        """Make it, if it is not there. ``EngineError`` when what makes the video is missing."""
        async with self._door:
            if self._task is not None:
                return
            await asyncio.to_thread(_check)
            self._over.clear()
            self._tell(events.Demo("making"))
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._ended)

    async def leave(self) -> None:
        """End it; all of it is gone then."""
        self._over.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def aclose(self) -> None:
        """End it, also in the middle of its making."""
        task = self._task
        if task is not None:
            if self._state.state != "ready":
                task.cancel()
            await self.leave()

    def _tell(self, state: events.Demo) -> None:
        self._state = state
        for subscriber in tuple(self._subscribers):
            subscriber(state)

    def _making(self, note: events.Note) -> None:
        if isinstance(note, demo.Making) and self._state.state == "making":
            self._tell(replace(self._state, share=note.share))

    def _ended(self, task: asyncio.Task[events.Demo]) -> None:
        self._task = None
        if task.cancelled():
            self._tell(events.Demo())
        elif (error := task.exception()) is not None:
            logger.error("the demo ended unexpectedly", exc_info=error)
            self._tell(events.Demo("failed", message="The demo failed.", hint="The server's log says why."))
        else:
            self._tell(task.result())

    async def _run(self) -> events.Demo:
        """How it ended: none, or failed."""
        from headrace.testing.local_swarm import SwarmFailed

        try:
            await self._exhibit()
        except (SwarmFailed, OSError) as error:
            return events.Demo("failed", message=f"The demo's swarm failed: {error}.", hint="See: headrace doctor")
        except HeadraceError as error:
            return events.Demo("failed", message=error.message, hint=error.hint)
        finally:
            await asyncio.shield(self.clear())
        return events.Demo()

    async def _exhibit(self) -> None:
        from headrace.testing.local_swarm import LocalSwarm

        await asyncio.to_thread((self._folder / "seeds").mkdir, parents=True, exist_ok=True)
        video = self._folder / "seeds" / NAME
        await demo.make(video, self._making)
        async with (
            LocalSwarm(video, seeds=demo.SEEDS, rate=demo.SEED_RATE, piece_length=demo.PIECE_LENGTH) as swarm,
            demo.quiet_session(self._folder / "data", self._torrents) as session,
        ):
            await self._show(session, swarm.magnet)

    async def _show(self, session: Session, magnet: str) -> None:
        from headrace import sources

        loaded = sources.load(magnet)
        torrent, _ = await session.introduce(loaded, Choice(on_demand=True))
        self._guests.welcome(torrent, self.leave)
        try:
            torrent.say(events.Starting(loaded.origin))
            await torrent.metadata(PATIENCE)
            self._tell(events.Demo("ready", 1.0, torrent.info_hash))
            await self._over.wait()
        finally:
            self._guests.farewell(torrent)
            await asyncio.shield(self._take_down(session, torrent))

    async def _take_down(self, session: Session, torrent: Torrent) -> None:
        await session.remove(torrent, delete_data=True)
        self._torrents.say(torrent, events.Removed("delete", torrent.name))


def _check() -> None:
    """Whether a video can be made here (importing takes a moment)."""
    try:
        testcard = importlib.import_module("headrace.media.testcard")
    except ImportError as error:
        raise EngineError(f"The demo's video cannot be made: {error}.", "pip install av", kind="missing") from None
    if lacks := testcard.lacking():
        message = f"The demo's video cannot be made: FFmpeg lacks {lacks}."
        raise EngineError(message, "pip install --force-reinstall av", kind="missing")
