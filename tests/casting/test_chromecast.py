"""The caster against the fake device, which plays in a real mpv. (tests/e2e has whole runs of the command.)"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from headrace.casting.base import Caster, Device, Show, Status
from headrace.casting.connect import connect
from headrace.errors import PlayerError
from headrace.media import testcard
from headrace.testing.fake_cast import FakeCast, fake_cast

pytestmark = pytest.mark.skipif(shutil.which("mpv") is None, reason="mpv is not installed")


class Told:
    def __init__(self) -> None:
        self.all: list[Status] = []
        self._news = asyncio.Event()

    def __call__(self, status: Status) -> None:
        self.all.append(status)
        self._news.set()

    async def until(self, wanted: Callable[[Status], object], after: int = 0) -> Status:
        async with asyncio.timeout(20):
            while True:
                for status in self.all[after:]:
                    if wanted(status):
                        return status
                self._news.clear()
                await self._news.wait()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    testcard.make(path, 20)
    return path


@pytest.fixture
async def device() -> AsyncIterator[FakeCast]:
    async with fake_cast() as made:
        yield made


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def caster(device: FakeCast, told: Told) -> AsyncIterator[Caster]:
    found = await connect(Device("not a uuid", "Kitchen", "chromecast", device.address), told)
    yield found
    await found.aclose()


async def test_a_film_is_steered(caster: Caster, device: FakeCast, told: Told, film: Path) -> None:
    await caster.load(Show(str(film), "Film", "video/mp4", start=3.0))
    began = await told.until(lambda s: s.state == "playing")
    assert began.position == pytest.approx(3.0, abs=1.5)
    assert began.duration == pytest.approx(20, abs=0.5)
    await caster.pause()
    paused = await told.until(lambda s: s.state == "paused")
    await caster.seek(12.0)
    there = await told.until(lambda s: s.state == "playing", after=told.all.index(paused))
    assert there.position == pytest.approx(12.0, abs=2.5)
    await caster.set_volume(0.25)
    await caster.set_muted(True)
    assert (device.volume["level"], device.volume["muted"]) == (0.25, True)
    await told.until(lambda s: s.volume == 0.25 and s.muted)
    await caster.stop()
    assert told.all[-1].state == "ended"
    assert device.idle
    with pytest.raises(PlayerError):
        await caster.play()


async def test_it_ends_with_the_film(caster: Caster, told: Told, film: Path) -> None:
    await caster.load(Show(str(film), "Film", "video/mp4", start=18.5))
    ended = await told.until(lambda s: s.over)
    assert (ended.state, ended.position) == ("ended", ended.duration)


async def test_a_connection_that_breaks_is_made_again(caster: Caster, device: FakeCast, told: Told, film: Path) -> None:
    device.breaks = 1
    await caster.load(Show(str(film), "Film", "video/mp4"))
    await told.until(lambda s: s.state == "playing")
    assert len(device.loads) == 1


async def test_one_that_breaks_again_and_again_is_told(caster: Caster, device: FakeCast, film: Path) -> None:
    device.breaks = 9
    with pytest.raises(PlayerError) as failed:
        await caster.load(Show(str(film), "Film", "video/mp4"))
    assert failed.value.kind == "device_gone"
    assert device.loads == []


async def test_what_it_cannot_play(caster: Caster, told: Told, tmp_path: Path) -> None:
    text = tmp_path / "film.mp4"
    text.write_text("no film")
    await caster.load(Show(str(text), "Film", "video/mp4"))
    failed = await told.until(lambda s: s.over)
    assert (failed.state, failed.kind) == ("failed", "refused")
    assert failed.detail == "Kitchen cannot play this (media src not supported)"


async def test_somebody_elses_film_is_not_ours(caster: Caster, device: FakeCast, told: Told, film: Path) -> None:
    await caster.load(Show(str(film), "Film", "video/mp4"))
    await told.until(lambda s: s.state == "playing")
    await device.launch_other()
    assert (await told.until(lambda s: s.over)).state == "ended"
    await caster.stop()
    assert not device.idle


async def test_a_busy_device_says_so(caster: Caster, device: FakeCast, film: Path) -> None:
    device.busy = True
    with pytest.raises(PlayerError, match="busy") as refused:
        await caster.load(Show(str(film), "Film", "video/mp4"))
    assert refused.value.kind == "device_busy"


async def test_nobody_is_there(told: Told) -> None:
    with pytest.raises(PlayerError, match="does not answer") as refused:
        await connect(Device("x", "Kitchen", "chromecast", "127.0.0.1:1"), told)
    assert refused.value.kind == "no_device"
    assert told.all == []
