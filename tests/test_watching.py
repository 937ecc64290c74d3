"""A folder that is watched: real files, real notices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headrace.errors import EngineError, InputError
from headrace.watching import watch


class Added:
    """Who adds; ``come`` waits for so many."""

    def __init__(self) -> None:
        self.all: list[bytes] = []
        self._news = asyncio.Condition()

    async def __call__(self, data: bytes) -> None:
        if data == b"torn":
            raise InputError("It is torn.")
        async with self._news:
            self.all.append(data)
            self._news.notify_all()

    async def come(self, count: int) -> None:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.all) >= count)


@contextlib.asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Added]:
    added, stop = Added(), asyncio.Event()
    task = asyncio.ensure_future(watch(folder, added, stop))
    try:
        yield added
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await task


async def test_what_lies_there_and_what_comes(tmp_path: Path) -> None:
    (tmp_path / "old.torrent").write_bytes(b"old")
    (tmp_path / "other.txt").write_bytes(b"other")
    (tmp_path / "gone.torrent.added").write_bytes(b"gone")
    (tmp_path / "folder.torrent").mkdir()
    async with watched(tmp_path) as added:
        await added.come(1)
        (tmp_path / "new.MAGNET").write_bytes(b"new")
        await added.come(2)
    assert added.all == [b"old", b"new"]
    assert {"old.torrent.added", "new.MAGNET.added", "other.txt"} <= {path.name for path in tmp_path.iterdir()}
    async with watched(tmp_path) as again:
        (tmp_path / "last.torrent").write_bytes(b"last")
        await again.come(1)
    assert again.all == [b"last"]


async def test_a_torn_file_is_left_until_it_is_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with watched(tmp_path) as added:
        (tmp_path / "a.torrent").write_bytes(b"torn")
        (tmp_path / "b.torrent").write_bytes(b"whole")
        await added.come(1)
        assert (tmp_path / "a.torrent").exists()
        (tmp_path / "a.torrent").write_bytes(b"now whole")
        await added.come(2)
    assert added.all == [b"whole", b"now whole"]
    assert "a.torrent is not added: It is torn." in caplog.text


async def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no folder"):
        await watch(tmp_path / "none", Added(), asyncio.Event())
