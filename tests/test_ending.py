"""SIGTERM, whenever it comes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from headrace import ending
from headrace.ending import INTERRUPTED


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)
    ending._signals.clear()


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def forever() -> int:
    await asyncio.Event().wait()
    return 0


def test_before_the_event_loop_it_is_an_interrupt() -> None:
    ending.listen()
    with pytest.raises(KeyboardInterrupt):
        terminate()


def test_what_python_lost_ends_the_event_loop_when_it_begins() -> None:
    ending.listen()
    with pytest.raises(KeyboardInterrupt):
        terminate()
    assert ending.run(forever) == INTERRUPTED


def test_it_ends_what_runs() -> None:
    ending.listen()

    async def work() -> int:
        terminate()
        return await forever()

    assert ending.run(work) == INTERRUPTED


def test_without_it_work_has_its_own_code() -> None:
    async def work() -> int:
        return 7

    assert ending.run(work) == 7


def test_whoever_ends_otherwise_is_told_then_and_before() -> None:
    async def stops() -> int:
        stop = asyncio.Event()
        ending.when_asked(stop.set)
        if not ending._signals:
            terminate()
        await stop.wait()
        return 0

    assert asyncio.run(stops()) == 0
    ending._signals.append(signal.SIGTERM)
    assert asyncio.run(stops()) == 0
