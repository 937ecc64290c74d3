"""The wait for somebody to fetch from; with a torrent's own notes it is tested in test_torrent.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from headrace.core.events import Note, Progress, Resumed
from headrace.errors import SwarmError
from headrace.streaming.meeting import until_peers


def progress(state: str = "connecting", *, downloaded: int = 0, peers: int = 0, share: float = 0.0) -> Progress:
    return Progress(state, None, None, None, downloaded, 100, 0, 0, peers, 0, 0, share)


class Torrent:
    def __init__(self) -> None:
        self.heard: list[Callable[[Note], None]] = []

    def subscribe(self, listener: Callable[[Note], None]) -> Callable[[], None]:
        self.heard.append(listener)
        return lambda: self.heard.remove(listener)

    async def begin(self, timeout: float = 30.0) -> tuple[asyncio.Task[None], asyncio.Future[None]]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(until_peers(self.subscribe, done, timeout, lambda note: bool(note.share)))
        await asyncio.sleep(0)
        return task, done

    def tell(self, note: Note) -> None:
        for listener in tuple(self.heard):
            listener(note)


@pytest.mark.parametrize("note", [progress(peers=1), progress(downloaded=1), progress(share=0.1)])
async def test_a_peer_or_data_ends_the_wait(note: Progress) -> None:
    torrent = Torrent()
    task, _ = await torrent.begin()
    torrent.tell(Resumed(1.0))
    torrent.tell(progress())
    await asyncio.sleep(0)
    assert not task.done()
    torrent.tell(note)
    await asyncio.wait_for(task, 60)
    assert torrent.heard == []


async def test_when_all_is_over_nobody_waits() -> None:
    torrent = Torrent()
    task, done = await torrent.begin()
    done.set_result(None)
    torrent.tell(progress())
    await asyncio.wait_for(task, 60)


async def test_nobody_in_time_is_an_error() -> None:
    torrent = Torrent()
    task, _ = await torrent.begin(0.05)
    with pytest.raises(SwarmError, match="No peer answered within 0 s"):
        await task
    assert torrent.heard == []
