"""The loop in virtual time."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from headrace.testing.clock import Deadlock, OutOfTime, VirtualLoop, run, virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def test_an_hour_takes_no_time() -> None:
    async def sleep() -> float:
        await asyncio.sleep(3599)
        return now()

    begun = time.monotonic()
    assert run(sleep()) == 3599
    assert time.monotonic() - begun < 5


@virtual_time
async def test_timers_fire_in_order_at_their_times() -> None:
    seen: list[tuple[str, float]] = []

    async def after(name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        seen.append((name, now()))

    await asyncio.gather(after("c", 0.3), after("a", 0.1), after("b", 0.2), after("b2", 0.2))
    assert seen == [("a", 0.1), ("b", 0.2), ("b2", 0.2), ("c", 0.3)]


@virtual_time
async def test_time_stands_still_while_there_is_work() -> None:
    for _ in range(100):
        await asyncio.sleep(0)
    assert now() == 0


@virtual_time
async def test_wait_for() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 7)
    assert now() == 7


def test_deadlock_says_who_waits() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match=r"test_clock\.py"):
        run(wait())


def test_deadlock_lets_tasks_clean_up() -> None:
    cleaned = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            cleaned.append(now())

    with pytest.raises(Deadlock):
        run(wait())
    assert cleaned == [5]


def test_limit() -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(OutOfTime):
        run(tick(), limit=60)


@virtual_time
async def test_threads_run_on_the_loop() -> None:
    order: list[str] = []

    def work(value: int) -> int:
        order.append("work")
        assert threading.get_ident() == me
        return value + 1

    async def other() -> None:
        order.append("other")

    me = threading.get_ident()
    task = asyncio.create_task(other())
    assert await asyncio.to_thread(work, 41) == 42
    await task
    assert order == ["other", "work"]
    assert now() == 0


@virtual_time
async def test_errors_in_threads_come_back() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(fail)


@virtual_time
async def test_cancelled_work_is_not_done() -> None:
    done: list[int] = []
    future = asyncio.get_running_loop().run_in_executor(None, done.append, 1)
    future.cancel()
    await asyncio.sleep(0)
    assert done == []


def test_same_figures_each_time() -> None:
    async def figures() -> list[float]:
        times = []
        for step in range(50):
            await asyncio.sleep(0.1 * step / 3)
            times.append(now())
        return times

    assert run(figures()) == run(figures())


def test_loop_closes() -> None:
    loop = VirtualLoop()
    loop.close()
    assert loop.is_closed()
