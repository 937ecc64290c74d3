"""Torrents of a session and of the library, over a fake engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from headrace.core import events
from headrace.core.quota import UNLIMITED
from headrace.errors import EngineError, InputError
from headrace.http.shapes import AddTorrent, ChangeSettings, ChangeTorrent, SetPosition
from headrace.keeping import Keeping
from headrace.library.library import Library
from headrace.session import Session
from headrace.settings import Settings
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

KIB = 1024
PACK = Content([FakeFile("S01E01.mkv", 300 * KIB), FakeFile("S01E02.mkv", 400 * KIB)], 64 * KIB, "show")
HASH = PACK.info_hash


class Kept:
    """A session, a library and who keeps them."""

    def __init__(self, session: Session, library: Library, keeping: Keeping, engine: FakeEngine) -> None:
        self.session, self.library, self.keeping, self.engine = session, library, keeping, engine
        self.told: list[events.Note] = []
        session.torrents.subscribe(lambda torrent, note: self.told.append(note))

    async def add(self, source: str | bytes = PACK.magnet, **wish: Any) -> Any:
        return await self.keeping.add(source, AddTorrent("-", **wish))

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def kept(folder: Path, *peers: FakePeer, fixed: frozenset[str] = frozenset(), **more: Any) -> AsyncIterator[Kept]:
    engine = FakeEngine(FakeSwarm(PACK, peers))
    settings = Settings(dir=folder, **more)
    async with Session(settings, engine=engine) as session, await Library.open(folder / "lib") as library:
        keeping = Keeping(session, library, fixed)
        await keeping.restore()
        yield Kept(session, library, keeping, engine)
        await keeping.aclose()


async def test_a_magnet_is_there_at_once_and_its_metadata_follows(tmp_path: Path) -> None:
    async with kept(tmp_path, FakePeer(rate=4_000_000)) as one:
        torrent, new = await one.add()
        assert (new, torrent.layout) == (True, None)
        entry = await one.library.torrent(HASH)
        assert entry is not None
        assert (entry.magnet, entry.paused, entry.size) == (PACK.magnet, False, 0)
        assert isinstance(one.told[0], events.Starting)
        await torrent.metadata(10)
        await one.until(lambda: one.keeping._entries[HASH].size)
        entry = await one.library.torrent(HASH)
        assert entry is not None
        assert (entry.name, entry.size) == ("show", 700 * KIB)
        assert one.keeping.more(torrent)["added"] == entry.added


async def test_what_is_there_is_not_added_twice(tmp_path: Path) -> None:
    async with kept(tmp_path) as one:
        results = await asyncio.gather(one.add(), one.add(), one.add(PACK.torrent, trackers=["http://t/"]))
        assert sorted(new for _, new in results) == [False, False, True]
        assert len({id(torrent) for torrent, _ in results}) == 1
        entry = await one.library.torrent(HASH)
        assert entry is not None
        assert entry.trackers == ("http://t/",)


async def test_what_is_not_to_be_kept_says_so_until_somebody_keeps_it(tmp_path: Path) -> None:
    async with kept(tmp_path) as one:
        for wish, keep in (({"keep": False}, False), ({"keep": False}, False), ({}, True), ({"keep": False}, True)):
            torrent, _ = await one.add(PACK.torrent, **wish)
            assert one.keeping.more(torrent)["keep"] is keep
        await one.keeping.remove(torrent, delete_data=True)
        torrent, _ = await one.add(PACK.torrent, keep=False)
        await one.keeping.change(torrent, ChangeTorrent(pinned=True))
        assert one.keeping.more(torrent)["keep"]


async def test_only_what_is_watched_is_fetched(tmp_path: Path) -> None:
    async with kept(tmp_path, FakePeer(rate=4_000_000)) as one:
        torrent, _ = await one.add(PACK.torrent)
        await torrent.metadata(10)
        fake = one.engine.torrents[HASH]
        await one.until(lambda: fake.arrivals)
        await one.until(lambda: not fake.wanted)
        assert sum(torrent.handle.have) < len(torrent.handle.have)
        file = torrent.file(1)
        async with file.open():
            pieces = torrent.layout.pieces_of(file.entry.span)
            await one.until(lambda: all(torrent.handle.have[piece] for piece in pieces))


async def test_what_is_chosen_is_fetched_whole(tmp_path: Path) -> None:
    async with kept(tmp_path, FakePeer(rate=4_000_000)) as one:
        torrent, _ = await one.add(PACK.torrent)
        await torrent.metadata(10)
        await one.keeping.change(torrent, ChangeTorrent(files=[1, 0, 1]))
        assert [file.index for file in torrent.goals] == [1, 0]
        await one.until(lambda: torrent.share_of_goals() == 1.0)
        assert any(isinstance(note, events.Changed) and note.files == (1, 0) for note in one.told)


@pytest.mark.parametrize(
    ("source", "wish", "kind"),
    [
        ("/etc/passwd", {}, "bad_source"),
        ("-", {}, "bad_source"),
        ("file:///etc/passwd", {}, "bad_source"),
        ("show.torrent", {}, "bad_source"),
        ("magnet:?xt=nothing", {}, "bad_magnet"),
        (b"d4:infode", {}, "bad_torrent"),
        (PACK.torrent, {"file": "S09E09"}, "no_such_file"),
        (PACK.magnet, {"peers": ["nowhere"]}, "bad_value"),
        (PACK.magnet, {"trackers": ["file:///etc/passwd"]}, "bad_value"),
    ],
)
async def test_what_cannot_be_added_leaves_nothing(tmp_path: Path, source: Any, wish: Any, kind: str) -> None:
    async with kept(tmp_path) as one:
        with pytest.raises(InputError) as caught:
            await one.add(source, **wish)
        assert caught.value.kind == kind
        assert len(one.session.torrents) == 0
        assert await one.library.torrents() == ()


async def test_what_the_library_cannot_keep_is_not_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kept(tmp_path) as one:

        async def full(*_: object, **__: object) -> None:
            raise EngineError("No space.", kind="disk")

        monkeypatch.setattr(one.library, "put", full)
        with pytest.raises(EngineError, match="No space"):
            await one.add()
        assert len(one.session.torrents) == 0
        monkeypatch.undo()
        assert (await one.add())[1]


async def test_a_change_is_all_or_nothing(tmp_path: Path) -> None:
    async with kept(tmp_path) as one:
        torrent, _ = await one.add(PACK.torrent)
        await torrent.metadata(10)
        with pytest.raises(InputError, match="no file 9"):
            await one.keeping.change(torrent, ChangeTorrent(paused=True, down_limit=7, files=[0, 9]))
        assert (torrent.paused, torrent.limits, torrent.goals) == (False, (0, 0), ())
        await one.keeping.change(torrent, ChangeTorrent(paused=True, down_limit=7, pinned=True))
        assert (torrent.paused, torrent.limits) == (True, (7, 0))
        assert one.engine.torrents[HASH].limits == (7, 0)
        assert one.keeping.more(torrent)["pinned"] is True


async def test_everything_is_as_it_was(tmp_path: Path) -> None:
    async with kept(tmp_path, FakePeer(rate=4_000_000)) as one:
        torrent, _ = await one.add(PACK.torrent, file="S01E02", trackers=["http://t/"])
        await torrent.metadata(10)
        change = ChangeTorrent(paused=True, down_limit=7, up_limit=8, files=[0])
        await one.keeping.change(torrent, change)
        await one.keeping.set_position(torrent.file(1), SetPosition(60.0, 3000.0))
        await one.keeping.change_settings(ChangeSettings(max_peers=9, up_limit=100))
        assert one.engine.limits == (0, 100, 9)
    async with kept(tmp_path, fixed=frozenset({"up_limit"}), up_limit=5) as two:
        (again,) = two.session.torrents
        await again.metadata(10)
        assert (again.paused, again.limits, [file.index for file in again.goals]) == (True, (7, 8), [0])
        assert again.chosen is not None
        assert again.chosen.index == 1
        position = await two.keeping.position(again.file(1))
        assert position is not None
        assert position.seconds == 60.0
        assert two.keeping.settings() == {"down_limit": 0, "up_limit": 5, "max_peers": 9, "quota": "default"}
        assert two.engine.limits == (0, 5, 9)


async def test_one_that_is_open_elsewhere_is_told_and_the_others_are_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with kept(tmp_path) as one:
        await one.add()
        await one.add("ab" * 20)
    held = Session(Settings(dir=tmp_path), engine=FakeEngine(FakeSwarm(PACK)))
    from headrace import sources

    async with held:
        await held.introduce(sources.load(HASH))
        async with kept(tmp_path) as two:
            assert [torrent.info_hash for torrent in two.session.torrents] == ["ab" * 20]
            assert len(await two.library.torrents()) == 2
    assert "is not served: This torrent is already open" in caplog.text


async def test_removed_is_forgotten(tmp_path: Path) -> None:
    async with kept(tmp_path, FakePeer(rate=4_000_000)) as one:
        torrent, _ = await one.add(PACK.torrent)
        await torrent.metadata(10)
        await asyncio.gather(*(one.keeping.remove(torrent, delete_data=True) for _ in range(2)))
        assert [note for note in one.told if isinstance(note, events.Removed)] == [
            events.Removed("delete", torrent.name)
        ]
        assert (len(one.session.torrents), await one.library.torrents()) == (0, ())
        assert (await one.add(PACK.torrent))[1]


async def test_who_watches_is_noted(tmp_path: Path) -> None:
    async with kept(tmp_path, FakePeer(rate=4_000_000)) as one:
        torrent, _ = await one.add(PACK.torrent)
        await torrent.metadata(10)
        async with torrent.file(0).open():
            await one.until(lambda: one.keeping.more(torrent)["watched"])


async def test_peers_by_hand(tmp_path: Path) -> None:
    async with kept(tmp_path) as one:
        torrent, _ = await one.add()
        assert await one.keeping.add_peers(torrent, ["127.0.0.1:7", "[::1]:8"]) == 2
        with pytest.raises(InputError):
            await one.keeping.add_peers(torrent, ["127.0.0.1:7", "x"])


async def test_a_quota_acts_at_once_and_at_the_next_start(tmp_path: Path) -> None:
    told: list[int | None] = []
    for fixed, wish, acts, shown in (
        (frozenset(), 5, 5, 5),
        (frozenset(), None, UNLIMITED, None),
        (frozenset({"quota"}), "default", 70, 70),
        (frozenset(), UNSET, 70, 70),
    ):
        async with kept(tmp_path, fixed=fixed, quota=70) as one:
            one.keeping.quota_changed = told.append
            await one.keeping.change_settings(ChangeSettings(quota=wish, up_limit=1))
            assert told == ([acts] if wish is not UNSET else [])
            assert one.keeping.settings()["quota"] == shown
            assert one.engine.limits == (0, 1, 200)
            told.clear()
    async with kept(tmp_path, quota=70) as one:
        await one.keeping.change_settings(ChangeSettings(quota=8))
    for fixed, acts in ((frozenset(), 8), (frozenset({"quota"}), 70)):
        async with kept(tmp_path, fixed=fixed, quota=70) as one:
            one.keeping.quota_changed = told.append
            await one.keeping.restore()
            assert told[-1] == acts
