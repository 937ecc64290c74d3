"""What users are told, through a whole torrent in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from headrace.core.events import Metadata, Progress, Ready, Resumed, Waiting
from headrace.engine import base
from headrace.streaming.monitor import INTERVAL, NOTICE_AFTER, REPEAT_AFTER
from headrace.testing.clock import virtual_time
from headrace.testing.fake_swarm import FakePeer

MiB = 1 << 20
Make = Callable[..., Any]
SLOW = FakePeer(rate=100_000)


def now() -> float:
    return asyncio.get_running_loop().time()


async def reading(one: Any, position: int = 0) -> asyncio.Task[None]:
    """A reader that reads all it gets."""
    reader = one.torrent.main_video().open(position)

    async def read() -> None:
        while await reader.read():
            pass

    return asyncio.create_task(read())


@virtual_time
async def test_progress_is_told_each_second(show: Make) -> None:
    async with show() as one:
        await asyncio.sleep(10.5 * INTERVAL)
        times = one.times(Progress)
        assert len(times) in (10, 11)
        assert all(after - before == pytest.approx(INTERVAL) for before, after in pairwise(times))
        last = one.notes(Progress)[-1]
        assert last.downloaded > 0
        assert (last.wanted, last.peers, last.seeds) == (20 * MiB, 4, 4)
        assert last.duration == 40.0
        counts = [note.downloaded for note in one.notes(Progress)]
        assert counts == sorted(counts)


@virtual_time
async def test_nothing_is_told_after_the_end(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        await asyncio.sleep(3)
        one.torrent.close()
        said = len(one.told)
        await asyncio.sleep(10)
        assert len(one.told) == said


@virtual_time
async def test_ready_is_told_once_and_when_it_is_so(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        await asyncio.sleep(20)
        (at,) = one.times(Ready)
        (ready,) = one.notes(Ready)
        index_at = next(time for time, piece in one.handle.arrivals if piece == 19)
        first_at = next(time for time, piece in one.handle.arrivals if piece == 0)
        assert max(index_at, first_at) <= at < max(index_at, first_at) + 0.5, "the index and the first bytes are there"
        assert ready.buffered_bytes >= MiB
        assert one.torrent.status().time_to_playable == 0.0


@virtual_time
async def test_before_it_is_ready_an_estimate_is_given(show: Make) -> None:
    async with show(peers=[SLOW]) as one:
        await one.torrent.metadata()
        await asyncio.sleep(6)
        assert not one.notes(Ready)
        estimate = one.torrent.status().time_to_playable
        assert estimate is not None
        assert 3 < estimate < 40
        assert one.torrent.status().state == "buffering"


@virtual_time
async def test_no_peers_before_the_metadata(show: Make) -> None:
    async with show(peers=[]) as one:
        await asyncio.sleep(4)
        first = one.notes(Waiting)[0]
        assert (first.reason, first.piece) == ("no_peers", None)
        assert NOTICE_AFTER <= one.times(Waiting)[0] <= NOTICE_AFTER + INTERVAL
        one.swarm.join(FakePeer(rate=MiB))
        await one.torrent.metadata(5)
        await asyncio.sleep(2)
        assert one.times(Metadata)
        assert len(one.notes(Resumed)) >= 1


@virtual_time
async def test_a_wait_is_told_after_a_second_repeated_and_ended(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        task = await reading(one)
        await asyncio.sleep(2)
        one.told.clear()
        gone = one.swarm.leave_all()
        left = now()
        await asyncio.sleep(13)
        waits = one.notes(Waiting)
        assert {note.reason for note in waits} == {"no_peers"}
        assert left + NOTICE_AFTER <= one.times(Waiting)[0] <= left + NOTICE_AFTER + 2 * INTERVAL
        assert all(b - a == pytest.approx(REPEAT_AFTER) for a, b in pairwise(one.times(Waiting)))
        assert waits[0].seconds < waits[-1].seconds
        assert waits[-1].piece == one.handle.have.find(0)
        assert one.torrent.status().state == "waiting"
        assert one.torrent.status().waiting == waits[-1]
        assert not one.notes(Resumed)
        for peer in gone:
            one.swarm.join(peer)
        await asyncio.sleep(5)
        (resumed,) = one.notes(Resumed)
        assert 12 < resumed.seconds < 17
        assert one.torrent.status().waiting is None
        task.cancel()


@virtual_time
async def test_a_short_wait_is_not_told(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        await asyncio.sleep(3)
        one.told.clear()
        task = await reading(one)
        await asyncio.sleep(4)
        assert not one.notes(Waiting)
        assert not one.notes(Resumed)
        task.cancel()


@virtual_time
async def test_a_piece_that_nobody_has(show: Make) -> None:
    most = frozenset(range(20)) - {5}
    async with show(peers=[FakePeer(rate=4 * MiB, have=most)]) as one:
        await one.torrent.metadata()
        task = await reading(one)
        await asyncio.sleep(10)
        note = one.notes(Waiting)[-1]
        assert (note.reason, note.piece) == ("piece_unavailable", 5)
        assert "piece 5" in note.detail
        task.cancel()


@virtual_time
async def test_peers_that_choke(show: Make) -> None:
    async with show(peers=[FakePeer(rate=4 * MiB, chokes=((1.0, 60.0),))]) as one:
        await one.torrent.metadata()
        task = await reading(one)
        await asyncio.sleep(10)
        assert one.notes(Waiting)[-1].reason == "choked"
        task.cancel()


@virtual_time
async def test_a_swarm_slower_than_the_video(show: Make) -> None:
    async with show(peers=[FakePeer(rate=200_000)]) as one:
        await one.torrent.metadata()
        task = await reading(one)
        await asyncio.sleep(40)
        note = one.notes(Waiting)[-1]
        assert note.reason == "slow"
        assert "/s" in note.detail
        task.cancel()


@virtual_time
async def test_a_disk_that_is_full(show: Make) -> None:
    async with show(peers=[SLOW]) as one:
        await one.torrent.metadata()
        task = await reading(one)
        await asyncio.sleep(2)
        one.torrent.handle_event(base.TorrentFailed(one.content.info_hash, "disk_full", "no space left"))
        await asyncio.sleep(7)
        assert one.notes(Waiting)[-1].reason == "disk"
        assert "no space left" in one.notes(Waiting)[-1].detail
        task.cancel()


@virtual_time
async def test_a_paused_torrent(show: Make) -> None:
    async with show(peers=[SLOW]) as one:
        await one.torrent.metadata()
        task = await reading(one)
        await asyncio.sleep(2)
        one.handle.set_paused(True)
        await asyncio.sleep(7)
        assert one.torrent.status().state == "paused"
        assert one.notes(Waiting)[-1].reason == "paused"
        task.cancel()


@virtual_time
async def test_the_planner_learns_delivery_and_bitrate(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        await asyncio.sleep(4)
        rates = one.torrent.conductor.rates
        assert rates.bitrate == 20 * MiB / 40
        assert MiB < rates.delivery < 8 * MiB


@virtual_time
async def test_what_a_player_says_is_told_on(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        task = await reading(one, 2 * MiB)
        await asyncio.sleep(6)
        one.torrent.monitor.gauge.position, one.torrent.monitor.gauge.player_paused = 12.5, True
        await asyncio.sleep(1)
        last = one.notes(Progress)[-1]
        assert (last.position, last.state) == (12.5, "paused")
        task.cancel()


@virtual_time
async def test_seconds_ahead_follow_from_the_bitrate(show: Make) -> None:
    async with show() as one:
        await one.torrent.metadata()
        await asyncio.sleep(20)
        status = one.torrent.status()
        assert status.buffered_bytes == 20 * MiB
        assert status.buffered_seconds == 40.0
        assert status.progress == 1.0
        assert status.state == "finished"


@virtual_time
async def test_peers_are_asked_for_only_while_somebody_waits(show: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async with show() as one:
        asked: list[float] = []
        answer = one.handle.request_peers
        monkeypatch.setattr(one.handle, "request_peers", lambda: (asked.append(now()), answer()))
        await one.torrent.metadata()
        await asyncio.sleep(5)
        quiet = len(asked)
        assert one.torrent.monitor.connected == ()
        one.swarm.leave_all()
        one.swarm.join(SLOW)
        reader = one.torrent.main_video().open(0)
        reader.seek(one.handle.have.find(0) * MiB)
        task = asyncio.create_task(reader.read())
        await asyncio.sleep(3.5)
        assert len(asked) - quiet >= 3
        assert len(one.torrent.monitor.connected) == 1
        task.cancel()


@virtual_time
async def test_who_is_alone_asks_the_dht_again_and_again(show: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    async with show() as one:
        await one.torrent.metadata()
        await asyncio.sleep(5)
        monkeypatch.setattr(one.handle, "find_peers", lambda: asked.append(now()))
        one.swarm.leave_all()
        left = now()
        await asyncio.sleep(100)
        assert [round(at - left) for at in asked] == [pytest.approx(wish, abs=1) for wish in (1, 3, 8, 15, 30, 60, 90)]
