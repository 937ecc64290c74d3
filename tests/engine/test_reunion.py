from __future__ import annotations

import asyncio
import random
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.engine.bans import TOO_MANY_CORRUPT_PIECES
from headrace.engine.base import AddRequest, Change, EngineOptions, Event, PiecesReady, Stats
from headrace.engine.libtorrent import LibtorrentEngine
from headrace.engine.reunion import LATEST, MOST, Reunion, not_in_use
from headrace.testing.local_swarm import LocalSwarm

A, B, C = ("127.0.0.2", 1), ("127.0.0.3", 1), ("127.0.0.4", 1)


def block(peer: tuple[str, int]) -> Any:
    return SimpleNamespace(endpoint=peer)


def gone(peer: tuple[str, int], code: int) -> Any:
    return SimpleNamespace(endpoint=peer, error=SimpleNamespace(value=lambda: code))


def known(*peers: tuple[str, int]) -> Reunion:
    made = Reunion()
    for peer in peers:
        made.hear("block_finished_alert", block(peer))
    return made


def calls(reunion: Reunion, seconds: int, since: float = 100.0) -> list[float]:
    return [at for at in range(seconds) if reunion.look(since + at, alone=True)]


def test_who_gave_something_is_called_when_nobody_is_left() -> None:
    reunion = known(A, B, A)
    assert reunion.look(100.0, alone=False) == ()
    assert not reunion.alone
    assert reunion.look(101.0, alone=True) == (B, A)
    assert reunion.alone
    assert reunion.look(102.0, alone=True) == ()
    assert reunion.look(103.0, alone=True) == (B, A)


def test_calls_become_rare_and_never_end() -> None:
    when = calls(known(A), 3600)
    gaps = [after - before for before, after in pairwise(when)]
    assert when[:5] == [0, 2, 4, 6, 8]
    assert gaps == sorted(gaps)
    assert gaps[-1] == LATEST
    assert all(gap <= max(2, 0.25 * after + 1) for gap, after in zip(gaps, when[1:], strict=True))


def test_company_ends_it_and_the_next_loss_begins_anew() -> None:
    reunion = known(A)
    calls(reunion, 100)
    assert reunion.look(200.5, alone=False) == ()
    assert reunion.look(201.0, alone=True) == (A,)


def test_nobody_is_called_who_gave_nothing_or_was_banned_or_gave_long_ago() -> None:
    assert calls(known(), 100) == []
    reunion = known(A, B)
    reunion.hear("peer_disconnected_alert", gone(A, TOO_MANY_CORRUPT_PIECES))
    reunion.hear("peer_disconnected_alert", gone(B, 2))
    reunion.hear("peer_disconnected_alert", gone(C, TOO_MANY_CORRUPT_PIECES))
    assert reunion.look(1.0, alone=True) == (B,)
    many = known(*((f"10.0.0.{host}", 1) for host in range(MOST + 1)))
    assert ("10.0.0.0", 1) not in many.givers
    assert len(many.givers) == MOST


def test_hosts_that_serve_another_torrent_are_left_alone() -> None:
    busy, lonely = known(A, C), known(B)
    lonely.look(1.0, alone=True)
    assert not_in_use((A, B, (A[0], 99)), [busy, lonely]) == (B,)
    assert not_in_use((A, B), []) == (A, B)


class Run:
    """A torrent that is fetched from one seed; looked at once a second, as the product does."""

    def __init__(self, swarm: LocalSwarm, folder: Path) -> None:
        self.engine = LibtorrentEngine(EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False))
        self.engine.start()
        self.engine.attach(self.hear)
        self.events: list[Event] = []
        self.news = asyncio.Event()
        request = AddRequest(swarm.info_hash, folder, torrent=swarm.torrent_bytes, peers=tuple(swarm.peers))
        self.torrent = self.engine.add(request)
        self.looking = asyncio.create_task(self.look())

    def hear(self, events: Any) -> None:
        self.events += events
        self.news.set()

    async def look(self) -> None:
        while True:
            self.torrent.request_stats()
            await asyncio.sleep(0.5)

    async def next(self, kind: type[Event], **wanted: Any) -> None:
        """Wait for an event from now on."""
        start = len(self.events)
        async with asyncio.timeout(30):
            while not any(
                isinstance(event, kind) and all(getattr(event, name) == wanted[name] for name in wanted)
                for event in self.events[start:]
            ):
                self.news.clear()
                await self.news.wait()

    async def close(self) -> None:
        self.looking.cancel()
        await self.engine.aclose()


@pytest.mark.e2e
async def test_seeds_that_come_back_are_met_at_once(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(random.Random(1).randbytes(4 << 20))
    async with LocalSwarm(film, seeds=1, rate=200_000, piece_length=32 * 1024) as swarm:
        run = Run(swarm, tmp_path / "data")
        try:
            await run.next(Stats, phase="downloading")
            run.torrent.apply(Change(want=tuple(range(128))))
            await run.next(PiecesReady)
            await swarm.stop_all()
            await run.next(Stats, peers=0)
            await asyncio.sleep(1)  # long enough for a call that nobody answers
            await swarm.start_all()
            began = time.monotonic()
            await run.next(PiecesReady)
            assert time.monotonic() - began < 6, "libtorrent alone takes 10 s and more"
            run.torrent.set_paused(True)
            await run.next(Stats, peers=0, paused=True)
            run.torrent.set_paused(False)
            began = time.monotonic()
            await run.next(PiecesReady)
            assert time.monotonic() - began < 6
        finally:
            await run.close()
