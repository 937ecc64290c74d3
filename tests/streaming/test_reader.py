from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.core.pieces import BLOCK
from headrace.streaming.reader import READ_MOST, FileSpan, Reader, read_span
from headrace.streaming.waits import ReaderClosed, StreamFailed
from headrace.testing import clock
from headrace.testing.clock import virtual_time

PIECE = 2 * BLOCK
Make = Callable[..., Any]


async def blocked(work: Any) -> asyncio.Task[Any]:
    """A task that waits for something that has not come."""
    task = asyncio.create_task(work)
    await asyncio.sleep(1)
    assert not task.done()
    return task


async def rest(reader: Reader, n: int = -1) -> list[bytes]:
    parts = []
    while part := await reader.read(n):
        parts.append(part)
    return parts


# what leaves
@virtual_time
async def test_a_file_is_read_whole_and_ends_with_nothing(stage: Make) -> None:
    one = stage([3 * PIECE + 10], PIECE)
    one.come(0, 1, 2, 3)
    reader = one.reader()
    assert b"".join(await rest(reader)) == one.data
    assert reader.tell() == reader.size == 3 * PIECE + 10
    assert await reader.read() == b""


@virtual_time
async def test_a_read_ends_at_the_first_missing_piece(stage: Make) -> None:
    one = stage([4 * PIECE], PIECE)
    one.come(0, 1, 3)
    reader = one.reader(position=5)
    assert await reader.read() == one.data[5 : 2 * PIECE]
    waiting = await blocked(reader.read(10))
    one.come(2)
    assert await waiting == one.data[2 * PIECE : 2 * PIECE + 10]
    assert await reader.read(0) == b""
    assert await reader.read(3) == one.data[2 * PIECE + 10 : 2 * PIECE + 13]


@virtual_time
async def test_a_read_returns_a_bounded_part(stage: Make) -> None:
    one = stage([READ_MOST + 2 * PIECE], PIECE)
    one.come(*range(one.layout.num_pieces))
    assert len(await one.reader().read()) == READ_MOST
    assert len(await one.reader().read(READ_MOST + 1)) == READ_MOST


@virtual_time
async def test_nothing_unchecked_leaves(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    waiting = await blocked(one.reader().read())
    one.block(0, 0, trusted=True)
    one.block(0, 1, trusted=True)
    await asyncio.sleep(1)
    assert not waiting.done()
    one.come(0)
    assert await waiting == one.data[:PIECE]


@virtual_time
async def test_a_file_in_the_middle_of_pieces(stage: Make) -> None:
    one = stage([100, PIECE, 50], PIECE)
    one.come(1)
    reader = one.reader(1)
    waiting = await blocked(reader.read())
    one.come(0)
    assert await waiting == one.data[100 : 100 + PIECE]
    assert await reader.read() == b""
    assert await one.reader(2).read() == one.data[100 + PIECE :]


@virtual_time
async def test_an_empty_file_ends_at_once(stage: Make) -> None:
    one = stage([10, 0, 10], PIECE)
    assert await one.reader(1).read() == b""


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
    places=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 40)), max_size=8),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_reads_give_the_files_bytes_in_whatever_order_pieces_come(
    stage: Make, sizes: list[int], order: Any, places: list[tuple[int, int]]
) -> None:
    async def script() -> None:
        one = stage(sizes, 16)
        file = one.layout.files[-1]
        content = one.data[file.offset :]
        pieces = list(range(one.layout.num_pieces))
        order.shuffle(pieces)
        reader = one.reader(file.index)

        async def deliver() -> None:
            for piece in pieces:
                await asyncio.sleep(1)
                one.come(piece)

        async with asyncio.TaskGroup() as group:
            group.create_task(deliver())
            for position, count in places:
                reader.seek(position)
                got = await reader.read(count)
                assert got == content[position : position + len(got)]
                assert bool(got) == (position < file.size)
            reader.seek(0)
            assert b"".join(await rest(reader)) == content

    clock.run(script())


