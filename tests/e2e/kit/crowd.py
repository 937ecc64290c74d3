"""A server with many torrents that nobody shares, over a fake engine: what pages do with large lists."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from headrace.core.choice import Choice
from headrace.http.server import Server
from headrace.session import Session
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.streaming.torrent import Torrent
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

MIB = 1 << 20


def pack(episodes: int) -> Content:
    """A show of many seasons, ten episodes each, with subtitles beside every other one."""
    files = []
    for number in range(episodes):
        name = f"Season {number // 10 + 1:02}/Show.S{number // 10 + 1:02}E{number % 10 + 1:02}.1080p.WEB"
        files.append(FakeFile(f"{name}.mkv", 8 * MIB))
        if number % 2:
            files.append(FakeFile(f"{name}.en.srt", 40_000))
    return Content(files, MIB, "Show, all of it")


def films(count: int) -> list[Content]:
    """Torrents of one file each."""
    return [Content(16 * MIB, MIB, f"Film {number:03} (1999) 1080p.mkv") for number in range(count)]


class Crowd:
    """What is served; ``add`` serves one more."""

    def __init__(self, session: Session, server: Server) -> None:
        self.session, self.server = session, server

    def add(self, content: Content) -> Torrent:
        """By its .torrent."""
        loaded = Loaded(None, content.torrent, "test", content.info_hash)
        return self.session.adopt(self.session.begin(loaded, Choice(on_demand=True)))


@contextlib.asynccontextmanager
async def crowd(folder: Path, *contents: Content, peers: tuple[FakePeer, ...] = ()) -> AsyncIterator[Crowd]:
    """A running server with these; ``peers`` have all of the first one."""
    swarms = [FakeSwarm(content, peers if number == 0 else ()) for number, content in enumerate(contents)]
    async with Session(Settings(dir=folder), engine=FakeEngine(*swarms)) as session:
        server = Server(session.torrents, port=0)
        made = Crowd(session, server)
        for content in contents:
            made.add(content)
        await server.start()
        try:
            yield made
        finally:
            await server.aclose()
