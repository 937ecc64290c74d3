"""Two torrents on one link, with real seeds: a viewer beside what nobody watches."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from kit.films import seconds_of
from kit.stack import LOOPBACK
from msgspec.structs import replace

from headrace import sources
from headrace.core.choice import Choice
from headrace.engine.libtorrent import LibtorrentEngine
from headrace.session import Session
from headrace.settings import Settings
from headrace.streaming.reader import Reader
from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

LINK = 700_000
"""Bytes a second: not quite three times what the film plays."""
WATCHED = 10


async def watch(reader: Reader, bitrate: float, seconds: int) -> list[float]:
    """Read second by second at the film's pace; how late each second was."""
    loop = asyncio.get_running_loop()
    due, late = loop.time(), []
    for second in range(1, seconds + 1):
        while reader.tell() < second * bitrate:
            assert await reader.read(65536)
        late.append(max(0.0, loop.time() - due))
        due = max(due, loop.time()) + 1.0
        await asyncio.sleep(due - 1.0 - loop.time())
    return late


async def test_a_viewer_does_not_wait_for_what_nobody_watches(
    films: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    """Sixteen seeds against one: by connections the viewer would get a sixth of what he needs."""
    stock = tmp_path / "stock.mkv"
    stock.write_bytes(films["long.mkv"].read_bytes())
    film = films["first.mp4"]
    session = Session(Settings(dir=data), engine=LibtorrentEngine(replace(LOOPBACK, down_limit=LINK)))
    async with LocalSwarm(stock, seeds=16) as many, LocalSwarm(film, seeds=1) as few, session:
        unwatched, _ = await session.introduce(sources.load(many.magnet), Choice())
        torrent, _ = await session.introduce(sources.load(few.magnet), Choice(on_demand=True))
        for one in (unwatched, torrent):
            await one.metadata(20)
        held: list[int] = []
        torrent.subscribe(lambda _: held.append(unwatched.held))
        bitrate = film.stat().st_size / seconds_of(film.name)
        async with torrent.files[0].open() as reader:
            late = await watch(reader, bitrate, WATCHED)
        assert any(held)
        assert all(0 <= limit < LINK for limit in held)
        assert sum(late) < WATCHED, "what the sixteen have in flight comes first: some 6 s; unshared it would be 50"
        assert sum(late[WATCHED // 2 :]) < 1, "once those in flight have come, nothing is waited for"
