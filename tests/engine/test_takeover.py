from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import libtorrent as lt

from headrace.engine.takeover import REQUESTED, Takeover, senders_of

CHOKED, SEED, CONNECTING = int(lt.peer_info.remote_choked), int(lt.peer_info.seed), int(lt.peer_info.connecting)


def info(host: str, port: int = 1, *, flags: int = 0, received: int = 0, rate: int = 0, pieces: str = "1111") -> Any:
    return SimpleNamespace(
        ip=(host, port),
        flags=flags,
        total_download=received,
        payload_down_speed=rate,
        pieces=[piece == "1" for piece in pieces],
        connecting=CONNECTING,
        handshake=int(lt.peer_info.handshake),
        remote_choked=CHOKED,
        seed=SEED,
    )


def queue(piece: int, *holders: tuple[int, str]) -> Any:
    return {"piece_index": piece, "blocks": [{"state": state, "peer": (host, 1)} for state, host in holders]}


def test_blocks_are_those_that_were_asked_for_of_this_piece() -> None:
    downloads = [queue(1, (REQUESTED, "b")), queue(2, (REQUESTED, "a"), (3, "a"), (0, ""), (REQUESTED, "b"))]
    senders, peers = senders_of(2, downloads, [info("a"), info("b"), info("c")])
    assert {one.address: one.held for one in senders} == {"a": {0}, "b": {3}, "c": frozenset()}
    assert peers == [("a", 1), ("b", 1), ("c", 1)]


def test_peers_at_one_address_count_as_one() -> None:
    infos = [info("a", 1, received=5, rate=1, flags=CHOKED), info("a", 2, received=6, rate=2)]
    senders, peers = senders_of(2, [], infos)
    assert [(one.received, one.rate, one.able) for one in senders] == [(11, 3, True)]
    assert peers == [("a", 1), ("a", 2)]


def test_who_is_able_has_the_piece_and_lets_us_download() -> None:
    infos = [
        info("seed", flags=SEED, pieces=""),
        info("choked", flags=SEED | CHOKED),
        info("without", pieces="1101"),
        info("with", pieces="0010"),
        info("unknown", pieces=""),
        info("coming", flags=CONNECTING),
    ]
    senders, _ = senders_of(2, [], infos)
    assert {one.address for one in senders if one.able} == {"seed", "with"}
    assert len(senders) == 5


class Handle:
    """libtorrent's, as far as needed."""

    def __init__(self) -> None:
        self.looks = 0
        self.gone = False

    def get_download_queue(self) -> list[Any]:
        self.looks += 1
        if self.gone:
            raise RuntimeError("invalid torrent handle used")
        return [queue(7, (REQUESTED, "slow"))]

    def get_peer_info(self) -> list[Any]:
        return [
            *(info(host, flags=SEED, received=100_000, rate=50_000) for host in "abc"),
            *(info("slow", port, flags=SEED, received=100, rate=50) for port in (1, 2)),
        ]


async def looked(takeover: Takeover, handle: Handle, piece: int) -> None:
    takeover.look(handle, piece)
    before = handle.looks
    async with asyncio.timeout(5):
        while takeover._asking:
            await asyncio.sleep(0.001)
    assert handle.looks >= before


async def test_stragglers_are_turned_away_at_the_second_look_at_a_piece() -> None:
    away: list[Any] = []
    takeover, handle = Takeover(away.extend), Handle()
    await looked(takeover, handle, 7)
    await looked(takeover, handle, 8)
    await looked(takeover, handle, 7)
    assert away == [], "another piece, another beginning"
    await looked(takeover, handle, 7)
    assert away == [("slow", 1), ("slow", 2)]


async def test_one_look_at_a_time() -> None:
    takeover, handle = Takeover(lambda peers: None), Handle()
    takeover.look(handle, 7)
    takeover.look(handle, 7)
    await looked(takeover, handle, 7)
    assert handle.looks == 1


async def test_a_torrent_that_was_removed_is_no_fault() -> None:
    away: list[Any] = []
    takeover, handle = Takeover(away.extend), Handle()
    handle.gone = True
    for _ in range(3):
        await looked(takeover, handle, 7)
    assert away == []
    assert handle.looks == 3
