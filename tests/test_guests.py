"""Torrents beside the library's, over two fake engines."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headrace import sources
from headrace.core.choice import Choice
from headrace.errors import InputError
from headrace.guests import Guests
from headrace.http.shapes import AddTorrent, ChangeTorrent, SetPosition
from headrace.keeping import Keeping
from headrace.library.library import Library
from headrace.session import Session
from headrace.settings import Settings
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakePeer, FakeSwarm

OURS = Content(200_000, 16384, "ours.mkv")
THEIRS = Content(300_000, 16384, "theirs.mkv")


class House:
    """A library's session, and a guest's beside it."""

    def __init__(self, home: Session, library: Library, guests: Guests, guest: Any) -> None:
        self.home, self.library, self.guests, self.guest = home, library, guests, guest
        self.left = 0

    async def leave(self) -> None:
        self.left += 1


@contextlib.asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    peers = [FakePeer(rate=4_000_000)]
    home = Session(Settings(dir=folder / "home"), engine=FakeEngine(FakeSwarm(OURS, peers)))
    async with home, await Library.open(folder / "lib") as library:
        keeping = Keeping(home, library)
        guests = Guests(keeping, clock=lambda: 1000.0)
        engine = FakeEngine(FakeSwarm(THEIRS, peers))
        async with Session(Settings(dir=folder / "away"), engine=engine, torrents=home.torrents) as away:
            torrent, _ = await away.introduce(sources.load(THEIRS.magnet), Choice(on_demand=True))
            await torrent.metadata(10)
            one = House(home, library, guests, torrent)
            guests.welcome(torrent, one.leave)
            yield one
        await keeping.aclose()


async def test_it_is_found_and_the_library_does_not_know_it(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ours, _ = await one.guests.add(OURS.magnet, AddTorrent("-"))
        assert {torrent.info_hash for torrent in one.home.torrents} == {OURS.info_hash, THEIRS.info_hash}
        assert one.guests.more(one.guest) == {"added": 1000.0, "watched": None, "pinned": False, "guest": True}
        assert "guest" not in one.guests.more(ours)
        assert [entry.info_hash for entry in await one.library.torrents()] == [OURS.info_hash]


@pytest.mark.parametrize("source", [THEIRS.magnet, THEIRS.info_hash, THEIRS.info_hash.upper()])
async def test_added_by_its_link_it_stays_a_guest(tmp_path: Path, source: str) -> None:
    async with house(tmp_path) as one:
        assert await one.guests.add(source, AddTorrent("-")) == (one.guest, False)
        assert await one.library.torrents() == ()
        with pytest.raises(InputError):
            await one.guests.add("nonsense", AddTorrent("-"))


async def test_positions_go_with_it(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        file = one.guest.files[0]
        assert await one.guests.position(file) is None
        kept = await one.guests.set_position(file, SetPosition(30.0, 60.0))
        assert (kept.seconds, kept.updated, kept.finished, kept.resume) == (30.0, 1000.0, False, 30.0)
        assert await one.guests.position(file) == kept
        assert await one.guests.positions(one.guest) == [kept]
        assert await one.library.positions() == ()
        one.guests.farewell(one.guest)
        assert await one.guests.position(file) is None
        ours, _ = await one.guests.add(OURS.magnet, AddTorrent("-"))
        await ours.metadata(10)
        assert (await one.guests.set_position(ours.files[0], SetPosition(20.0))).seconds == 20.0
        assert [place.info_hash for place in await one.library.positions()] == [OURS.info_hash]
        assert [place.seconds for place in await one.guests.positions(ours)] == [20.0]


async def test_it_is_steered_but_not_kept(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.guests.change(one.guest, ChangeTorrent(paused=True, down_limit=5000, files=[0]))
        assert (one.guest.paused, one.guest.limits[0]) == (True, 5000)
        assert [file.index for file in one.guest.goals] == [0]
        for wrong in (ChangeTorrent(pinned=True, paused=False), ChangeTorrent(files=[7], paused=False)):
            with pytest.raises(InputError):
                await one.guests.change(one.guest, wrong)
        assert one.guest.paused
        with pytest.raises(InputError, match="meets nobody else"):
            await one.guests.add_peers(one.guest, ["127.0.0.1:1"])


async def test_removed_it_leaves(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ours, _ = await one.guests.add(OURS.magnet, AddTorrent("-"))
        await one.guests.remove(one.guest, delete_data=False)
        assert one.left == 1
        await one.guests.remove(ours, delete_data=True)
        assert one.left == 1
        assert await one.library.torrents() == ()
        assert OURS.info_hash not in {torrent.info_hash for torrent in one.home.torrents}


async def test_the_end_of_its_session_is_not_the_others(tmp_path: Path) -> None:
    peers = [FakePeer(rate=4_000_000)]
    async with Session(Settings(dir=tmp_path / "home"), engine=FakeEngine(FakeSwarm(OURS, peers))) as home:
        ours, _ = await home.introduce(sources.load(OURS.magnet))
        engine = FakeEngine(FakeSwarm(THEIRS, peers))
        async with Session(Settings(dir=tmp_path / "away"), engine=engine, torrents=home.torrents) as away:
            theirs, _ = await away.introduce(sources.load(THEIRS.magnet))
            await theirs.metadata(10)
        await ours.metadata(10)
        async with ours.files[0].open() as reader:
            assert await reader.read(10) == OURS.file_bytes(0)[:10]
