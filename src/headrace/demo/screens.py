"""Who shows the demo's video: a real player, or a decoder without a window."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Protocol

from headrace.errors import HeadraceError, PlayerError
from headrace.players.base import PlayerState, Running

DECODER = "decoder"
"""The player without a window."""


class Screen(Protocol):
    """Whoever shows the video."""

    async def seek(self, seconds: float) -> bool:
        """Go there; False when it cannot."""

    async def stop(self) -> None:
        """End it."""


class Timed:
    """A real player; that it ended by itself (its window was closed) is an end for the demo too."""

    def __init__(self, running: Running, failed: Callable[[HeadraceError], None]) -> None:
        self._running = running
        self._watching = asyncio.ensure_future(self._watch(failed))

    async def _watch(self, failed: Callable[[HeadraceError], None]) -> None:
        await self._running.wait()
        failed(PlayerError(f"{self._running.name} was closed before the demo was over."))

    async def seek(self, seconds: float) -> bool:
        """Go there; False when it cannot."""
        return await self._running.seek(seconds)

    async def stop(self) -> None:
        """End it."""
        self._watching.cancel()
        await self._running.stop()


class Decoder:
    """The viewer of ``headrace.media`` in a thread of its own, heard in the event loop as players are."""

    def __init__(self, url: str, heard: Callable[[PlayerState], None], failed: Callable[[HeadraceError], None]) -> None:
        from headrace.media.viewer import Viewer

        self._loop = asyncio.get_running_loop()
        self._heard, self._failed = heard, failed
        self._viewer = Viewer(url, lambda shown: self._tell(PlayerState("playing", shown.position, shown.duration)))
        self._gone = asyncio.Event()
        heard(PlayerState("starting"))
        # A daemon: a read that blocks in the kernel must not keep the process alive.
        threading.Thread(target=self._run, name="decoder", daemon=True).start()

    def _run(self) -> None:
        error = PlayerError("The video ended before the demo was over.")
        try:
            self._viewer.run()
        except PlayerError as problem:
            error = problem
        self._call(lambda: self._failed(error))
        self._call(self._gone.set)

    def _tell(self, state: PlayerState) -> None:
        self._call(lambda: self._heard(state))

    def _call(self, work: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(work)

    async def seek(self, seconds: float) -> bool:
        """Go there."""
        self._heard(PlayerState("buffering"))
        self._viewer.seek(seconds)
        return True

    async def stop(self) -> None:
        """End it; waits for a moment at most, since the server's end ends a read that blocks."""
        self._viewer.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), 0.5)
