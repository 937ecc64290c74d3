"""A device that a server in another process has play, as ``players.base.Running``.

Rules: the server looks for the device, tells it where the film is, and keeps the position; here it is begun, heard and
ended. What it refuses about the device is a ``PlayerError``, as if this process had asked the device. Whoever ends this
run ends what the device plays; if the process is killed, the device plays on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headrace.core import events
from headrace.errors import HeadraceError, PlayerError
from headrace.players.base import OnState
from headrace.players.device import DeviceRun
from headrace.screening import form_told
from headrace.subtitling import own

if TYPE_CHECKING:
    from headrace.core.pieces import FileEntry
    from headrace.distant import Distant
    from headrace.settings import Settings

ABOUT_DEVICES = frozenset(
    {"no_device", "ambiguous_device", "device_busy", "device_gone", "unreachable", "refused", "no_cast"}
)
"""Kinds of the server's refusals that are about the device, or about what is missing to speak to it."""


class Relay(DeviceRun):
    """One that the server speaks to."""

    stopped_within = 4.0  # the server takes three at most

    def __init__(self, torrent: Distant, name: str, path: str, on_state: OnState) -> None:
        super().__init__(name, path, on_state)
        self._torrent = torrent
        self._id = ""
        self._early: list[events.Cast] = []
        """What was told of casts before it was known which of them is this one."""
        self._unsubscribe = torrent.subscribe(self._hear)

    async def begin(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Have the server begin; what it says of the cast. ``PlayerError`` when the device cannot be had."""
        try:
            told = await self._torrent.cast({"device": self.name, **wish})
        except BaseException as error:
            self._unsubscribe()
            if isinstance(error, HeadraceError) and error.kind in ABOUT_DEVICES:
                raise PlayerError(error.message, error.hint, kind=error.kind) from None
            raise
        self._id = told["id"]
        for note in self._early:
            self._hear(note)
        return told

    async def _move(self, seconds: float) -> None:
        await self._torrent.steer(self._id, {"position": seconds})

    async def _halt(self) -> None:
        await self._torrent.end_cast(self._id)

    async def _let_go(self) -> None:
        self._unsubscribe()

    def _hear(self, note: events.Note) -> None:
        if not isinstance(note, events.Cast) or self._over.is_set():
            return
        if not self._id:
            self._early.append(note)
        elif note.id == self._id:
            self._told(note.state, note.position, note.duration, note.message, note.reason)


async def cast(
    torrent: Distant,
    settings: Settings,
    entry: FileEntry,
    path: str,
    start: float,
    say: Callable[[events.Note], None],
    on_state: OnState,
) -> Relay:
    """Have the server cast a file of a torrent to the device that the settings name, from this second on."""
    wish: dict[str, Any] = {"index": entry.index, "start": start}
    if given := await own(settings):
        wish["captions"] = given
    relay = Relay(torrent, settings.player, path, on_state)
    begun = await relay.begin(wish)
    if told := form_told(begun["hls"], begun["note"]):
        say(told)
    return relay
