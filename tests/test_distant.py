"""A torrent of a server elsewhere: a real server over a fake engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headrace import sources
from headrace.casts import Casts
from headrace.core import events
from headrace.distant import Distant
from headrace.errors import EngineError, HeadraceError, InputError
from headrace.http.server import Server
from headrace.keeping import Keeping
from headrace.library.library import Library
from headrace.remote import Remote
from headrace.session import Session
from headrace.settings import Settings
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

PACK = Content([FakeFile("S01E01.mkv", 300_000), FakeFile("S01E01.srt", 900)], 64 * 1024, "show")
MAGNET = sources.load(PACK.magnet)


class World:
    """A server and what is told of its one torrent."""

    def __init__(self, session: Session, server: Server, keeping: Keeping, distant: Distant) -> None:
        self.session, self.server, self.keeping, self.distant = session, server, keeping, distant
        self.told: list[events.Note] = []
        distant.subscribe(self.told.append)

    @property
    def torrent(self) -> Any:
        return self.session.torrents.get(PACK.info_hash)

    async def until(self, kind: type[events.Note]) -> None:
        async with asyncio.timeout(10):
            while not any(isinstance(note, kind) for note in self.told):
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def world(folder: Path, *peers: FakePeer, source: Any = MAGNET) -> AsyncIterator[World]:
    engine = FakeEngine(FakeSwarm(PACK, peers))
    async with Session(Settings(dir=folder), engine=engine) as session, await Library.open(folder / "l") as library:
        keeping = Keeping(session, library)
        server = Server(session.torrents, port=0, keeper=keeping, stage=Casts(keeping))
        await server.start()
        try:
            async with Remote(server.base_url) as remote:
                made = World(session, server, keeping, Distant(remote, source))
                yield made
                await made.distant.aclose()
        finally:
            await server.aclose()
            await keeping.aclose()


async def test_from_its_addition_to_its_removal(tmp_path: Path) -> None:
    async with world(tmp_path, FakePeer(rate=4_000_000)) as one:
        wish = Settings(peers=(("::1", 5), ("127.0.0.1", 6)), trackers=("udp://t.example:1",), keep=False)
        assert await one.distant.add(wish)
        files = await one.distant.files(10)
        assert [(entry.index, entry.path, entry.size, entry.offset) for entry in files.entries] == [
            (0, "show/S01E01.mkv", 300_000, 0),
            (1, "show/S01E01.srt", 900, 300_000),
        ]
        assert files.described()[1] == {"index": 1, "path": "show/S01E01.srt", "size": 900, "kind": "subtitle"}
        assert files.url(1).endswith("/1/S01E01.srt")
        assert (one.distant.told["name"], one.distant.told["keep"]) == ("show", False)
        await one.distant.keep(0, 754.0, 5400.0)
        assert await one.distant.resume_of(0) == 754.0
        assert await one.distant.resume_of(1) == 0.0
        await one.until(events.Progress)
        assert {type(note) for note in one.told} >= {events.Starting, events.Metadata, events.Selected}
        assert not await one.distant.add(Settings()), "it is there"
        await one.distant.remove(data=True)
        await one.until(events.Removed)
        assert not one.distant.over.done(), "that was its own wish"


async def test_a_torrent_file_is_sent_with_what_was_asked_for_it(tmp_path: Path) -> None:
    async with world(tmp_path, source=sources.of_bytes(PACK.torrent, "x")) as one:
        assert await one.distant.add(Settings(file="S01E01", keep=False))
        entry = one.keeping._entries[PACK.info_hash]
        assert (entry.selector, entry.keep) == ("S01E01", False)
    async with world(tmp_path / "2", source=sources.of_bytes(PACK.torrent, "x")) as one:
        with pytest.raises(HeadraceError, match="S09E09"):
            await one.distant.add(Settings(file="S09E09"))


async def test_who_plays_it_wants_it_to_go_on(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        from headrace.http.shapes import AddTorrent

        await one.keeping.add(PACK.magnet, AddTorrent("-", paused=True))
        assert not await one.distant.add(Settings())
        assert not one.torrent.paused


async def test_metadata_that_does_not_come_is_a_timeout(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.distant.add(Settings())
        with pytest.raises(TimeoutError):
            await one.distant.files(0.05)


async def test_what_is_not_cast_is_neither_steered_nor_ended(tmp_path: Path) -> None:
    """What is, ``test_handover`` does."""
    async with world(tmp_path) as one:
        await one.distant.add(Settings())
        with pytest.raises(InputError, match="Nothing is cast"):
            await one.distant.steer("0" * 16, {"position": 3.0})
        with pytest.raises(InputError, match="Nothing is cast"):
            await one.distant.end_cast("0" * 16)
        with pytest.raises(HeadraceError) as caught:
            await one.distant.cast({"device": "cast:127.0.0.1:1"})
        assert caught.value.kind == "no_metadata"


async def test_its_removal_by_others_ends_it(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.distant.add(Settings())
        waiting = asyncio.ensure_future(one.distant.files(None))
        await asyncio.sleep(0)
        await one.keeping.remove(one.torrent, delete_data=False)
        with pytest.raises(EngineError, match="removed") as caught:
            await waiting
        assert caught.value.kind == "removed"


async def test_its_failure_ends_it(tmp_path: Path) -> None:
    async with world(tmp_path, FakePeer(rate=4_000_000)) as one:
        await one.distant.add(Settings())
        await one.distant.files(10)
        one.torrent.handle.fail("engine", "it broke")
        with pytest.raises(HeadraceError, match="failed on the server"):
            await asyncio.wait_for(one.distant.over, 10)


async def test_a_stream_that_is_cut_off_is_opened_again(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.distant.add(Settings())
        await one.until(events.Progress)
        (task,) = one.server._events._tasks
        task.cancel()
        one.told.clear()
        await one.until(events.Progress)
        assert not one.distant.over.done()


async def test_the_servers_end_ends_it(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.distant.add(Settings())
        await one.server.aclose()
        with pytest.raises(EngineError, match="does not answer"):
            await asyncio.wait_for(one.distant.over, 10)
