from __future__ import annotations

import asyncio

import pytest

from headrace.streaming.waits import ReaderClosed, StreamFailed, Waits
from headrace.testing.clock import virtual_time


async def started(waits: Waits, *wishes: tuple[int, int]) -> list[asyncio.Task[None]]:
    """Tasks that wait for ``(piece, owner)``."""
    tasks = [asyncio.create_task(waits.until(piece, owner)) for piece, owner in wishes]
    await asyncio.sleep(1)
    return tasks


def done(tasks: list[asyncio.Task[None]]) -> list[bool]:
    return [task.done() for task in tasks]


@virtual_time
async def test_a_piece_wakes_all_who_wait_for_it_and_nobody_else() -> None:
    waits = Waits()
    tasks = await started(waits, (1, 10), (1, 11), (2, 10))
    waits.ready([1, 7])
    await asyncio.sleep(1)
    assert done(tasks) == [True, True, False]
    waits.ready([2])
    await asyncio.gather(*tasks)


@virtual_time
async def test_a_wake_up_takes_no_time() -> None:
    waits = Waits()
    (task,) = await started(waits, (1, 10))
    begun = asyncio.get_running_loop().time()
    waits.ready([1])
    await task
    assert asyncio.get_running_loop().time() == begun


@virtual_time
async def test_closing_ends_the_owners_waits_alone() -> None:
    waits = Waits()
    tasks = await started(waits, (1, 10), (2, 10), (1, 11))
    waits.close(10)
    await asyncio.sleep(1)
    assert done(tasks) == [True, True, False]
    for task in tasks[:2]:
        with pytest.raises(ReaderClosed):
            await task
    waits.ready([1])
    await tasks[2]


@virtual_time
async def test_a_failure_ends_every_wait_and_every_later_one() -> None:
    waits, error = Waits(), StreamFailed("gone")
    tasks = await started(waits, (1, 10), (2, 11))
    assert waits.failure is None
    waits.fail(error)
    for task in tasks:
        with pytest.raises(StreamFailed, match="gone"):
            await task
    assert waits.failure is error
    with pytest.raises(StreamFailed, match="gone"):
        await waits.until(3, 12)


@virtual_time
async def test_what_came_first_counts() -> None:
    waits = Waits()
    (task,) = await started(waits, (1, 10))
    waits.ready([1])
    waits.ready([1])
    waits.close(10)
    waits.fail(StreamFailed("too late"))
    await task
    (task,) = await started(closing := Waits(), (1, 10))
    closing.close(10)
    closing.fail(StreamFailed("too late"))
    with pytest.raises(ReaderClosed):
        await task


@virtual_time
async def test_cancelling_leaves_nothing_behind() -> None:
    waits = Waits()
    tasks = await started(waits, (1, 10), (1, 11))
    tasks[0].cancel()
    await asyncio.sleep(1)
    assert tasks[0].cancelled()
    waits.ready([1])
    await tasks[1]
    assert not waits._waiting


@virtual_time
async def test_a_wait_can_follow_a_wait() -> None:
    waits = Waits()
    for _ in range(3):
        (task,) = await started(waits, (1, 10))
        assert not task.done(), "what was ready before does not end a new wait"
        waits.ready([1])
        await task
    assert not waits._waiting
