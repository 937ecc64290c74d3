"""One run of `play` over a fake engine; real players and swarms are in tests/e2e."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from headrace.core import events
from headrace.core.choice import Choice
from headrace.errors import HeadraceError, PlayerError, SwarmError
from headrace.library.library import Library
from headrace.library.records import Entry
from headrace.players.base import Media, PlayerState, Running
from headrace.players.run import Nobody
from headrace.playing import Playing
from headrace.session import Session
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

KIB = 1024
CONTENT = Content([FakeFile("film.mkv", 400 * KIB), FakeFile("film.en.srt", 900)], 64 * KIB, "show")


@contextlib.asynccontextmanager
async def play(folder: Path, said: list[events.Note], *peers: FakePeer, **settings: Any) -> Any:
    settings = {"player": "none", "port": 0, "dir": folder, "timeout": 20.0, **settings}
    session = Session(Settings(**settings), engine=FakeEngine(FakeSwarm(CONTENT, peers)))
    session.start()
    session.attach()
    begun = session.begin(Loaded(None, CONTENT.torrent, "show.torrent", CONTENT.info_hash), Choice())
    try:
        yield Playing(session, begun, said.append)
    finally:
        await session.aclose()


class Said(list[events.Note]):
    """What was told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def append(self, note: events.Note) -> None:
        super().append(note)
        self._news.set()

    async def until(self, kind: type[events.Note]) -> None:
        """Return when such a note is told, or was."""
        async with asyncio.timeout(60):
            while not any(isinstance(note, kind) for note in self):
                self._news.clear()
                await self._news.wait()


async def test_it_serves_until_it_is_interrupted_and_says_so(tmp_path: Path) -> None:
    said = Said()
    async with play(tmp_path, said, FakePeer(rate=4_000_000)) as playing:
        task = asyncio.ensure_future(playing.run())
        await said.until(events.Ready)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    kinds = [type(note) for note in said]
    assert kinds.index(events.Serving) < kinds.index(events.Ready) < kinds.index(events.Done)
    serving = next(note for note in said if isinstance(note, events.Serving))
    assert f":{serving.port}/stream/{CONTENT.info_hash}/main/" in serving.url


async def test_nobody_answering_in_time_ends_it(tmp_path: Path) -> None:
    said = Said()
    async with play(tmp_path, said, timeout=0.2) as playing:
        with pytest.raises(SwarmError, match="No peer answered") as caught:
            await playing.run()
    assert caught.value.exit_code == 4


async def test_an_unknown_player_ends_it_before_anything_is_served(tmp_path: Path) -> None:
    said = Said()
    async with play(tmp_path, said, player="mpw") as playing:
        with pytest.raises(PlayerError):
            await playing.run()
    assert not any(isinstance(note, events.Serving) for note in said)


async def test_a_torrent_that_fails_ends_it(tmp_path: Path) -> None:
    said = Said()
    async with play(tmp_path, said, FakePeer(rate=1000)) as playing:
        task = asyncio.ensure_future(playing.run())
        await said.until(events.Serving)
        playing._torrent.handle.fail("engine", "it broke")
        with pytest.raises(HeadraceError, match="it broke"):
            await task


async def test_where_the_player_is_reaches_the_gauge(tmp_path: Path) -> None:
    async with play(tmp_path, []) as playing:
        playing._screening.heard(PlayerState("playing", 90.04, 120.0))
        playing._screening.heard(PlayerState("paused", 91.0))
        gauge = playing._torrent.monitor.gauge
        assert (gauge.position, gauge.duration, gauge.player_paused) == (91.0, 120.0, True)


class FakePlayer:
    """In place of ``launch``: notes how it was started and ends after what it is to tell."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *tells: PlayerState) -> None:
        self.started: list[Media] = []
        self.tells = tells
        monkeypatch.setattr("headrace.screening.launch", self.launch)

    async def launch(self, name: str, media: Media, on_state: Callable[[PlayerState], None]) -> Running:
        self.started.append(media)
        for state in self.tells:
            on_state(state)
        player = AsyncMock(spec=Nobody)
        player.wait.return_value = 0
        return player


WATCHED = (PlayerState("playing", 100.0, 5400.0), PlayerState("playing", 754.0, 5400.0))


async def test_it_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = FakePlayer(monkeypatch, *WATCHED)
    starts = []
    for given in ({}, {}, {"resume": False}, {"start": 0.0}, {"start": 60.0}, {"player": "mpv"}):
        said: list[events.Note] = []
        async with play(tmp_path, said, **given) as playing:
            assert await playing.run() == 0
        told = [note.position for note in said if isinstance(note, events.GoingOn)]
        assert told == ([754.0] if player.started[-1].start == 754.0 else [])
        starts.append(player.started[-1].start)
    assert starts == [0.0, 754.0, 0.0, 0.0, 60.0, 754.0]
    assert ["/main/" in media.url for media in player.started] == [False] * 6  # mpv too waits for the file's name


async def test_mpv_is_started_at_once_when_there_is_nowhere_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = FakePlayer(monkeypatch)
    async with play(tmp_path, [], player="mpv") as playing:
        await playing.run()
    assert "/main/" in player.started[0].url


async def test_what_is_not_kept_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakePlayer(monkeypatch, *WATCHED)
    async with play(tmp_path, [], FakePeer(rate=4_000_000), keep=False) as playing:
        await playing.run()
    assert not (tmp_path / CONTENT.info_hash).exists()
    async with await Library.open(tmp_path / ".headrace") as library:
        assert await library.torrents() == ()
        assert await library.positions() == ()


async def test_what_an_earlier_run_left_goes_and_the_quota_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, large = f"{1:040}", f"{2:040}"
    async with await Library.open(tmp_path / ".headrace") as library:
        for info_hash, keep in ((left, False), (large, True)):
            (tmp_path / info_hash).mkdir()
            (tmp_path / info_hash / "film.mkv").write_bytes(b"x" * 100 * KIB)
            await library.put(Entry(info_hash, keep=keep))
    said = Said()
    async with play(tmp_path, said, FakePeer(rate=4_000_000), quota=50 * KIB) as playing:
        task = asyncio.ensure_future(playing.run())
        await said.until(events.Warning)
        await said.until(events.Ready)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert not (tmp_path / left).exists()
    assert not (tmp_path / large).exists()
    assert (tmp_path / CONTENT.info_hash).exists()
    async with await Library.open(tmp_path / ".headrace") as library:
        assert {entry.info_hash: entry.evicted for entry in await library.torrents()} == {
            large: True,
            CONTENT.info_hash: False,
        }


def test_what_keeps_data_and_positions_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import asyncio, sys, headrace.playing\n"
        "print([m for m in ('sqlite3', 'headrace.library.library', 'headrace.storage') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
