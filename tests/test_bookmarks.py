from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headrace.bookmarks import Bookmarks, Places, index_in
from headrace.players.base import PlayerState

URL = "http://127.0.0.1:1/stream/ab/{}/film.mkv"


class Kept:
    """What was written, one dictionary for each time."""

    def __init__(self) -> None:
        self.written: list[dict[int, float]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.bookmarks = Bookmarks(lambda url: index_in(url) if url else 7, self.write)

    async def write(self, places: Places) -> None:
        await self.gate.wait()
        self.written.append({index: seconds for index, (seconds, _) in places.items()})

    async def tell(self, state: str, position: float | None, index: Any = "", duration: float = 5400.0) -> list[Any]:
        self.bookmarks.heard(PlayerState(state, position, duration, URL.format(index) if index != "" else ""))
        await asyncio.sleep(0)
        return self.written


@pytest.mark.parametrize(
    ("url", "index"),
    [
        (URL.format(3), 3),
        (URL.format(3) + "?token=x", 3),
        (URL.format("main"), None),
        (URL.format("٣"), None),
        ("http://127.0.0.1:1/playlist/ab.m3u8", None),
        ("/home/me/stream/ab/3", None),
        ("", None),
    ],
)
def test_urls_of_streams_tell_the_file(url: str, index: int | None) -> None:
    assert index_in(url) == index


async def test_places_are_kept_seconds_apart_and_at_each_pause() -> None:
    kept = Kept()
    assert await kept.tell("playing", None) == []
    assert await kept.tell("playing", 3.0) == []  # somebody looks at the beginning
    assert await kept.tell("playing", 100.0) == []  # it may still be on its way to where it is to start
    assert await kept.tell("playing", 104.9) == []
    assert (await kept.tell("playing", 105.0))[-1] == {7: 105.0}
    assert len(await kept.tell("playing", 106.0)) == 1
    assert (await kept.tell("paused", 106.5))[-1] == {7: 106.5}
    assert len(await kept.tell("paused", 106.5)) == 2
    assert (await kept.tell("playing", 2000.0))[-1] == {7: 2000.0}  # a seek
    await kept.tell("playing", 2001.0)
    await kept.bookmarks.settle()
    assert kept.written[-1] == {7: 2001.0}
    await kept.bookmarks.settle()
    assert len(kept.written) == 4


async def test_each_file_has_its_place() -> None:
    kept = Kept()
    await kept.tell("playing", 50.0, 0)
    await kept.tell("playing", 51.0, 0)
    await kept.tell("playing", 20.0, 1)
    await kept.tell("playing", 999.0, "main")  # nobody knows which
    await kept.bookmarks.settle()
    assert kept.written == [{0: 51.0, 1: 20.0}]


async def test_what_comes_while_one_is_written_is_written_next() -> None:
    kept = Kept()
    kept.gate.clear()
    await kept.tell("playing", 100.0)
    for seconds in (105.0, 110.0, 115.0):
        await kept.tell("playing", seconds)
    kept.gate.set()
    await kept.bookmarks.settle()
    assert kept.written == [{7: 105.0}, {7: 115.0}]
