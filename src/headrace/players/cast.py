"""A device in the network as a player: what it tells are its states, and its end is the end of playing.

Rules: it is told to stop when playing is to end, and let go of in any case; who took the device over keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from headrace.casting.base import Caster, Device, Show, Status
from headrace.casting.connect import connect
from headrace.errors import HeadraceError, PlayerError
from headrace.players.base import OnState, PlayerState
from headrace.players.report import Reporter

STOPPED_WITHIN = 2.0
"""Seconds for a device to take that it is to stop; who ended playing does not wait for it longer."""


class CastPlayer:
    """As ``base.Running``. ``path`` is the URL that positions belong to."""

    def __init__(self, device: Device, path: str, on_state: OnState) -> None:
        self.name = device.name
        self.caster: Caster | None = None
        self._failure: PlayerError | None = None
        self._path = path
        self._reporter = Reporter(on_state, asyncio.get_running_loop().time)
        self._over = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    def hear(self, status: Status) -> None:
        """The device told something."""
        told = PlayerState(status.state, status.position, status.duration, self._path, status.detail)
        if status.state == "failed":
            hint = "Another device may do, or a player on this machine: --player mpv."
            self._failure = PlayerError(f"{status.detail}.", hint, kind=status.kind)
        self._reporter.report(told)
        if status.over:
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
        if self.caster is None or self._over.is_set():
            return False
        try:
            await self.caster.seek(seconds)
        except HeadraceError:
            return False
        return True

    async def stop(self) -> None:
        """Stop the device, and let go of it. A second call waits for the first."""
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        if self.caster is not None and not self._over.is_set():
            try:
                async with asyncio.timeout(STOPPED_WITHIN):
                    await self.caster.stop()
            except (TimeoutError, HeadraceError):
                pass
        if not self._over.is_set():
            self.hear(Status("ended"))
        await self._let_go()

    async def _let_go(self) -> None:
        if self.caster is not None and self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self.caster.aclose())
        if self._closing is not None:
            await asyncio.shield(self._closing)


async def start(device: Device, show: Show, path: str, on_state: OnState) -> CastPlayer:
    """Have the device play; ``PlayerError`` when it does not answer, or refuses."""
    player = CastPlayer(device, path, on_state)
    player.caster = await connect(device, player.hear)
    try:
        await player.caster.load(show)
    except BaseException:
        await asyncio.shield(player.caster.aclose())
        raise
    return player
