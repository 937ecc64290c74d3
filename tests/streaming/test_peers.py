from __future__ import annotations

import asyncio

from headrace.engine.base import Peer
from headrace.streaming.peers import ANSWER, PeerSample
from headrace.testing.clock import virtual_time

ONE = Peer("10.0.0.1:1", "x", 1, 2, False, True, True, 1.0, b"", "dht")
TWO = ONE._replace(address="10.0.0.2:1")


class Engine:
    def __init__(self, *answers: tuple[Peer, ...], after: float = 0.1) -> None:
        self.asked = 0
        self._answers, self._after = list(answers), after
        self.sample = PeerSample(self._request)

    def _request(self) -> None:
        self.asked += 1
        if self._answers:
            asyncio.get_running_loop().call_later(self._after, self.sample.told, self._answers.pop(0))


@virtual_time
async def test_each_question_gets_an_answer_of_its_own() -> None:
    engine = Engine((ONE,), (ONE, TWO))
    assert await engine.sample.fresh() == (ONE,)
    assert await engine.sample.fresh() == (ONE, TWO)
    assert engine.asked == 2


@virtual_time
async def test_who_asks_at_the_same_time_shares_one() -> None:
    engine = Engine((ONE,))
    assert await asyncio.gather(*(engine.sample.fresh() for _ in range(5))) == [(ONE,)] * 5
    assert engine.asked == 1


@virtual_time
async def test_without_an_answer_the_last_one_counts() -> None:
    engine, loop = Engine((ONE,)), asyncio.get_running_loop()
    await engine.sample.fresh()
    began = loop.time()
    assert await engine.sample.fresh() == (ONE,)
    assert loop.time() - began == ANSWER


@virtual_time
async def test_an_answer_that_others_asked_for_counts_too() -> None:
    engine, loop = Engine(), asyncio.get_running_loop()
    loop.call_later(0.5, engine.sample.told, (TWO,))
    assert await engine.sample.fresh() == (TWO,)
    assert loop.time() < ANSWER


@virtual_time
async def test_who_gives_up_leaves_the_others_alone() -> None:
    engine = Engine((ONE,), (TWO,))
    first, second = (asyncio.create_task(engine.sample.fresh()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == (ONE,)
    assert first.cancelled()
    assert await engine.sample.fresh() == (TWO,), "and the next one asks again"
