"""An engine without a network: ``headrace.engine.base`` over fake swarms, on the running loop's time.

Rules: it says and does what ``check_engine`` (``headrace.testing.engine_suite``) demands of any engine. In a
``VirtualLoop`` it is deterministic. Bytes are really written, so that readers can be tested over it. Swarms are found
by info-hash; a torrent that no swarm knows has no peers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headrace.core.bencode import check_bencode
from headrace.engine import base
from headrace.engine.base import AddRequest, Event, Listener
from headrace.errors import InputError
from headrace.testing.fake_swarm import Content, FakeFile, FakeSwarm
from headrace.testing.fake_torrent import FakeTorrent, read_magnet, read_resume
from headrace.testing.metainfo import layout_of


class FakeEngine:
    """An engine (``base.Engine``) whose network is made of fake swarms."""

    def __init__(self, *swarms: FakeSwarm) -> None:
        self.torrents: dict[str, FakeTorrent] = {}
        self._swarms = {swarm.content.info_hash: swarm for swarm in swarms}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Listener | None = None
        self._outbox: list[Event] = []
        self._flushing = False
        self._closed = False
        self.limits = (0, 0, 0)
        """What ``set_limits`` said last."""

    def start(self) -> None:
        """Begin to listen."""
        self.emit(base.Listening("", "127.0.0.1", 6881))

    def attach(self, listener: Listener) -> None:
        """Hand events to ``listener`` on the running loop."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._flush_soon()
        for torrent in list(self.torrents.values()):
            torrent.begin()

    def add(self, request: AddRequest) -> FakeTorrent:
        """Add a torrent, or raise ``InputError``."""
        given = _info_hash(request)
        if given != request.info_hash:
            raise InputError(f"The torrent is {given}, not {request.info_hash}.", kind="refused")
        if request.info_hash in self.torrents:
            raise InputError("The torrent is there already.", kind="refused")
        swarm = self._swarms.get(request.info_hash)
        metadata = bool(request.torrent) or read_resume(request) is not None
        torrent = FakeTorrent(self, request, swarm or _lonely(request), metadata=metadata)
        self.torrents[request.info_hash] = torrent
        if self._loop is not None:
            torrent.begin()
        return torrent

    def set_limits(self, down: int, up: int, max_peers: int) -> None:
        """Kept in ``limits``; a fake swarm has rates of its own."""
        self.limits = (down, up, max_peers)

    async def aclose(self) -> None:
        """Save resume data, then end."""
        if self._closed:
            return
        for torrent in self.torrents.values():
            torrent.save_resume()
        await asyncio.sleep(0)
        self._closed = True
        for torrent in self.torrents.values():
            torrent.end()
        self._listener, self._loop = None, None

    def forget(self, torrent: FakeTorrent) -> None:
        """The torrent was removed."""
        self.torrents.pop(torrent.info_hash, None)

    def now(self, swarm: FakeSwarm) -> float:
        """Seconds of the swarm's time, which begins when an engine with a loop first asks."""
        if self._loop is None:
            return 0.0
        if swarm.origin is None:
            swarm.origin = self._loop.time()
        return self._loop.time() - swarm.origin

    def wake_at(self, swarm: FakeSwarm, at: float | None, call: Callable[[float], None]) -> asyncio.TimerHandle | None:
        """Call at a time of the swarm's clock."""
        if self._loop is None or at is None:
            return None
        return self._loop.call_at(at + (swarm.origin or 0.0), call, at)

    def emit(self, event: Event) -> None:
        """Hand an event over with the next batch; pieces that follow one another go as one event."""
        last = self._outbox[-1] if self._outbox else None
        if (
            isinstance(event, base.PiecesReady)
            and isinstance(last, base.PiecesReady)
            and last.info_hash == event.info_hash
        ):
            self._outbox[-1] = base.PiecesReady(event.info_hash, last.pieces + event.pieces)
        else:
            self._outbox.append(event)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._loop is not None and self._outbox and not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        batch, self._outbox = self._outbox, []
        if self._listener is not None and batch:
            self._listener(batch)


def _info_hash(request: AddRequest) -> str:
    if request.torrent:
        return check_bencode(request.torrent).info_hash
    if request.magnet:
        return read_magnet(request.magnet).info_hash
    return request.info_hash


def _lonely(request: AddRequest) -> FakeSwarm:
    """A swarm without peers, for a torrent that no swarm knows."""
    if not request.torrent:
        return FakeSwarm(Content(1))
    try:
        layout = layout_of(check_bencode(request.torrent).info)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"The .torrent file cannot be read: {error}.") from None
    if len(layout.files) == 1:
        return FakeSwarm(Content(layout.total_size, layout.piece_length, layout.name))
    files = [FakeFile(entry.path.partition("/")[2], entry.size) for entry in layout.files]
    return FakeSwarm(Content(files, layout.piece_length, layout.name))
