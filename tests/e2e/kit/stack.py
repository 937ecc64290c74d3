"""The product in this process: engine, session and HTTP server, streaming one torrent."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
from msgspec.structs import replace

from headrace import sources
from headrace.core.choice import Choice
from headrace.core.events import Note
from headrace.engine.base import EngineOptions
from headrace.engine.libtorrent import LibtorrentEngine
from headrace.http.server import Server
from headrace.session import Session
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.streaming.torrent import File, Torrent
from kit.waiting import Log

LOOPBACK = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)
"""Peers only by what they are told to us: nothing leaves the machine."""


class Stack:
    """A torrent that is streamed; ``notes`` has all that was told of it."""

    def __init__(self, session: Session, torrent: Torrent, server: Server) -> None:
        self.session, self.torrent, self.server = session, torrent, server
        self.notes: Log[Note] = Log()
        torrent.subscribe(self.notes)

    def url(self, file: File | None = None) -> str:
        """Of a file; of the main video without one."""
        return self.server.url(self.torrent, file)

    @property
    def share(self) -> float:
        """How much of the torrent is there, 0 to 1."""
        have = self.torrent.handle.have
        return have.count(1) / len(have) if have else 0.0

    async def complete(self, within: float = 60) -> None:
        """Return when all chosen files are there."""
        await self.notes.until(lambda note: self.torrent.share_of_goals() >= 1.0, within=within)


def loaded(source: str | bytes) -> Loaded:
    """A magnet link, a path, or the bytes of a .torrent."""
    return sources.load(source) if isinstance(source, str) else Loaded(None, source, "test", "")


@contextlib.asynccontextmanager
async def stack(
    source: str | bytes,
    folder: Path,
    *,
    engine: EngineOptions = LOOPBACK,
    settings: Settings | None = None,
    choice: Choice | None = None,
    home: Path | None = None,
    allow_hosts: Sequence[str] = (),
    token: str = "",
) -> AsyncIterator[Stack]:
    """A running product that has been given ``source``; it may still be without metadata."""
    session = Session(replace(settings or Settings(), dir=folder), engine=LibtorrentEngine(engine))
    async with session:
        torrent = session.adopt(session.begin(loaded(source), choice or Choice(), home))
        server = Server(session.torrents, port=0, allow_hosts=allow_hosts, token=token)
        await server.start()
        try:
            yield Stack(session, torrent, server)
        finally:
            await server.aclose()


async def sha256_of(url: str, client: aiohttp.ClientSession) -> str:
    """Of the body."""
    digest = hashlib.sha256()
    async with client.get(url) as response:
        async for chunk in response.content.iter_any():
            digest.update(chunk)
    return digest.hexdigest()
