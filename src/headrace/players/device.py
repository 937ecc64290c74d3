"""What playing on a device has in common, whoever speaks to the device: this process or a server in another one.

Rules: the device is told to stop when playing is to end, and let go of in any case; who took it over keeps it.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from headrace.errors import HeadraceError, PlayerError
from headrace.players.base import OnState, PlayerState
from headrace.players.report import Reporter


class DeviceRun(ABC):
    """As ``base.Running``. ``path`` is the URL that positions belong to."""

    stopped_within: ClassVar[float]
    """Seconds for the device to have stopped; who ended playing does not wait for it longer."""

    def __init__(self, name: str, path: str, on_state: OnState) -> None:
        self.name = name
        self._path = path
        self._reporter = Reporter(on_state, asyncio.get_running_loop().time)
        self._failure: PlayerError | None = None
        self._over = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None

    @abstractmethod
    async def _move(self, seconds: float) -> None:
        """Have the device go there. ``HeadraceError`` when it does not."""

    @abstractmethod
    async def _halt(self) -> None:
        """Have the device stop. ``HeadraceError`` when it does not."""

    @abstractmethod
    async def _let_go(self) -> None:
        """Nothing more is heard or asked. May be called again."""

    def _told(
        self,
        state: str,
        position: float | None = None,
        duration: float | None = None,
        message: str = "",
        kind: str = "",
    ) -> None:
        """The device is in this state now; ``kind`` is that of a failure."""
        if state == "failed":
            hint = "Another device may do, or a player on this machine: --player mpv."
            self._failure = PlayerError(f"{message}.", hint, kind=kind)
        self._reporter.report(PlayerState(state, position, duration, self._path, message))
        if state in ("ended", "failed"):
            self._over.set()

    async def wait(self) -> int:
        """Until the device has come to the end, or somebody has ended it."""
        try:
            await self._over.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        await self._let_go()
        if self._failure is not None:
            raise self._failure
        return 0

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """It cannot: subtitles are given with the film."""
        return False

    async def seek(self, seconds: float) -> bool:
        """Whether it took it."""
        if self._over.is_set():
            return False
        try:
            await self._move(seconds)
        except HeadraceError:
            return False
        return True

    async def stop(self) -> None:
        """Have the device stop, and let go of it. A second call waits for the first."""
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        if not self._over.is_set():
            with contextlib.suppress(HeadraceError, TimeoutError):  # it is over by now, or cannot be reached
                async with asyncio.timeout(self.stopped_within):
                    await self._halt()
        if not self._over.is_set():
            self._told("ended")
        await self._let_go()
