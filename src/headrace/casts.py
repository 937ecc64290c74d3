"""What a server has devices play (``http.keeper.Stage``).

Rules: a device plays one film of ours at a time: another one ends the first. Where a device is, is kept as for any
player. What it does is told to whoever listens; once it is over, it is gone from the list. The server's end ends all.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from headrace.bookmarks import Bookmarks, Places
from headrace.casting import connect, discover
from headrace.casting.names import Wish, wish_of
from headrace.core import events
from headrace.errors import HeadraceError, InputError
from headrace.players.base import PlayerState

if TYPE_CHECKING:
    from headrace.casting.base import Caster, Device, Show, Status
    from headrace.http.keeper import Keeper
    from headrace.http.shapes import ChangeCast
    from headrace.streaming.torrent import File

STOPPED_WITHIN = 3.0
"""Seconds for a device to take that it is to stop, when the server ends."""


class Cast:
    """One film on one device. ``over`` is called at its end."""

    def __init__(
        self, device: Device, file: File, keeper: Keeper, tell: Callable[[Cast], None], over: Callable[[Cast], None]
    ) -> None:
        self.id = secrets.token_hex(8)
        self.device, self._file, self._keeper = device, file, keeper
        self._tell, self._over = tell, over
        self._bookmarks = Bookmarks(lambda url: file.index, self._keep)
        self.caster: Caster | None = None
        self.note = events.Cast(self.id, device.id, device.name, device.kind, file.torrent.info_hash, file.index)

    def hear(self, status: Status) -> None:
        """The device told something."""
        self.note = replace(
            self.note,
            state=status.state,
            position=None if status.position is None else round(status.position, 1),
            duration=status.duration,
            volume=status.volume,
            muted=status.muted,
            message=status.detail,
            reason=status.kind,
        )
        self._bookmarks.heard(PlayerState(status.state, status.position, status.duration))
        self._tell(self)
        if status.over:
            self._over(self)

    async def _keep(self, places: Places) -> None:
        from headrace.http.shapes import SetPosition

        with contextlib.suppress(HeadraceError):  # it was removed meanwhile
            for seconds, duration in places.values():
                await self._keeper.set_position(self._file, SetPosition(seconds, duration))

    async def aclose(self) -> None:
        """Stop the device, and let go of it."""
        if self.caster is not None:
            with contextlib.suppress(HeadraceError, TimeoutError):
                async with asyncio.timeout(STOPPED_WITHIN):
                    await self.caster.stop()
            await self.caster.aclose()
        await self._bookmarks.settle()


class Casts:
    """All of them. ``keeper`` keeps positions."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._casts: dict[str, Cast] = {}
        self._subscribers: list[Callable[[events.Cast], None]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._search: asyncio.Task[list[Device]] | None = None
        self._met: dict[str, Device] = {}
        """By id: those that answered a search, where they did last, and those that were found by their address."""

    async def devices(self) -> list[Device]:
        """Who answers now; who asks while a search is under way gets what that finds."""
        if self._search is None or self._search.done():
            self._search = asyncio.get_running_loop().create_task(discover.search())
        found = await asyncio.shield(self._search)
        self._met.update((device.id, device) for device in found)
        return found

    async def find(self, name: str) -> Device:
        """The device of this id, name or address. By the id of one that was met nothing is looked for."""
        return self._met.get(name) or await discover.find(wish_of(name) or Wish(None, name))

    async def begin(self, device: Device, show: Show, file: File) -> events.Cast:
        """Have it play."""
        self._met[device.id] = device
        for other in [cast for cast in self._casts.values() if cast.device.id == device.id]:
            await self._end(other)
        cast = Cast(device, file, self._keeper, self._told, self._ended)
        cast.caster = await connect.connect(device, cast.hear)
        self._casts[cast.id] = cast
        try:
            await cast.caster.load(show)
        except BaseException:
            await asyncio.shield(self._end(cast))
            raise
        return cast.note

    def listed(self) -> list[events.Cast]:
        """Those that are not over."""
        return [cast.note for cast in self._casts.values()]

    async def change(self, name: str, change: ChangeCast) -> events.Cast:
        """Steer one."""
        from msgspec import UNSET

        cast = self._named(name)
        caster = cast.caster
        assert caster is not None
        if change.volume is not UNSET:
            await caster.set_volume(change.volume)
        if change.muted is not UNSET:
            await caster.set_muted(change.muted)
        if change.position is not UNSET:
            await caster.seek(change.position)
        if change.paused is not UNSET:
            await (caster.pause() if change.paused else caster.play())
        return cast.note

    async def stop(self, name: str) -> None:
        """End one."""
        await self._end(self._named(name))

    def subscribe(self, subscriber: Callable[[events.Cast], None]) -> Callable[[], None]:
        """Hear each change; returns what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    async def aclose(self) -> None:
        """End all."""
        if self._search is not None:
            self._search.cancel()
        await asyncio.gather(*(self._end(cast) for cast in list(self._casts.values())))
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _named(self, name: str) -> Cast:
        cast = self._casts.get(name)
        if cast is None:
            raise InputError("Nothing is cast under that id.", "GET /api/v1/cast lists what is.", kind="no_cast_id")
        return cast

    def _told(self, cast: Cast) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(cast.note)

    def _ended(self, cast: Cast) -> None:
        """It is over by itself: let go of the device."""
        if self._casts.pop(cast.id, None) is not None:
            task = asyncio.get_running_loop().create_task(cast.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _end(self, cast: Cast) -> None:
        self._casts.pop(cast.id, None)
        await cast.aclose()
