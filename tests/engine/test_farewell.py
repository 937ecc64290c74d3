from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from headrace.engine.farewell import Farewell

HERE, THERE = ("10.0.0.1", 6881), ("::1", 6881)


def tracker(event: str = "", url: str = "http://t/announce", address: tuple[str, int] = HERE) -> Any:
    return SimpleNamespace(event=event, url=url, local_endpoint=address)


def over(farewell: Farewell) -> bool:
    return farewell._over is not None and farewell._over.is_set()


def ending(*saving: str) -> Farewell:
    farewell = Farewell()
    farewell.begin(saving)
    return farewell


def test_an_engine_without_torrents_waits_until_it_is_paused() -> None:
    farewell = ending()
    assert not over(farewell)
    farewell.hear("session_stats_alert", None)
    assert over(farewell)


def test_all_state_is_waited_for() -> None:
    farewell = ending("a", "b")
    farewell.hear("session_stats_alert", None)
    farewell.saved("a")
    assert not over(farewell)
    farewell.saved("b")
    assert over(farewell)


def test_each_tracker_is_waited_for_at_each_address() -> None:
    farewell = ending()
    for address in (HERE, THERE):
        farewell.hear("tracker_announce_alert", tracker("stopped", address=address))
    farewell.hear("session_stats_alert", None)
    farewell.hear("tracker_reply_alert", tracker(address=HERE))
    assert not over(farewell)
    farewell.hear("tracker_error_alert", tracker(address=THERE))
    assert over(farewell)


def test_trackers_that_were_told_before_the_end_began_count_too() -> None:
    farewell = Farewell()
    farewell.hear("tracker_announce_alert", tracker("started"))
    farewell.hear("tracker_announce_alert", tracker("stopped", "udp://gone/announce"))
    farewell.begin([])
    farewell.hear("session_stats_alert", None)
    assert not over(farewell), "the torrent was removed a moment ago"
    farewell.hear("tracker_reply_alert", tracker(url="udp://gone/announce"))
    assert over(farewell)


async def test_it_is_waited_for_so_long_and_no_longer() -> None:
    farewell = ending("a")
    loop = asyncio.get_running_loop()
    began = loop.time()
    await farewell.wait(0.1)
    assert loop.time() - began > 0.09
    assert not over(farewell)
    farewell.saved("a")
    farewell.hear("session_stats_alert", None)
    await asyncio.wait_for(farewell.wait(100), 60)
