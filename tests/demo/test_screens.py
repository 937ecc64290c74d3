from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headrace.demo.screens import Decoder, Timed
from headrace.errors import HeadraceError, PlayerError
from headrace.media import testcard
from headrace.players.base import PlayerState


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("card") / "card.mp4"
    testcard.make(path, 6)
    return path


class Listener:
    def __init__(self) -> None:
        self.states: asyncio.Queue[PlayerState] = asyncio.Queue()
        self.failure: asyncio.Future[HeadraceError] = asyncio.get_running_loop().create_future()

    def failed(self, error: HeadraceError) -> None:
        if not self.failure.done():
            self.failure.set_result(error)

    async def until(self, state: str) -> PlayerState:
        async with asyncio.timeout(20):
            while (found := await self.states.get()).state != state:
                pass
        return found


async def test_the_decoder_is_heard_as_players_are(card: Path) -> None:
    listener = Listener()
    decoder = Decoder(str(card), listener.states.put_nowait, listener.failed)
    assert (await listener.until("starting")).position is None
    assert (await listener.until("playing")).position == 0.0
    assert await decoder.seek(4.0)
    await listener.until("buffering")
    assert (await listener.until("playing")).position == pytest.approx(4.0)
    await decoder.stop()
    assert listener.states.qsize() < 30


async def test_the_decoder_tells_why_it_cannot(tmp_path: Path) -> None:
    listener = Listener()
    decoder = Decoder(str(tmp_path / "absent.mp4"), listener.states.put_nowait, listener.failed)
    error = await asyncio.wait_for(listener.failure, 60)
    assert isinstance(error, PlayerError)
    assert "cannot be decoded" in error.message
    await decoder.stop()


class FakeRunning:
    name = "mpv"

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.sought: list[float] = []
        self.stopped = False

    async def wait(self) -> int:
        await self.gone.wait()
        return 0

    async def add_subtitles(self, sources: object) -> bool:
        return False

    async def seek(self, seconds: float) -> bool:
        self.sought.append(seconds)
        return True

    async def stop(self) -> None:
        self.stopped = True
        self.gone.set()


async def test_a_player_that_is_closed_ends_the_demo() -> None:
    listener, running = Listener(), FakeRunning()
    screen = Timed(running, listener.failed)
    assert await screen.seek(3.0)
    assert running.sought == [3.0]
    running.gone.set()
    assert "was closed" in (await asyncio.wait_for(listener.failure, 60)).message


async def test_a_player_that_we_stop_has_not_failed() -> None:
    listener, running = Listener(), FakeRunning()
    screen = Timed(running, listener.failed)
    await screen.stop()
    await asyncio.sleep(0)
    assert running.stopped
    assert not listener.failure.done()