# seeking
@virtual_time
async def test_seeks(stage: Make) -> None:
    one = stage([100], 16)
    one.come(*range(7))
    reader = one.reader(position=10)
    assert reader.tell() == 10
    assert reader.seek(20) == reader.tell() == 20
    assert reader.seek(-5, io.SEEK_CUR) == reader.tell() == 15
    assert reader.seek(-4, io.SEEK_END) == reader.tell() == 96
    assert await reader.read() == one.data[96:]
    assert reader.tell() == 100
    for wrong in ((-1, io.SEEK_SET), (-101, io.SEEK_END), (0, 5)):
        with pytest.raises(ValueError, match=r"start|whence"):
            reader.seek(*wrong)
    assert reader.tell() == 100


@virtual_time
async def test_past_the_end_is_allowed_and_nothing_is_there(stage: Make) -> None:
    one = stage([100], 16)
    one.come(*range(7))
    reader = one.reader()
    assert reader.seek(50, io.SEEK_END) == reader.tell() == 150
    assert await reader.read() == b""
    assert reader.tell() == 150
    assert reader.seek(-60, io.SEEK_CUR) == 90
    assert await reader.read() == one.data[90:]
    assert one.reader(position=300).tell() == 300
    assert await one.reader(position=300).read() == b""
    assert one.reader(position=-5).tell() == 0


@virtual_time
async def test_a_seek_asks_for_the_new_place_and_only_a_real_one(stage: Make) -> None:
    one = stage([1000 * PIECE], PIECE)
    reader = one.reader()
    before = len(one.handle.changes)
    reader.seek(0)
    assert len(one.handle.changes) == before
    reader.seek(900 * PIECE)
    assert min(one.handle.wanted) == 900


