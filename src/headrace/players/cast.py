"""A device in the network as a player: what it tells are its states, and its end is the end of playing."""

from __future__ import annotations

import asyncio

from headrace.casting.base import Caster, Device, Show, Status
from headrace.casting.connect import connect
from headrace.players.base import OnState
from headrace.players.device import DeviceRun


class CastPlayer(DeviceRun):
    """One that this process speaks to."""

    stopped_within = 2.0
    caster: Caster
    _closing: asyncio.Task[None] | None = None

    def hear(self, status: Status) -> None:
        """The device told something."""
        self._told(status.state, status.position, status.duration, status.detail, status.kind)

    async def _move(self, seconds: float) -> None:
        await self.caster.seek(seconds)

    async def _halt(self) -> None:
        await self.caster.stop()

    async def _let_go(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self.caster.aclose())
        await asyncio.shield(self._closing)


async def start(device: Device, show: Show, path: str, on_state: OnState) -> CastPlayer:
    """Have the device play; ``PlayerError`` when it does not answer, or refuses."""
    player = CastPlayer(device.name, path, on_state)
    player.caster = await connect(device, player.hear)
    try:
        await player.caster.load(show)
    except BaseException:
        await asyncio.shield(player.caster.aclose())
        raise
    return player
