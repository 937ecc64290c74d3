"""A device that a server in another process has play, as ``players.base.Running``.

Rules: the server looks for the device, tells it where the film is, and keeps the position; here it is begun, heard and
ended. What it refuses about the device is a ``PlayerError``, as if this process had asked the device. Whoever ends this
run ends what the device plays; if the process is killed, the device plays on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from headrace.core import events
from headrace.errors import HeadraceError, PlayerError
from headrace.players.base import OnState, PlayerState
from headrace.players.report import Reporter

if TYPE_CHECKING:
    from headrace.core.pieces import FileEntry
    from headrace.distant import Distant
    from headrace.settings import Settings

ABOUT_DEVICES = frozenset(
    {"no_device", "ambiguous_device", "device_busy", "device_gone", "unreachable", "refused", "no_cast"}
)
"""Kinds of the server's refusals that are about the device, or about what is missing to speak to it."""
STOPPED_WITHIN = 4.0
"""Seconds for the server to have stopped the device, for which it takes three at most."""


class Relay:
    """As ``base.Running``. ``path`` is the URL that positions belong to."""

    def __init__(self, torrent: Distant, name: str, path: str, on_state: OnState) -> None:
        self.name = name
        self._torrent, self._path = torrent, path
        self._reporter = Reporter(on_state, asyncio.get_running_loop().time)
        self._id = ""
        self._early: list[events.Cast] = []
        """What was told of casts before it was known which of them is this one."""
        self._failure: PlayerError | None = None
        self._over = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None
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

    async def wait(self) -> int:
        """Until the device has come to the end, or somebody has ended it."""
        try:
            await self._over.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        self._unsubscribe()
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
            await self._torrent.steer(self._id, {"position": seconds})
        except HeadraceError:
            return False
        return True

    async def stop(self) -> None:
        """Have the device stop. A second call waits for the first."""
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        if not self._over.is_set():
            with contextlib.suppress(HeadraceError, TimeoutError):  # it is over by now, or the server is gone
                async with asyncio.timeout(STOPPED_WITHIN):
                    await self._torrent.end_cast(self._id)
        if not self._over.is_set():
            self._tell(PlayerState("ended", path=self._path))
        self._unsubscribe()

    def _hear(self, note: events.Note) -> None:
        if not isinstance(note, events.Cast) or self._over.is_set():
            return
        if not self._id:
            self._early.append(note)
        elif note.id == self._id:
            if note.state == "failed":
                hint = "Another device may do, or a player on this machine: --player mpv."
                self._failure = PlayerError(f"{note.message}.", hint, kind=note.reason)
            self._tell(PlayerState(note.state, note.position, note.duration, self._path, note.message))

    def _tell(self, state: PlayerState) -> None:
        self._reporter.report(state)
        if state.state in ("ended", "failed"):
            self._over.set()


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
    if settings.subtitles:
        from headrace.subtitling import read

        given = settings.subtitles[0]
        wish["captions"] = await asyncio.to_thread(read, given, settings.proxy, settings.interface)
    relay = Relay(torrent, settings.player, path, on_state)
    told = await relay.begin(wish)
    if told["note"]:
        said = f"Sent as HLS: {told['note']}." if told["hls"] else f"It may not play: {told['note']}."
        say(events.Warning("casting", said))
    return relay
