"""The quota over real folders and a fake engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headrace.core import events
from headrace.core.choice import Choice
from headrace.core.quota import UNLIMITED
from headrace.errors import EngineError
from headrace.holdings import Holdings
from headrace.library.library import Library
from headrace.library.records import Entry
from headrace.session import Session
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.storage import Storage, open_library
from headrace.store import FOLDER, Store
from headrace.streaming.torrent import Torrent
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

KIB = 1024
CONTENT = Content([FakeFile("film.mkv", 400 * KIB)], 64 * KIB, "show")
IH = CONTENT.info_hash
OLD, NEWER, NEWEST = (f"{number:040}" for number in (1, 2, 3))


class World:
    """A data folder with its library, and what was said."""

    def __init__(self, folder: Path, library: Library) -> None:
        self.folder, self.library = folder, library
        self.holdings = Holdings(folder)
        self.said: list[events.Note] = []

    async def hold(self, info_hash: str, watched: float, size: int = 100 * KIB, **fields: Any) -> None:
        """Data of a torrent that was watched then."""
        self.fill(info_hash, size)
        await self.library.put(Entry(info_hash, f"film {info_hash[-1]}", added=1.0, watched=watched, **fields))

    def fill(self, info_hash: str, size: int = 100 * KIB) -> None:
        place = self.folder / info_hash
        place.mkdir(parents=True, exist_ok=True)
        (place / "film.mkv").write_bytes(b"x" * size)

    def storage(self, limit: int | None, **more: Any) -> Storage:
        return Storage(self.holdings, self.library, limit, say=self.said.append, **more)

    def there(self) -> list[str]:
        return [each.info_hash for each in self.holdings.look()]

    def warnings(self) -> list[str]:
        return [note.kind for note in self.said if isinstance(note, events.Warning)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with await Library.open(tmp_path / "library") as library:
        yield World(tmp_path / "data", library)


@contextlib.asynccontextmanager
async def session_in(folder: Path, *peers: FakePeer) -> AsyncIterator[tuple[Session, Torrent]]:
    settings = Settings(player="none", dir=folder)
    async with Session(settings, engine=FakeEngine(FakeSwarm(CONTENT, peers))) as session:
        torrent = session.adopt(session.begin(Loaded(None, CONTENT.torrent, "show.torrent", IH), Choice()))
        await torrent.metadata(5)
        yield session, torrent


async def test_what_was_watched_longest_ago_goes_and_its_entry_stays(world: World) -> None:
    await world.hold(NEWER, 50.0)
    await world.hold(NEWEST, 90.0)
    await world.hold(OLD, 10.0)
    storage = world.storage(250 * KIB)
    assert await storage.check() >= 100 * KIB
    assert world.there() == [NEWER, NEWEST]
    entry = await world.library.torrent(OLD)
    assert entry is not None
    assert entry.evicted
    assert world.warnings() == ["evicted"]
    assert "film 1" in world.said[0].as_dict()["message"]
    assert await storage.check() == 0
    assert await world.storage(UNLIMITED).check() == 0
    assert await world.storage(0).check() >= 200 * KIB
    assert world.there() == []


async def test_what_is_pinned_or_open_in_another_process_stays(world: World) -> None:
    await world.hold(OLD, 10.0, pinned=True)
    await world.hold(NEWER, 50.0)
    await world.hold(NEWEST, 90.0)
    lock = Store(world.folder / FOLDER).lock(NEWER)
    assert await world.storage(0).check() >= 100 * KIB
    assert world.there() == [OLD, NEWER]
    lock.release()


async def test_data_that_the_library_does_not_know_counts_by_its_age(world: World) -> None:
    world.fill(OLD)
    await world.hold(NEWER, 4e9)
    assert await world.storage(150 * KIB).check() >= 100 * KIB
    assert world.there() == [NEWER]


async def test_room_is_made_within_the_quota_too(world: World) -> None:
    await world.hold(OLD, 10.0)
    await world.hold(NEWER, 50.0)
    assert await world.storage(UNLIMITED).check(room=50 * KIB) >= 100 * KIB
    assert world.there() == [NEWER]


async def test_the_default_follows_the_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.hold(OLD, 10.0)
    await world.hold(NEWER, 50.0)
    monkeypatch.setattr(world.holdings, "free", lambda: 1000 * KIB)
    assert await world.storage(None).check() >= 100 * KIB  # a tenth of 1200 KiB
    assert world.there() == [NEWER]


async def test_a_session_that_lets_go_has_idle_torrents_evicted_and_read_ones_not(world: World) -> None:
    async with session_in(world.folder, FakePeer(rate=4_000_000)) as (session, torrent):
        await world.library.put(Entry(IH, watched=1.0))
        storage = world.storage(0, torrents=session.torrents, let_go=session.remove)
        async with torrent.main_video().open() as reader:
            while await reader.read():
                pass
            assert await storage.check() == 0
        assert await storage.check() >= 400 * KIB
        assert list(session.torrents) == []
        assert world.there() == []
        state = Store(world.folder / FOLDER)
        assert not state.in_use(IH)
        assert state.load(IH)  # the metadata, so that it starts at once when somebody wants it again


async def test_what_a_server_lets_go_it_takes_back_without_its_data(world: World) -> None:
    async with session_in(world.folder, FakePeer(rate=4_000_000)) as (session, torrent):
        await world.library.put(Entry(IH, watched=1.0), torrent=CONTENT.torrent)
        async with torrent.main_video().open() as reader:
            while await reader.read():
                pass

        async def take_back(entry: Entry) -> None:
            assert entry.evicted
            session.adopt(session.begin(Loaded(None, CONTENT.torrent, "show.torrent", IH), Choice(on_demand=True)))

        storage = world.storage(0, torrents=session.torrents, let_go=session.remove, take_back=take_back)
        assert await storage.check() >= 400 * KIB
        (again,) = session.torrents
        await again.metadata(5)
        assert again is not torrent
        assert not any(again.handle.have)
        async with again.main_video().open() as reader:
            assert await reader.read(10) == CONTENT.file_bytes(0)[:10]


async def test_a_look_that_fails_is_not_the_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = world.storage(UNLIMITED)

    def refuse() -> tuple[()]:
        raise EngineError("The disk does not answer.", kind="disk")

    monkeypatch.setattr(world.holdings, "look", refuse)
    storage.added()
    await asyncio.gather(*storage._tasks)
    assert world.warnings() == ["storage"]
    storage.grew(1 << 40)
    await asyncio.gather(*storage._tasks)
    assert world.warnings() == ["storage", "storage"]


async def test_without_letting_go_every_torrent_of_the_process_stays(world: World) -> None:
    async with session_in(world.folder, FakePeer(rate=4_000_000)) as (session, torrent):
        async with torrent.main_video().open() as reader:
            while await reader.read():
                pass
        assert await world.storage(0, torrents=session.torrents).check() == 0
        assert world.there() == [IH]


async def test_what_arrives_is_counted_and_the_disk_is_looked_at_when_the_room_is_used_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.storage.STEP", KIB)
    await world.hold(OLD, 10.0)
    storage = world.storage(250 * KIB)
    storage.grew(1 << 40)  # nobody has looked at the disk yet
    assert storage._tasks == set()
    await storage.check()
    looks: list[int] = []
    look = world.holdings.look
    world.holdings.look = lambda: (looks.append(1), look())[1]  # type: ignore[method-assign]
    storage.grew(100 * KIB)
    assert storage._tasks == set()
    world.fill(NEWER, 200 * KIB)
    storage.grew(100 * KIB)
    storage.grew(100 * KIB)
    await asyncio.gather(*storage._tasks)
    assert looks == [1]
    assert world.there() == [NEWER]  # the library does not know it: it is as young as its files
    await storage.aclose()


async def test_a_quota_can_be_changed(world: World) -> None:
    await world.hold(OLD, 10.0)
    storage = world.storage(UNLIMITED)
    storage.limit_to(0)
    await asyncio.gather(*storage._tasks)
    assert world.there() == []
    await storage.aclose()


async def test_a_full_disk_evicts_and_the_download_goes_on(world: World) -> None:
    await world.hold(OLD, 10.0)
    async with session_in(world.folder, FakePeer(rate=4_000_000)) as (session, torrent):
        storage = world.storage(UNLIMITED, torrents=session.torrents)
        session.watcher = storage
        torrent.handle.fail("disk_full", "No space left on device")  # type: ignore[attr-defined]
        async with asyncio.timeout(4):  # sooner than it would try again by itself
            async with torrent.main_video().open() as reader:
                while await reader.read():
                    pass
        assert world.there() == [IH]
        assert "evicted" in world.warnings()
        await storage.aclose()


async def test_what_a_crash_left_goes_at_the_next_start(world: World) -> None:
    await world.hold(OLD, 10.0, keep=False)
    await world.hold(NEWER, 50.0, keep=False)
    await world.hold(NEWEST, 90.0)
    Store(world.folder / FOLDER).save(OLD, b"resume")
    lock = Store(world.folder / FOLDER).lock(NEWER)  # that one is still being played
    storage = world.storage(UNLIMITED)
    storage.added()
    await asyncio.gather(*storage._tasks)
    assert world.there() == [NEWER, NEWEST]
    assert [entry.info_hash for entry in await world.library.torrents()] == [NEWEST, NEWER]
    assert Store(world.folder / FOLDER).load(OLD) == b""
    assert world.warnings() == []
    lock.release()


async def test_what_cannot_be_removed_is_told_and_tried_again_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hold(OLD, 10.0)
    await world.hold(NEWER, 50.0, keep=False)

    def refuse(info_hash: str, *, state: bool = False) -> int:
        raise EngineError("Cannot remove it.", kind="disk")

    monkeypatch.setattr(world.holdings, "delete", refuse)
    storage = world.storage(0)
    storage.added()
    await asyncio.gather(*storage._tasks)
    assert world.warnings() == ["storage"] * 3
    assert [entry.evicted for entry in await world.library.torrents()] == [False, False]
    assert len(await world.library.torrents()) == 2


async def test_the_end_waits_for_what_is_being_removed(world: World) -> None:
    for number in range(20):
        await world.hold(f"{number:040}", float(number))
    storage = world.storage(0)
    storage.added()
    await asyncio.sleep(0)
    await storage.aclose()
    assert storage._tasks == set()
    assert not any(world.holdings.in_use(f"{number:040}") for number in range(20))


def full_until(monkeypatch: pytest.MonkeyPatch, world: World, kind: str = "disk") -> None:
    """Let the library be opened only once there is room for it."""
    really = Library.open

    async def opened(folder: Path) -> Library:
        if len(world.there()) > 1:
            raise EngineError("The library cannot be written: database or disk is full.", kind=kind)
        return await really(folder)

    monkeypatch.setattr(Library, "open", opened)


async def test_on_a_disk_too_full_for_the_library_room_is_made_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hold(OLD, 10.0, size=100 * KIB, pinned=True)
    await world.hold(NEWER, 50.0)
    await world.library.aclose()
    full_until(monkeypatch, world)
    async with await open_library(world.library.path.parent, world.holdings, world.said.append) as library:
        assert len(await library.torrents()) == 2
    assert world.there() == [OLD]
    assert world.warnings() == ["evicted"]


@pytest.mark.parametrize("kind", ["disk", "library"])
async def test_what_is_pinned_makes_no_room_and_a_damaged_library_none_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for info_hash in (OLD, NEWER):
        await world.hold(info_hash, 10.0, pinned=kind == "disk")
    await world.library.aclose()
    full_until(monkeypatch, world, kind)
    with pytest.raises(EngineError, match="disk is full"):
        await open_library(world.library.path.parent, world.holdings, world.said.append)
    assert world.there() == [OLD, NEWER]
    assert world.said == []
