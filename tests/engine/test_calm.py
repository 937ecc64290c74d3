from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import libtorrent as lt

from headrace.engine.calm import IN_FLIGHT, Calm, fills_the_pipe

CHOKED, CONNECTING = int(lt.peer_info.remote_choked), int(lt.peer_info.connecting)


def info(rate: int, rtt: int = 50, flags: int = 0) -> Any:
    return SimpleNamespace(
        payload_down_speed=rate,
        rtt=rtt,
        flags=flags,
        connecting=CONNECTING,
        handshake=int(lt.peer_info.handshake),
        remote_choked=CHOKED,
    )


FITS = int(IN_FLIGHT / 0.05 / 1.2)
"""Bytes per second that two blocks in flight allow at 50 ms, with some to spare."""


def test_short_round_trips_and_slow_peers_need_few_requests() -> None:
    assert fills_the_pipe([info(FITS), info(FITS)])
    assert not fills_the_pipe([info(FITS), info(FITS + 10)])
    assert fills_the_pipe([info(FITS // 4), info(FITS + 10)])
    assert not fills_the_pipe([info(FITS, rtt=60)])
    assert fills_the_pipe([info(FITS, rtt=1)])


def test_what_is_not_known_is_no_reason_for_calm() -> None:
    assert not fills_the_pipe([])
    assert not fills_the_pipe([info(0)])
    assert not fills_the_pipe([info(FITS, rtt=0)]), "it came to us: no round trip was measured"
    assert not fills_the_pipe([info(FITS, flags=CHOKED)])
    assert not fills_the_pipe([info(FITS, flags=CONNECTING)])


class Handle:
    """libtorrent's, as far as needed."""

    def __init__(self, *infos: Any) -> None:
        self.infos = infos
        self.asked = 0

    def get_peer_info(self) -> Any:
        self.asked += 1
        if not self.infos:
            raise RuntimeError("invalid torrent handle used")
        return self.infos


async def asked(handle: Handle) -> None:
    async with asyncio.timeout(5):
        while not handle.asked:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)


async def test_calm_comes_when_the_pipe_stays_full_and_ends_at_once() -> None:
    told: list[bool] = []
    calm, handle = Calm(told.append), Handle(info(FITS))
    calm.want(handle, True)
    await asked(handle)
    assert told == [True]
    calm.want(handle, False)
    assert told == [True, False]


async def test_calm_that_was_taken_back_meanwhile_does_not_come() -> None:
    told: list[bool] = []
    calm, handle = Calm(told.append), Handle(info(FITS))
    calm.want(handle, True)
    calm.want(handle, False)
    await asked(handle)
    assert told == [False]


async def test_no_calm_at_the_cost_of_speed_nor_for_a_torrent_that_is_gone() -> None:
    for handle in (Handle(info(10 * FITS)), Handle()):
        told: list[bool] = []
        calm = Calm(told.append)
        calm.want(handle, True)
        await asked(handle)
        assert told == []
