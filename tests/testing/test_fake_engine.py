"""The fake engine where the suite does not look."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headrace.engine import base
from headrace.engine.base import AddRequest, Change, Event
from headrace.errors import InputError
from headrace.testing.clock import virtual_time
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm, MiB

ONE, TWO = Content(2 * MiB, name="one"), Content([FakeFile("a", MiB), FakeFile("b", 5)], name="two")


def request(content: Content, folder: Path) -> AddRequest:
    return AddRequest(content.info_hash, folder, torrent=content.torrent)


@virtual_time
async def test_two_torrents_from_two_swarms(tmp_path: Path) -> None:
    engine, events = FakeEngine(FakeSwarm(ONE, [FakePeer()]), FakeSwarm(TWO, [FakePeer()])), list[Event]()
    engine.start()
    engine.attach(events.extend)
    for content in (ONE, TWO):
        engine.add(request(content, tmp_path)).apply(Change(want=(0,)))
    await asyncio.sleep(5)
    ready = {event.info_hash for event in events if isinstance(event, base.PiecesReady)}
    assert ready == {ONE.info_hash, TWO.info_hash}
    assert events[0] == base.Listening("", "127.0.0.1", 6881)
    assert (tmp_path / "two" / "a").read_bytes() == TWO.file_bytes(0)


@virtual_time
async def test_added_before_there_is_a_loop_to_use(tmp_path: Path) -> None:
    engine = FakeEngine(FakeSwarm(ONE, [FakePeer()]))
    torrent = engine.add(request(ONE, tmp_path))
    torrent.apply(Change(want=(1,)))
    await asyncio.sleep(3)
    assert not torrent.arrivals
    engine.attach(lambda _: None)
    await asyncio.sleep(5)
    assert [piece for _, piece in torrent.arrivals] == [1]
    assert torrent.arrivals[0][0] < 2  # the swarm's time began with the loop


@pytest.mark.parametrize("content", [ONE, TWO])
@virtual_time
async def test_torrent_of_no_swarm(tmp_path: Path, content: Content) -> None:
    engine = FakeEngine()
    torrent = engine.add(request(content, tmp_path))
    assert torrent.layout == content.layout
    assert not any(torrent.have)


@virtual_time
async def test_refused(tmp_path: Path) -> None:
    engine = FakeEngine(FakeSwarm(ONE))
    engine.add(request(ONE, tmp_path))
    with pytest.raises(InputError, match="already"):
        engine.add(request(ONE, tmp_path))
    with pytest.raises(InputError, match="not 0000"):
        engine.add(AddRequest("0" * 40, tmp_path, magnet=TWO.magnet))


@virtual_time
async def test_batches_hold_what_came_together(tmp_path: Path) -> None:
    batches: list[list[Event]] = []
    engine = FakeEngine(FakeSwarm(ONE))
    engine.start()
    engine.add(AddRequest(ONE.info_hash, tmp_path, torrent=ONE.torrent, seed=True))
    engine.attach(lambda events: batches.append(list(events)))
    await asyncio.sleep(1)
    assert [[type(event) for event in batch] for batch in batches] == [
        [base.Listening, base.MetadataReady, base.PiecesReady]
    ]


@virtual_time
async def test_pieces_in_a_row_are_one_event() -> None:
    engine, events = FakeEngine(), list[Event]()
    engine.attach(events.extend)
    for event in (base.PiecesReady("a", (1,)), base.PiecesReady("a", (2,)), base.PiecesReady("b", (3,))):
        engine.emit(event)
    await asyncio.sleep(0)
    assert events == [base.PiecesReady("a", (1, 2)), base.PiecesReady("b", (3,))]


@virtual_time
async def test_closing_twice(tmp_path: Path) -> None:
    engine, events = FakeEngine(FakeSwarm(ONE)), list[Event]()
    engine.attach(events.extend)
    engine.add(request(ONE, tmp_path))
    await engine.aclose()
    await engine.aclose()
    assert len([event for event in events if isinstance(event, base.ResumeSaved)]) == 1
