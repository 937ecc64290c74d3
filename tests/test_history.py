"""One run of `play` in the library, over a fake engine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.core import events
from headrace.core.choice import Choice
from headrace.history import History, Playable
from headrace.library.library import Library
from headrace.library.records import Entry, Position
from headrace.library.schema import FILE
from headrace.players.base import PlayerState
from headrace.session import Session
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.streaming.torrent import Torrent
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakeSwarm

KIB = 1024
CONTENT = Content([FakeFile("one.mkv", 100 * KIB), FakeFile("two.mkv", 400 * KIB)], 64 * KIB, "show")
IH = CONTENT.info_hash
SOURCE = Loaded(None, CONTENT.torrent, "show.torrent", IH)
MAIN, OTHER = f"http://127.0.0.1:1/stream/{IH}/1/two.mkv", f"http://127.0.0.1:1/stream/{IH}/0/one.mkv?token=x"


@contextlib.asynccontextmanager
async def torrent_in(folder: Path) -> AsyncIterator[Torrent]:
    settings = Settings(player="none", port=0, dir=folder / "data")
    async with Session(settings, engine=FakeEngine(FakeSwarm(CONTENT, ()))) as session:
        yield session.adopt(session.begin(SOURCE, Choice()))


@contextlib.asynccontextmanager
async def history_of(
    folder: Path, said: list[events.Note] | None = None, *, metadata: bool = True, **played: Any
) -> AsyncIterator[tuple[History, Callable[..., None]]]:
    """A run; what is called tells what the player does."""
    async with torrent_in(folder) as torrent:
        if metadata:
            await torrent.metadata(5)
        say = (said if said is not None else []).append
        history = History(Playable(torrent, SOURCE, **played), say, lambda: Library.open(folder))
        history.begin()

        def tell(state: str, position: float | None = None, duration: float | None = 5400.0, path: str = "") -> None:
            history.heard(PlayerState(state, position, duration, path))

        yield history, tell


async def end(history: History) -> bool:
    keep = await history.settle()
    await history.aclose(forget=not keep)
    return keep


async def kept(folder: Path) -> tuple[Entry | None, dict[int, Position]]:
    async with await Library.open(folder) as library:
        return await library.torrent(IH), {p.index: p for p in await library.positions(IH)}


async def test_where_it_stopped_is_known_next_time(tmp_path: Path) -> None:
    async with history_of(tmp_path, selector="two", trackers=("udp://t.example:1",)) as (history, tell):
        assert await history.positions() == {}
        tell("starting")
        tell("playing", 0.0)
        tell("playing", 700.0)
        tell("playing", 754.0)
        assert await end(history)
    entry, positions = await kept(tmp_path)
    assert entry is not None
    assert (entry.name, entry.size, entry.selector, entry.trackers) == (
        "show", 500 * KIB, "two", ("udp://t.example:1",),
    )  # fmt: skip
    assert entry.watched is not None
    assert {index: p.seconds for index, p in positions.items()} == {1: 754.0}
    async with await Library.open(tmp_path) as library:
        assert await library.metainfo(IH) == CONTENT.torrent
    async with history_of(tmp_path) as (history, _):
        assert await history.positions() == {1: 754.0}
        await end(history)


async def test_what_was_watched_through_begins_anew(tmp_path: Path) -> None:
    async with history_of(tmp_path) as (history, tell):
        tell("playing", 5300.0)
        tell("ended", 5399.0)
        await end(history)
    async with history_of(tmp_path) as (history, tell):
        assert await history.positions() == {}
        tell("playing", 3.0)  # somebody looks at the beginning once more
        await end(history)
    positions = (await kept(tmp_path))[1]
    assert (positions[1].seconds, positions[1].finished) == (5399.0, True)


async def test_in_a_playlist_the_player_says_which_file(tmp_path: Path) -> None:
    async with history_of(tmp_path, several=True) as (history, tell):
        tell("playing", 50.0, path=OTHER)
        tell("playing", 56.0, path=OTHER)
        tell("playing", 20.0, path=MAIN)
        tell("playing", 30.0, path=MAIN)
        tell("playing", 999.0, path="http://127.0.0.1:1/playlist.m3u8")  # nobody knows what
        tell("playing", 999.0, path=MAIN.replace("/1/", "/77/"))
        await end(history)
    assert {index: p.seconds for index, p in (await kept(tmp_path))[1].items()} == {0: 56.0, 1: 30.0}


async def test_the_name_comes_with_the_metadata(tmp_path: Path) -> None:
    async with history_of(tmp_path, metadata=False) as (history, _):
        await history._entering
        await history._torrent.metadata(5)
        await end(history)
    entry, _ = await kept(tmp_path)
    assert entry is not None
    assert (entry.name, entry.size) == ("show", 500 * KIB)


async def test_what_is_not_to_be_kept_is_marked_until_its_data_has_gone(tmp_path: Path) -> None:
    async with history_of(tmp_path, keep=False) as (history, tell):
        tell("playing", 754.0)
        await history._entering
        marked, _ = await kept(tmp_path)
        assert marked is not None
        assert not marked.keep
        assert await history.settle() is False
        assert (await kept(tmp_path))[0] is not None
        await history.aclose(forget=True)
    assert await kept(tmp_path) == (None, {})


async def test_what_is_pinned_is_kept_whatever_the_run_says(tmp_path: Path) -> None:
    async with await Library.open(tmp_path) as library:
        await library.put(Entry(IH, pinned=True))
    async with history_of(tmp_path, keep=False) as (history, _):
        assert await end(history)
    async with history_of(tmp_path, keep=False) as (history, _):
        await history._entering
        async with await Library.open(tmp_path) as library:
            await library.pin(IH, False)
            await library.update(IH, keep=False)
            await library.pin(IH)  # while it plays
        assert await end(history)
    entry, _ = await kept(tmp_path)
    assert entry is not None
    assert entry.keep


async def test_played_again_with_keep_it_is_kept(tmp_path: Path) -> None:
    async with await Library.open(tmp_path) as library:
        await library.put(Entry(IH, keep=False, evicted=True))  # left behind by a crash
    async with history_of(tmp_path) as (history, _):
        assert await end(history)
    entry, _ = await kept(tmp_path)
    assert entry is not None
    assert (entry.keep, entry.evicted) == (True, False)


@pytest.mark.parametrize("keep", [True, False])
async def test_a_library_that_cannot_be_used_is_told_once_and_ends_nothing(tmp_path: Path, keep: bool) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 200)
    said: list[events.Note] = []
    async with history_of(tmp_path, said, keep=keep) as (history, tell):
        assert await history.positions() == {}
        tell("playing", 100.0)
        tell("paused", 200.0)
        assert await end(history) is keep
    assert [(note.kind, "is damaged" in note.message) for note in said if isinstance(note, events.Warning)] == [
        ("library", True)
    ]


async def test_a_torrent_that_goes_from_the_library_meanwhile_is_told_once(tmp_path: Path) -> None:
    said: list[events.Note] = []
    async with history_of(tmp_path, said) as (history, tell):
        await history._entering
        assert history.library is not None
        await history.library.forget(IH)
        tell("playing", 100.0)
        tell("paused", 200.0)
        assert await end(history)
    assert len(said) == 1


async def test_what_was_chosen_before_stays_and_what_was_not_known_is_added(tmp_path: Path) -> None:
    async with await Library.open(tmp_path) as library:
        await library.put(Entry(IH, selector="S02E05", files=(1,), trackers=("udp://a.example:1",), added=5.0))
    async with history_of(tmp_path, selector="one", trackers=("udp://a.example:1", "udp://b.example:1")) as (
        history,
        _,
    ):
        await end(history)
    entry, _ = await kept(tmp_path)
    assert entry is not None
    assert (entry.selector, entry.files, entry.added) == ("S02E05", (1,), 5.0)
    assert entry.trackers == ("udp://a.example:1", "udp://b.example:1")
    async with await Library.open(tmp_path) as library:
        assert await library.metainfo(IH) == CONTENT.torrent
