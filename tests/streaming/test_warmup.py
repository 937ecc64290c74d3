from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from headrace.core.pieces import BLOCK
from headrace.core.planner import CRITICAL_BYTES
from headrace.core.spans import Span
from headrace.streaming.waits import StreamFailed
from headrace.streaming.warmup import WarmUp
from headrace.testing.clock import virtual_time

PIECE = 2 * BLOCK
SIZE = 10 * PIECE
Make = Callable[..., Any]


def warm(one: Any, index: int = 0) -> WarmUp:
    entry = one.layout.file(index)
    return WarmUp(one.conductor, one.layout, entry, one.handle.path_of(index))


def mp4(one: Any, offset: int = 0) -> int:
    """Write an MP4 with its index at the end into the data, from ``offset`` on; where the index begins."""
    from struct import pack

    ftyp = pack(">I4s", 24, b"ftyp") + b"isom\0\0\2\0isommp42"
    mvhd = pack(">I4s", 108, b"mvhd") + pack(">5I", 0, 0, 0, 1000, 40_000) + bytes(80)
    moov = pack(">I4s", 8 + len(mvhd), b"moov") + mvhd
    start = SIZE - len(moov)
    head = ftyp + pack(">I4s", start - len(ftyp), b"mdat")
    data = bytearray(one.data)
    data[offset : offset + len(head)] = head
    data[offset + start : offset + SIZE] = moov
    one.data = bytes(data)
    return start


async def begun(one: Any, work: WarmUp) -> asyncio.Task[None]:
    task = asyncio.create_task(work.run())
    await asyncio.sleep(1)
    return task


@virtual_time
async def test_the_ends_are_wanted_before_anything_is_known(stage: Make) -> None:
    one = stage([100, SIZE], PIECE)
    made = warm(one, 1)
    world = one.conductor.world()
    first, last = (piece for piece in (0, one.layout.piece_at(100 + SIZE - 1)))
    pinned = {piece for span in (*world.pins, *world.hints) for piece in one.layout.pieces_of(span)}
    assert {first, last} <= pinned
    assert all(
        Span(100, 100 + SIZE).start <= span.start <= span.end <= 100 + SIZE for span in (*world.pins, *world.hints)
    )
    assert set(made.pins) == set(world.pins)
    assert made.info is None
    assert not made.done.is_set()


@virtual_time
async def test_the_index_is_found_from_unchecked_blocks(stage: Make) -> None:
    one = stage([SIZE], PIECE)
    start = mp4(one)
    made = warm(one)
    task = await begun(one, made)
    assert one.handle.blocks == [True], "blocks are told while the index is looked for"
    one.block(0, 0)
    await asyncio.sleep(1)
    assert any(span.start <= start < span.end for span in made.pins), "what the parser asks for is pinned"
    assert not task.done()
    one.block(9, 1)
    await task
    assert made.done.is_set()
    assert made.info is not None
    assert (made.info.container, made.info.duration, made.info.complete) == ("mp4", 40.0, True)
    assert one.handle.blocks == [True, False]
    pinned = {piece for span in made.pins for piece in one.layout.pieces_of(span)}
    assert pinned == {0, 9}
    assert not any(one.handle.have), "all of that from blocks alone"


@virtual_time
async def test_what_comes_before_the_first_frame_is_wanted_where_nobody_reads_yet(stage: Make) -> None:
    one = stage([100, SIZE], PIECE)
    mp4(one, 100)
    one.come(*range(11))
    made = warm(one, 1)
    await made.run()
    hinted = {piece for span in one.conductor.world().hints for piece in one.layout.pieces_of(span)}
    assert hinted >= set(one.layout.pieces_of(Span(100, 100 + CRITICAL_BYTES)))


@virtual_time
async def test_it_says_which_pieces_it_believed(stage: Make) -> None:
    one = stage([SIZE], PIECE)
    mp4(one)
    made = warm(one)
    task = await begun(one, made)
    one.come(0)
    await asyncio.sleep(1)
    one.block(9, 1)
    await task
    assert made.doubts(9)
    assert not made.doubts(5)


@virtual_time
async def test_a_checked_file_leaves_no_doubt(stage: Make) -> None:
    one = stage([SIZE], PIECE)
    mp4(one)
    one.come(*range(10))
    made = warm(one)
    await made.run()
    assert made.info is not None
    assert made.info.complete
    assert not any(made.doubts(piece) for piece in range(10))


@virtual_time
async def test_a_file_that_begins_inside_a_piece(stage: Make) -> None:
    one = stage([BLOCK + 100, SIZE, 50], PIECE)
    start = BLOCK + 100 + mp4(one, BLOCK + 100)
    made = warm(one, 1)
    task = await begun(one, made)
    one.block(0, 1)
    await asyncio.sleep(1)
    assert any(span.start <= start < span.end for span in one.conductor.world().pins)
    last = one.layout.piece_at(start)
    one.come(last, *range(last, one.layout.num_pieces))
    await task
    assert made.info is not None
    assert made.info.duration == 40.0


@virtual_time
async def test_an_unknown_container_keeps_the_ends_hinted(stage: Make) -> None:
    one = stage([SIZE], PIECE)
    made = warm(one)
    before = one.conductor.world().hints
    one.come(0)
    await made.run()
    assert made.info is not None
    assert (made.info.container, made.info.complete) == ("unknown", False)
    assert set(one.conductor.world().hints) == set(before) != set()


@virtual_time
async def test_a_failed_torrent_ends_it_and_blocks_are_told_no_more(stage: Make) -> None:
    one = stage([SIZE], PIECE)
    task = await begun(one, warm(one))
    one.conductor.fail(StreamFailed("removed"))
    with pytest.raises(StreamFailed, match="removed"):
        await task
    assert one.handle.blocks == [True, False]