# how waits end
@virtual_time
async def test_closing_ends_a_wait_and_frees_the_head(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    reader = one.reader()
    waiting = await blocked(reader.read())
    assert reader.waiting_since == 0
    reader.close()
    assert one.handle.wanted == set()
    with pytest.raises(ReaderClosed):
        await waiting
    for use in (reader.read(), reader.read(0)):
        with pytest.raises(ReaderClosed):
            await use
    with pytest.raises(ReaderClosed):
        reader.seek(0)
    reader.close()


@virtual_time
async def test_a_closed_reader_does_not_read_on_at_the_end(stage: Make) -> None:
    one = stage([10], 16)
    reader = one.reader(position=10)
    await reader.aclose()
    with pytest.raises(ReaderClosed):
        await reader.read()


@virtual_time
async def test_closing_while_the_disk_reads(stage: Make) -> None:
    one = stage([10], 16)
    one.come(0)
    reader = one.reader()
    reading = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    reader.close()
    with pytest.raises(ReaderClosed):
        await reading


@virtual_time
async def test_the_block_of_async_with_closes(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    async with one.reader():
        assert one.conductor.places
    assert one.conductor.places == {}


@virtual_time
async def test_a_cancelled_read_leaves_the_reader_usable(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    reader = one.reader()
    waiting = await blocked(reader.read())
    waiting.cancel()
    await asyncio.sleep(1)
    assert waiting.cancelled()
    assert reader.waiting_since is None
    one.come(0)
    assert await reader.read(4) == one.data[:4]


@virtual_time
async def test_a_failed_torrent_ends_the_wait_and_later_reads_but_not_of_what_is_there(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    one.come(0)
    reader = one.reader(position=PIECE)
    waiting = await blocked(reader.read())
    one.conductor.fail(StreamFailed("The torrent was removed."))
    with pytest.raises(StreamFailed, match="removed"):
        await waiting
    with pytest.raises(StreamFailed, match="removed"):
        await reader.read()
    reader.seek(0)
    assert await reader.read() == one.data[:PIECE]


@virtual_time
async def test_a_wait_is_over_when_bytes_are_served(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    reader = one.reader()
    waiting = await blocked(reader.ready(100))
    assert reader.waiting_since == 0
    one.come(0)
    assert await waiting == FileSpan(one.handle.path_of(0), 0, 100)
    assert reader.waiting_since is None
    assert reader.tell() == 0, "only what was used moves the head"
    reader.advance(60)
    assert reader.tell() == 60


# unchecked blocks
@virtual_time
async def test_eager_readers_get_what_they_asked_for(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    off, trusted, everything = (one.reader(eager=eager) for eager in ("off", "trusted", "all"))
    readers = [asyncio.create_task(reader.read()) for reader in (off, trusted, everything)]
    await asyncio.sleep(1)
    one.block(0, 0)
    await asyncio.sleep(1)
    assert [task.done() for task in readers] == [False, False, True]
    assert await readers[2] == one.data[:BLOCK]
    one.block(0, 0, trusted=True)
    assert await readers[1] == one.data[:BLOCK]
    later = await blocked(everything.read())
    one.block(0, 1)
    assert await later == one.data[BLOCK:PIECE]
    assert not readers[0].done()
    off.close()
    with pytest.raises(ReaderClosed):
        await readers[0]


@virtual_time
async def test_an_eager_read_stays_inside_the_piece_the_file_and_the_limit(stage: Make) -> None:
    one = stage([10, PIECE + BLOCK, 40], PIECE)
    for piece, block in ((0, 0), (0, 1), (1, 0), (1, 1)):
        one.block(piece, block)
    reader = one.reader(1, eager="all")
    assert await reader.read(7) == one.data[10:17]
    assert await reader.read() == one.data[17:PIECE]
    assert await reader.read() == one.data[PIECE : PIECE + BLOCK + 10]
    assert await reader.read() == b""


@virtual_time
async def test_whoever_was_served_wrong_bytes_fails_and_nobody_else(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    one.block(0, 0, data=b"wrong" * BLOCK)
    served, elsewhere, checked = one.reader(eager="all"), one.reader(position=PIECE, eager="all"), one.reader()
    assert (await served.read(5)) == b"wrong"
    others = [await blocked(elsewhere.read()), await blocked(checked.read())]
    one.conductor.piece_failed(0)
    with pytest.raises(StreamFailed, match="Piece 0"):
        await served.read()
    served.seek(PIECE)
    with pytest.raises(StreamFailed, match="Piece 0"):
        await served.read()
    assert not any(task.done() for task in others)
    one.come(0, 1)
    assert await others[0] == one.data[PIECE:]
    assert await others[1] == one.data


@virtual_time
async def test_a_served_reader_that_waits_is_ended_by_the_failure(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    one.block(0, 0)
    reader = one.reader(eager="trusted")
    one.block(0, 0, trusted=True)
    await reader.read()
    waiting = await blocked(reader.read())
    one.conductor.piece_failed(0)
    with pytest.raises(StreamFailed, match="Piece 0"):
        await waiting


@virtual_time
async def test_a_piece_that_proves_right_ends_the_suspicion(stage: Make) -> None:
    one = stage([2 * PIECE], PIECE)
    one.block(0, 0)
    reader = one.reader(eager="all")
    await reader.read()
    one.come(0)
    one.conductor.piece_failed(0)
    assert await reader.read() == one.data[BLOCK:PIECE]


# the disk
def test_a_file_that_the_disk_does_not_give(stage: Make, tmp_path: Any) -> None:
    path = tmp_path / "video.mkv"
    path.write_bytes(b"0123456789")
    assert read_span(FileSpan(path, 2, 4)) == b"2345"
    assert read_span(FileSpan(path, 8, 4)) == b"89"
    with pytest.raises(StreamFailed, match="shorter"):
        read_span(FileSpan(path, 10, 4))
    os.unlink(path)
    with pytest.raises(StreamFailed, match=r"video\.mkv cannot be read") as failed:
        read_span(FileSpan(path, 0, 4))
    assert failed.value.kind == "disk"


@virtual_time
async def test_a_deleted_file_fails_the_read(stage: Make) -> None:
    one = stage([PIECE], PIECE)
    one.come(0)
    one.handle.path_of(0).unlink()
    with pytest.raises(StreamFailed):
        await one.reader().read()
