"""Peers with settings of their own: engines that are not the one under test."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from headrace.engine.base import AddRequest, EngineOptions, EngineTorrent, Event, Listening
from headrace.engine.libtorrent import LibtorrentEngine, inspect_torrent
from kit.stack import LOOPBACK
from kit.waiting import Log

Address = tuple[str, int]


class Foreign:
    """A running engine; ``events`` has all that it told."""

    def __init__(self, engine: LibtorrentEngine) -> None:
        self.engine = engine
        self.events: Log[Event] = Log()
        self.address: Address = ("", 0)
        engine.attach(self._hear)

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events(event)

    async def listening(self) -> Address:
        """Where it can be met."""
        event = await self.events.until(lambda event: isinstance(event, Listening) and not event.error)
        assert isinstance(event, Listening)
        return event.address, event.port

    def share(self, torrent: bytes, folder: Path, peers: Sequence[Address] = (), *, seed: bool = True) -> EngineTorrent:
        """Have a torrent whose content lies in ``folder``, or is to be fetched."""
        info_hash = inspect_torrent(torrent)[0][0]
        return self.engine.add(AddRequest(info_hash, folder, torrent=torrent, peers=tuple(peers), seed=seed))


@contextlib.asynccontextmanager
async def foreign(host: str, options: EngineOptions = LOOPBACK, **extra: object) -> AsyncIterator[Foreign]:
    """An engine on this address; ``extra`` are libtorrent's settings by name."""
    # bound to its address also on the way out: peers know one another by it
    options = replace(options, listen=(f"{host}:0",), interface=host, extra={**options.extra, **extra})
    engine = LibtorrentEngine(options)
    engine.start()
    try:
        made = Foreign(engine)
        made.address = await made.listening()
        yield made
    finally:
        await engine.aclose()
