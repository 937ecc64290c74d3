from __future__ import annotations

import asyncio

from headrace.streaming.retry import Retry
from headrace.testing.clock import virtual_time


@virtual_time
async def test_it_is_tried_once_after_a_while_or_sooner() -> None:
    tries: list[float] = []
    now = asyncio.get_running_loop().time
    retry = Retry(5.0, lambda: tries.append(now() - began))
    began = now()
    retry.now()  # nothing failed
    retry.later()
    await asyncio.sleep(2)
    retry.later()
    await asyncio.sleep(20)
    assert tries == [5.0]
    retry.later()
    await asyncio.sleep(1)
    retry.now()
    await asyncio.sleep(20)
    assert tries == [5.0, 23.0]
    retry.later()
    retry.cancel()
    retry.now()
    await asyncio.sleep(20)
    assert tries == [5.0, 23.0]
