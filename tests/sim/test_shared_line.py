"""Several torrents on one line, in virtual time: who has many seeds must not starve who has few.

Each film plays at 100 kB/s; each seed could fill a part of the line alone, so that without any steering who has more of
them gets more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from simkit.house import BITRATE, KB, House, Viewer, peers

from headrace.testing.clock import run
from headrace.testing.fake_swarm import Downlink

SEEDS = (2, 4, 8, 16, 32)
SEED = 400 * KB
NEED = 20 * BITRATE


def five(folder: Path, line: float, *, sharing: bool = True) -> House:
    return House(folder, [peers(count, SEED * count) for count in SEEDS], line=Downlink(line), sharing=sharing)


async def one_after_another(viewers: Sequence[Viewer], seconds: int) -> None:
    """Those of one torrent begin two seconds apart."""

    async def watch(number: int, viewer: Viewer) -> None:
        await asyncio.sleep(2 * (number % 4))
        await viewer.watch(seconds)

    await asyncio.gather(*(watch(number, viewer) for number, viewer in enumerate(viewers)))


def twenty(folder: Path, line: float, *, sharing: bool = True, seconds: int = 25) -> list[Viewer]:
    """Four on each of five torrents."""

    async def story() -> list[Viewer]:
        async with five(folder, line, sharing=sharing) as house:
            viewers = house.viewers(4)
            await one_after_another(viewers, seconds)
            return viewers

    return run(story(), limit=2000)


def by_torrent(viewers: Sequence[Viewer]) -> list[float]:
    """What the viewers of each torrent waited together."""
    return [sum(viewer.waited for viewer in viewers[first : first + 4]) for first in range(0, len(viewers), 4)]


def stalls(viewers: Sequence[Viewer]) -> float:
    return sum(sum(viewer.stalls) for viewer in viewers)


def test_a_line_that_suffices_is_enough_for_all(tmp_path: Path) -> None:
    """A quarter more than plays. Each torrent on its own, the one with two seeds waits six times as long."""
    alone = twenty(tmp_path / "alone", 1.25 * NEED, sharing=False)
    assert by_torrent(alone)[0] > 30
    assert stalls(alone) > 20
    shared = twenty(tmp_path / "shared", 1.25 * NEED)
    assert max(by_torrent(shared)) < 18, "twenty who begin within six seconds wait for their first pictures"
    assert stalls(shared) < 8
    assert max(viewer.start for viewer in shared) < 8


def test_on_a_line_that_does_not_suffice_all_wait_and_nobody_starves(tmp_path: Path) -> None:
    alone = twenty(tmp_path / "alone", 0.7 * NEED, sharing=False)
    assert by_torrent(alone)[0] > 7 * by_torrent(alone)[-1]
    shared = twenty(tmp_path / "shared", 0.7 * NEED)
    assert by_torrent(shared)[0] < 2 * by_torrent(shared)[-1]
    assert sum(by_torrent(shared)) < 1.25 * sum(by_torrent(alone)), "who would have had too much waits as well"
    assert max(viewer.waited for viewer in shared) < 25, "25 s of film, of which the line brings 17"


def test_on_a_wide_line_nothing_is_changed(tmp_path: Path) -> None:
    alone = twenty(tmp_path / "alone", 5 * NEED, sharing=False, seconds=10)
    shared = twenty(tmp_path / "shared", 5 * NEED, seconds=10)
    assert [viewer.start for viewer in shared] == pytest.approx([viewer.start for viewer in alone], abs=0.1)
    assert stalls(shared) == stalls(alone) == 0


def beside_a_stock(folder: Path, line: float, film: float, *, sharing: bool = True) -> tuple[Viewer, int]:
    """One viewer, whose seeds bring ``film``, beside what twelve seeds bring while nobody watches; its bytes after."""

    async def story() -> tuple[Viewer, int]:
        swarms = [peers(12, 12 * SEED), peers(2, film)]
        async with House(
            folder, swarms, line=Downlink(line), sharing=sharing, stocks=[0], size=1000 * BITRATE
        ) as house:
            viewer = house.viewer(1)
            await asyncio.sleep(5)
            before = house.came(0)
            await viewer.watch(60)
            return viewer, house.came(0) - before

    return run(story(), limit=600)


def test_what_nobody_watches_gives_way_and_has_the_rest(tmp_path: Path) -> None:
    alone, _ = beside_a_stock(tmp_path / "alone", 4 * BITRATE, 8 * BITRATE, sharing=False)
    assert alone.waited > 20
    shared, stock = beside_a_stock(tmp_path / "shared", 4 * BITRATE, 8 * BITRATE)
    assert shared.waited < 4, "for what was on its way when he came, and not again"
    assert len(shared.stalls) <= 1
    assert stock > 60 * BITRATE, "more than the film, of which far more than was watched is there"


def test_for_a_slow_swarm_nobody_is_held_for_long(tmp_path: Path) -> None:
    """The viewer gets no more than his two seeds bring, so others are given back what he does not take."""
    alone, before = beside_a_stock(tmp_path / "alone", 8 * BITRATE, 0.6 * BITRATE, sharing=False)
    shared, stock = beside_a_stock(tmp_path / "shared", 8 * BITRATE, 0.6 * BITRATE)
    assert shared.waited < 1.1 * alone.waited
    assert stock > 0.8 * before


def test_who_sits_before_a_pause_of_an_hour_goes_on_at_once(tmp_path: Path) -> None:
    """Others fetch and watch all the time, and he who comes back has what he needs before them."""

    async def story() -> None:
        swarms = [peers(12, 12 * SEED), peers(2, 8 * BITRATE)]
        async with House(tmp_path, swarms, line=Downlink(4 * BITRATE), stocks=[0], size=600 * BITRATE) as house:
            viewer = house.viewer(1)
            await viewer.watch(30)
            async with viewer.torrent.files[0].open(60 * BITRATE) as paused:
                await paused.read(BITRATE)
                await asyncio.sleep(3600)
                began = asyncio.get_running_loop().time()
                for _ in range(20):
                    await paused.read(BITRATE)
                assert asyncio.get_running_loop().time() - began < 1
            assert house.sharing is not None
            assert not house.sharing.shares.limits, "nobody is short"

    run(story(), limit=8000)
