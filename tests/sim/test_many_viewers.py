"""A house full: twenty viewers on five torrents, in virtual time; each torrent has a swarm of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simkit.house import BITRATE, House, peers

from headrace.core.spans import Span
from headrace.http.stats import heads_of
from headrace.testing.clock import run

VIEWERS = 4
SPARE = 1.25
"""What a swarm delivers, of what its viewers need together."""


def house_in(folder: Path) -> House:
    return House(folder, [peers(10, BITRATE * VIEWERS * SPARE) for _ in range(5)])


def test_each_of_twenty_gets_its_share(tmp_path: Path) -> None:
    async def story() -> None:
        async with house_in(tmp_path) as house:
            viewers = house.viewers(VIEWERS)
            await asyncio.gather(*(viewer.watch() for viewer in viewers))
            assert len(viewers) == 20
            for viewer in viewers:
                assert viewer.start < 5, viewer.start
                assert sum(viewer.stalls) < 2, viewer.stalls
                assert 0.7 * BITRATE < viewer.rate < 1.5 * BITRATE

    run(story(), limit=600)


def test_who_would_stall_first_comes_first(tmp_path: Path) -> None:
    """Three have read on and have seconds; the one who comes last has nothing, and waits hardly longer than alone."""

    async def story() -> None:
        async with house_in(tmp_path) as house:
            first = house.viewers(VIEWERS)[:VIEWERS]
            tasks = [asyncio.ensure_future(viewer.watch()) for viewer in first[:3]]
            await asyncio.sleep(10)
            await first[3].watch(5)
            assert first[3].start < 1.5
            assert sum(first[3].stalls) < 0.5, first[3].stalls
            await asyncio.gather(*tasks)
            for viewer in first[:3]:
                assert sum(viewer.stalls) < 2, viewer.stalls

    run(story(), limit=600)


def test_who_pauses_for_an_hour_goes_on(tmp_path: Path) -> None:
    """The others watch meanwhile, and nothing of the pause is a wait."""

    async def story() -> None:
        async with house_in(tmp_path) as house:
            torrent, content = house.torrent(0), house.contents[0]
            loop = asyncio.get_running_loop()
            async with torrent.file(0).open() as paused:
                await paused.read(BITRATE)
                at = paused.tell()
                await asyncio.gather(*(viewer.watch() for viewer in house.viewers(VIEWERS)[1:VIEWERS]))
                await asyncio.sleep(3600)
                (head,) = heads_of(torrent)
                assert (head["position"], head["waiting"], head["rate"]) == (at, None, 0)
                began = loop.time()
                assert await paused.read(1000) == content.read(Span(at, at + 1000))
                assert loop.time() - began < 0.1

    run(story(), limit=8000)
