"""What all that plays on devices has in common, with a device that does at once what it is told."""

from __future__ import annotations

import asyncio

import pytest

from headrace.errors import PlayerError
from headrace.players.base import PlayerState
from headrace.players.device import DeviceRun

PATH = "http://127.0.0.1:1/stream/x/0/film.mkv"


class Run(DeviceRun):
    stopped_within = 0.05

    def __init__(self) -> None:
        self.states: list[PlayerState] = []
        self.did: list[str] = []
        self.refuses = self.hangs = False
        super().__init__("TV", PATH, self.states.append)

    def tell(self, state: str, position: float | None = None, *more: str) -> None:
        self._told(state, position, 60.0, *more)

    async def _move(self, seconds: float) -> None:
        await self._do(f"move {seconds}")

    async def _halt(self) -> None:
        await self._do("halt")

    async def _let_go(self) -> None:
        self.did.append("let go")

    async def _do(self, what: str) -> None:
        self.did.append(what)
        if self.refuses:
            raise PlayerError("No.")
        if self.hangs:
            await asyncio.Event().wait()


@pytest.fixture
async def run() -> Run:
    return Run()


async def test_it_comes_to_its_end(run: Run) -> None:
    waiting = asyncio.ensure_future(run.wait())
    run.tell("playing", 5.0)
    run.tell("paused", 6.0)
    await asyncio.sleep(0)
    assert not waiting.done()
    run.tell("ended")
    assert await waiting == 0
    told = [(each.state, each.position, each.path) for each in run.states]
    assert told == [("playing", 5.0, PATH), ("paused", 6.0, PATH), ("ended", 6.0, PATH)]
    assert run.did == ["let go"]
    assert not await run.seek(1.0)


async def test_what_fails_is_raised_with_its_kind(run: Run) -> None:
    run.tell("failed", None, "TV cannot play this", "refused")
    with pytest.raises(PlayerError, match=r"^TV cannot play this\.") as failed:
        await run.wait()
    assert failed.value.kind == "refused"
    assert run.did == ["let go"]


async def test_a_seek_that_is_refused_is_none(run: Run) -> None:
    assert await run.seek(7.0)
    run.refuses = True
    assert not await run.seek(8.0)
    assert run.did == ["move 7.0", "move 8.0"]
    assert not await run.add_subtitles(["mine.srt"])


@pytest.mark.parametrize("fault", ["", "refuses", "hangs"])
async def test_it_is_stopped_once_and_let_go_whatever_it_does(run: Run, fault: str) -> None:
    if fault:
        setattr(run, fault, True)
    waiting = asyncio.ensure_future(run.wait())
    await asyncio.gather(run.stop(), run.stop())
    assert await waiting == 0
    assert run.did.count("halt") == 1
    assert run.did[-1] == "let go"
    assert run.states[-1].state == "ended"


async def test_who_is_not_waited_for_any_more_is_stopped(run: Run) -> None:
    waiting = asyncio.ensure_future(run.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert run.did == ["halt", "let go"]


async def test_what_has_ended_is_not_stopped(run: Run) -> None:
    run.tell("ended", 60.0)
    await run.stop()
    assert run.did == ["let go"]
