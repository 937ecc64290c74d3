"""Torrents that are served beside the library's: they are found and steered as those, and nothing of them is kept.

Rules: a guest is another session's, so this process's library, quota and settings know nothing of it; what is asked for
all others goes to whoever keeps them. Positions in a guest are gone with it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from headrace.core import source
from headrace.core.resume import watched_through
from headrace.errors import InputError
from headrace.keeping import Keeping, apply, given_in
from headrace.library.records import Position

if TYPE_CHECKING:
    from headrace.http.shapes import AddTorrent, ChangeSettings, ChangeTorrent, SetPosition
    from headrace.streaming.torrent import File, Torrent

Leave = Callable[[], Awaitable[None]]


class _Guest(Struct):
    torrent: Torrent
    leave: Leave
    since: float
    positions: dict[int, Position] = field(default_factory=dict)


class Guests:
    """A ``http.keeper.Keeper`` for guests and, by ``keeping``, for all others."""

    def __init__(self, keeping: Keeping, clock: Callable[[], float] = time.time) -> None:
        self._keeping, self._clock = keeping, clock
        self._guests: dict[str, _Guest] = {}

    def welcome(self, torrent: Torrent, leave: Leave) -> None:
        """It is served from now on; ``leave`` is called when somebody removes it."""
        self._guests[torrent.info_hash] = _Guest(torrent, leave, self._clock())

    def farewell(self, torrent: Torrent) -> None:
        """It has left."""
        self._guests.pop(torrent.info_hash, None)

    # as a keeper
    async def add(self, given: str | bytes, wish: AddTorrent) -> tuple[Torrent, bool]:
        """A guest is there already, and is not entered into the library."""
        if isinstance(given, str) and (guest := self._named(given)) is not None:
            return guest.torrent, False
        return await self._keeping.add(given, wish)

    def _named(self, given: str) -> _Guest | None:
        try:
            found = source.parse(given)
        except InputError:
            return None  # whoever keeps says what is wrong with it
        hashes = (found.info_hash, found.info_hash_v2) if isinstance(found, source.Magnet) else ()
        return next((guest for guest in self._guests.values() if guest.torrent.info_hashes & {*hashes}), None)

    async def remove(self, torrent: Torrent, *, delete_data: bool) -> None:
        """A guest leaves with all that it brought."""
        guest = self._guests.get(torrent.info_hash)
        if guest is not None:
            await guest.leave()
        else:
            await self._keeping.remove(torrent, delete_data=delete_data)

    async def change(self, torrent: Torrent, change: ChangeTorrent) -> None:
        """All of it or nothing."""
        if torrent.info_hash not in self._guests:
            await self._keeping.change(torrent, change)
            return
        given = given_in(torrent, change)
        if given.get("pinned"):
            raise InputError("This torrent is not kept, so it cannot be pinned.", kind="guest")
        apply(torrent, given)

    async def add_peers(self, torrent: Torrent, peers: list[str]) -> int:
        """Connect to these; how many addresses that were."""
        if torrent.info_hash in self._guests:
            raise InputError("This torrent has its own peers and meets nobody else.", kind="guest")
        return await self._keeping.add_peers(torrent, peers)

    def more(self, torrent: Torrent) -> dict[str, Any]:
        """What else is known of it."""
        guest = self._guests.get(torrent.info_hash)
        if guest is None:
            return self._keeping.more(torrent)
        return {"added": guest.since, "watched": None, "pinned": False, "guest": True}

    async def position(self, file: File) -> Position | None:
        """Where somebody was last."""
        guest = self._guests.get(file.torrent.info_hash)
        return guest.positions.get(file.index) if guest is not None else await self._keeping.position(file)

    async def positions(self, torrent: Torrent) -> Sequence[Position]:
        """Where somebody was in each of its files, the newest first."""
        guest = self._guests.get(torrent.info_hash)
        if guest is None:
            return await self._keeping.positions(torrent)
        return sorted(guest.positions.values(), key=lambda place: place.updated, reverse=True)

    async def set_position(self, file: File, place: SetPosition) -> Position:
        """Keep where somebody is."""
        guest = self._guests.get(file.torrent.info_hash)
        if guest is None:
            return await self._keeping.set_position(file, place)
        finished = watched_through(place.seconds, place.duration)
        found = Position(guest.torrent.info_hash, file.index, place.seconds, place.duration, self._clock(), finished)
        guest.positions[file.index] = found
        return found

    def settings(self) -> Mapping[str, Any]:
        """The limits of all torrents of the library together."""
        return self._keeping.settings()

    async def change_settings(self, change: ChangeSettings) -> None:
        """Change them."""
        await self._keeping.change_settings(change)
