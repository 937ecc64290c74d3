"""Who changes things on behalf of the API: a protocol, so that the server knows neither engine nor library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from headrace.casting.base import Device, Show
    from headrace.core.events import Cast, Demo
    from headrace.http.shapes import AddTorrent, ChangeCast, ChangeSettings, ChangeTorrent, SetPosition
    from headrace.library.records import Position
    from headrace.streaming.torrent import File, Torrent


class Keeper(Protocol):
    """Adds, changes and removes torrents. What a method was given is either done as a whole or refused."""

    async def add(self, source: str | bytes, wish: AddTorrent) -> tuple[Torrent, bool]:
        """Add by a reference or a .torrent's bytes; whether it is new. ``InputError`` when it cannot be read."""

    async def remove(self, torrent: Torrent, *, delete_data: bool) -> None:
        """Forget it."""

    async def change(self, torrent: Torrent, change: ChangeTorrent) -> None:
        """Change what is given; ``InputError`` when it cannot be."""

    async def add_peers(self, torrent: Torrent, peers: list[str]) -> int:
        """Connect to these; how many addresses that were. ``InputError`` for what is none."""

    def more(self, torrent: Torrent) -> dict[str, Any]:
        """What else is known: when it was added and last watched (seconds since 1970); if it is pinned, and kept."""

    async def position(self, file: File) -> Position | None:
        """Where somebody was last."""

    async def positions(self, torrent: Torrent) -> Sequence[Position]:
        """Where somebody was in each of its files, the newest first."""

    async def set_position(self, file: File, place: SetPosition) -> Position:
        """Keep where somebody is."""

    def settings(self) -> Mapping[str, Any]:
        """What can be changed while it runs, by name."""

    async def change_settings(self, change: ChangeSettings) -> None:
        """Change what is given."""


class Exhibit(Protocol):
    """A torrent that the server makes for who has none: a video and a swarm on this machine alone."""

    @property
    def state(self) -> Demo:
        """How far it is."""

    async def begin(self) -> None:
        """Make it, if it is not there; returns before it is. ``EngineError`` when what makes it is missing."""

    def subscribe(self, subscriber: Callable[[Demo], None]) -> Callable[[], None]:
        """Hear each new state; returns what ends it."""


class Stage(Protocol):
    """Devices in the network that films are shown on. What a device refuses is a ``PlayerError``."""

    async def devices(self) -> list[Device]:
        """Who answers now."""

    async def find(self, name: str) -> Device:
        """The device of this id, name or address."""

    async def begin(self, device: Device, show: Show, file: File) -> Cast:
        """Have it play; returns when it has taken the show."""

    def listed(self) -> list[Cast]:
        """What plays."""

    async def change(self, name: str, change: ChangeCast) -> Cast:
        """Steer it; ``InputError`` when there is none of that id."""

    async def stop(self, name: str) -> None:
        """End it; likewise."""

    def subscribe(self, subscriber: Callable[[Cast], None]) -> Callable[[], None]:
        """Hear each change; returns what ends it."""
