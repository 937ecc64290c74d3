"""What a test can ask of a fake torrent beyond ``EngineTorrent``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headrace.engine import base
from headrace.engine.base import AddRequest, Change, Event
from headrace.errors import InputError
from headrace.testing.clock import Deadlock, run, virtual_time
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakePeer, FakeSwarm, MiB
from headrace.testing.fake_torrent import FakeTorrent, read_magnet, read_resume

CONTENT = Content(8 * MiB)


def setup(swarm: FakeSwarm, folder: Path, **options: object) -> tuple[FakeEngine, FakeTorrent, list[Event]]:
    engine, events = FakeEngine(swarm), list[Event]()
    engine.start()
    engine.attach(events.extend)
    request = AddRequest(CONTENT.info_hash, folder, torrent=CONTENT.torrent, **options)  # type: ignore[arg-type]
    return engine, engine.add(request), events


@virtual_time
async def test_log_of_arrivals_and_changes(tmp_path: Path) -> None:
    engine, torrent, events = setup(FakeSwarm(CONTENT, [FakePeer(rate=4.0 * MiB)]), tmp_path)
    await asyncio.sleep(1)
    torrent.apply(Change(want=(1, 2)))
    assert torrent.wanted == {1, 2}
    await asyncio.sleep(2)
    assert [piece for _, piece in torrent.arrivals] == [1, 2]
    assert 1.2 < torrent.arrivals[0][0] < torrent.arrivals[1][0] < 2
    assert torrent.changes == [(1.0, Change(want=(1, 2)))]
    assert torrent.wanted == set()
    assert base.PiecesReady(CONTENT.info_hash, (1,)) in events
    await engine.aclose()


def test_same_figures_on_each_run(tmp_path: Path) -> None:
    async def figures(folder: Path) -> tuple[list[tuple[float, int]], int]:
        peers = [FakePeer(rate=(1 + n) * 3e5, rtt=0.03 * n, have=0.7) for n in range(5)]
        engine, torrent, events = setup(FakeSwarm(CONTENT, peers, downlink=1e6), folder)
        torrent.apply(Change(want=tuple(range(8))))
        await asyncio.sleep(3)
        torrent.apply(Change(drop=tuple(range(6)), jump=7))
        await asyncio.sleep(30)
        await engine.aclose()
        return torrent.arrivals, len(events)

    first = run(figures(tmp_path / "1"))
    assert first == run(figures(tmp_path / "2"))
    assert len(first[0]) >= 2


def test_an_empty_swarm_is_a_deadlock(tmp_path: Path) -> None:
    async def wait() -> None:
        _, torrent, _ = setup(FakeSwarm(CONTENT), tmp_path)
        torrent.apply(Change(want=(0,)))
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run(wait())


@virtual_time
async def test_failure_on_demand(tmp_path: Path) -> None:
    _, torrent, events = setup(FakeSwarm(CONTENT, [FakePeer()]), tmp_path)
    torrent.apply(Change(want=(0, 1, 2, 3)))
    await asyncio.sleep(2)
    torrent.fail("disk_full", "no space left")
    had = sum(torrent.have)
    await asyncio.sleep(20)
    assert base.TorrentFailed(CONTENT.info_hash, "disk_full", "no space left") in events
    assert sum(torrent.have) == had < 4


@virtual_time
async def test_known_trackers_answer(tmp_path: Path) -> None:
    swarm = FakeSwarm(CONTENT, [FakePeer()], trackers=frozenset({"http://t/a?key=1"}))
    _, torrent, events = setup(swarm, tmp_path, trackers=("http://t/a?key=1",))
    torrent.add_trackers(["http://other/a"])
    await asyncio.sleep(0)
    replies = [event for event in events if isinstance(event, base.TrackerReplied)]
    assert [(reply.url, reply.peers, bool(reply.error)) for reply in replies] == [
        ("http://t/a", 1, False),
        ("http://other/a", 0, True),
    ]


@virtual_time
async def test_seeding_has_all(tmp_path: Path) -> None:
    _, torrent, _ = setup(FakeSwarm(CONTENT), tmp_path, seed=True)
    assert all(torrent.have)


@virtual_time
async def test_unlisted_peers_are_met_by_address_alone(tmp_path: Path) -> None:
    swarm = FakeSwarm(CONTENT, [FakePeer(listed=False)])
    _, torrent, events = setup(swarm, tmp_path)
    torrent.apply(Change(want=(0,)))
    await asyncio.sleep(60)
    assert not torrent.arrivals
    torrent.add_peers([swarm.peers[0].address])
    await asyncio.sleep(5)
    assert torrent.arrivals
    torrent.request_peers()
    await asyncio.sleep(0)
    answer = next(event for event in events if isinstance(event, base.Peers))
    assert [(peer.seed, peer.source, peer.choked) for peer in answer.peers] == [(True, "peer", False)]


def test_readers_of_foreign_text(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_magnet("/some/file.torrent")
    assert read_resume(AddRequest("0" * 40, tmp_path, resume=b"nonsense")) is None
