"""The demo as a server's guest. In a browser, with the server's end: tests/e2e/test_web_serve.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headrace import demo
from headrace.core import events
from headrace.demo import exhibit
from headrace.demo.exhibit import Exhibit
from headrace.errors import EngineError
from headrace.guests import Guests
from headrace.media import testcard
from headrace.streaming.registry import Torrents


class World:
    """An exhibit, and what it tells."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.torrents = folder / "demo", Torrents()
        self.guests = Guests(None)  # type: ignore[arg-type]
        self.exhibit = Exhibit(self.folder, self.torrents, self.guests)
        self.told: list[events.Demo] = []
        self._news = asyncio.Event()
        self.exhibit.subscribe(self._hear)

    def _hear(self, state: events.Demo) -> None:
        self.told.append(state)
        self._news.set()

    async def until(self, state: str) -> events.Demo:
        async with asyncio.timeout(30):
            while not (found := [each for each in self.told if each.state == state]):
                self._news.clear()
                await self._news.wait()
        return found[-1]


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(demo, "SECONDS", 4)
    monkeypatch.setattr(demo, "SEEDS", 1)
    made = World(tmp_path)
    yield made
    await made.exhibit.aclose()
    assert not made.folder.exists()
    assert len(made.torrents) == 0


@pytest.mark.e2e
async def test_it_is_made_watched_and_gone(world: World) -> None:
    await asyncio.gather(world.exhibit.begin(), world.exhibit.begin())
    ready = await world.until("ready")
    shares = [each.share for each in world.told if each.state == "making"]
    assert shares == sorted(shares)
    assert shares.count(0.0) <= 2  # made once
    assert ready.infohash is not None
    torrent = world.torrents.get(ready.infohash)
    assert torrent is not None
    assert world.guests.more(torrent)["guest"] is True
    (video,) = (world.folder / "seeds").iterdir()
    async with torrent.files[0].open() as reader:
        assert await reader.read(1000) == video.read_bytes()[:1000]
    await world.guests.remove(torrent, delete_data=False)
    assert world.exhibit.state.state == "none"
    assert not world.folder.exists()
    await world.exhibit.begin()
    assert world.exhibit.state.state == "making"


async def test_ended_while_it_is_made(world: World) -> None:
    await world.exhibit.begin()
    await world.until("making")
    await world.exhibit.aclose()
    assert world.exhibit.state.state == "none"


async def test_what_lacks_is_said_before_anything_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testcard, "lacking", lambda: "testsrc2")
    with pytest.raises(EngineError, match="FFmpeg lacks testsrc2") as caught:
        await world.exhibit.begin()
    assert caught.value.kind == "missing"
    monkeypatch.setattr(exhibit.importlib, "import_module", _no_av)
    with pytest.raises(EngineError, match="No module named 'av'") as caught:
        await world.exhibit.begin()
    assert caught.value.hint == "pip install av"
    assert world.told == []


def _no_av(name: str) -> Any:
    raise ModuleNotFoundError("No module named 'av'")


async def test_a_failure_is_told_and_it_can_be_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def make(video: Path, say: Any) -> None:
        raise EngineError("The demo's video cannot be made: no space.", "See: headrace doctor")

    monkeypatch.setattr(demo, "make", make)
    await world.exhibit.begin()
    failed = await world.until("failed")
    assert (failed.message, failed.hint) == ("The demo's video cannot be made: no space.", "See: headrace doctor")

    async def broken(video: Path, say: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(demo, "make", broken)
    world.told.clear()
    await world.exhibit.begin()
    assert "log" in (await world.until("failed")).hint


async def test_what_a_kill_has_left_goes(world: World) -> None:
    world.folder.mkdir()
    (world.folder / "left.mp4").write_bytes(b"x")
    await world.exhibit.clear()
    assert not world.folder.exists()
