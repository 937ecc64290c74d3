"""One run of `play` over a fake engine; real players and swarms are in tests/e2e."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from headrace.core import events
from headrace.core.choice import Choice
from headrace.errors import HeadraceError, PlayerError, SwarmError
from headrace.players.base import PlayerState
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


async def until(said: list[events.Note], kind: type[events.Note]) -> None:
    async with asyncio.timeout(20):
        while not any(isinstance(note, kind) for note in said):
            await asyncio.sleep(0.01)


async def test_it_serves_until_it_is_interrupted_and_says_so(tmp_path: Path) -> None:
    said: list[events.Note] = []
    async with play(tmp_path, said, FakePeer(rate=4_000_000)) as playing:
        task = asyncio.ensure_future(playing.run())
        await until(said, events.Ready)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    kinds = [type(note) for note in said]
    assert kinds.index(events.Serving) < kinds.index(events.Ready) < kinds.index(events.Done)
    serving = next(note for note in said if isinstance(note, events.Serving))
    assert f":{serving.port}/stream/{CONTENT.info_hash}/main/" in serving.url


async def test_nobody_answering_in_time_ends_it(tmp_path: Path) -> None:
    said: list[events.Note] = []
    async with play(tmp_path, said, timeout=0.2) as playing:
        with pytest.raises(SwarmError, match="No peer answered") as caught:
            await playing.run()
    assert caught.value.exit_code == 4


async def test_an_unknown_player_ends_it_before_anything_is_served(tmp_path: Path) -> None:
    said: list[events.Note] = []
    async with play(tmp_path, said, player="mpw") as playing:
        with pytest.raises(PlayerError):
            await playing.run()
    assert not any(isinstance(note, events.Serving) for note in said)


async def test_a_torrent_that_fails_ends_it(tmp_path: Path) -> None:
    said: list[events.Note] = []
    async with play(tmp_path, said, FakePeer(rate=1000)) as playing:
        task = asyncio.ensure_future(playing.run())
        await until(said, events.Serving)
        playing._torrent.handle.fail("engine", "it broke")
        with pytest.raises(HeadraceError, match="it broke"):
            await task


async def test_time_played_counts_and_seeks_do_not(tmp_path: Path) -> None:
    said: list[events.Note] = []
    async with play(tmp_path, said) as playing:
        for state, position in (
            ("playing", 0.0),
            ("playing", 1.0),
            ("playing", 2.5),
            ("playing", 90.0),
            ("paused", 91.0),
        ):
            playing._heard(PlayerState(state, position, 120.0))
        assert playing._played == pytest.approx(3.5)
        gauge = playing._torrent.monitor.gauge
        assert (gauge.position, gauge.duration, gauge.player_paused) == (91.0, 120.0, True)
        assert [note.state for note in said if isinstance(note, events.Player)] == ["playing", "paused"]
