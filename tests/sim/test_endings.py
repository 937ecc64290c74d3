"""How a wait ends when no piece comes: closed, cancelled, removed, failed."""

from __future__ import annotations

import asyncio

import pytest
from simkit.sim import PIECE, RATE, Sim, simulated
from simkit.viewer import Viewer

from headrace.errors import EngineError, SwarmError
from headrace.streaming.reader import ReaderClosed, StreamFailed
from headrace.testing.fake_swarm import FakePeer

TAIL_ONLY = (FakePeer(rate=RATE, have=frozenset(range(60)) | frozenset(range(200, 400))),)
"""Whoever reads in the middle waits for ever."""
MIDDLE = 100 * PIECE


async def stuck(sim: Sim) -> tuple[Viewer, asyncio.Task[float]]:
    viewer = await sim.viewer()
    viewer.open(MIDDLE)
    waiting = sim.go(viewer.first_byte())
    await sim.pause(5)
    assert not waiting.done()
    assert viewer.reader is not None
    assert viewer.reader.waiting_since is not None
    assert sim.piece_at(MIDDLE) in sim.handle.wanted
    return viewer, waiting


@simulated(peers=TAIL_ONLY)
async def test_closed_while_it_waits(sim: Sim) -> None:
    viewer, waiting = await stuck(sim)
    at = sim.now()
    viewer.close()
    with pytest.raises(ReaderClosed):
        await waiting
    assert sim.now() == at, "in the same moment"
    assert sim.torrent.conductor is not None
    assert not sim.torrent.conductor.places


@simulated(peers=TAIL_ONLY)
async def test_cancelled_while_it_waits(sim: Sim) -> None:
    """The reader lives on: the next read waits again, and is served when somebody has the piece."""
    viewer, waiting = await stuck(sim)
    at = sim.now()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert sim.now() == at
    assert viewer.reader is not None
    assert viewer.reader.waiting_since is None
    sim.swarm.join(FakePeer(rate=RATE))
    assert await viewer.first_byte() < 2


@simulated(peers=TAIL_ONLY)
async def test_a_seek_while_a_task_waits(sim: Sim) -> None:
    """The task is cancelled first, as a server does; the reader then reads elsewhere at once."""
    viewer, waiting = await stuck(sim)
    waiting.cancel()
    viewer.seek(0)
    assert await viewer.first_byte() < 1
    assert sim.piece_at(MIDDLE) not in sim.handle.wanted or sim.handle.have[0]


@pytest.mark.parametrize("delete", [True, False])
@simulated(peers=TAIL_ONLY)
async def test_removed_while_it_waits(sim: Sim, delete: bool) -> None:
    viewer, waiting = await stuck(sim)
    path = sim.handle.path_of(0)
    assert path.exists()
    at = sim.now()
    await sim.torrent.remove(delete_data=delete)
    with pytest.raises(StreamFailed):
        await waiting
    assert sim.now() == at
    assert path.exists() is not delete
    with pytest.raises(StreamFailed):
        await viewer.first_byte()


@simulated(peers=TAIL_ONLY)
async def test_the_engine_fails_while_it_waits(sim: Sim) -> None:
    _, waiting = await stuck(sim)
    sim.handle.fail("engine", "it broke")
    with pytest.raises(StreamFailed, match="it broke"):
        await waiting
    assert sim.torrent.status().state == "failed"


@simulated(peers=TAIL_ONLY)
async def test_a_full_disk_is_a_reason_to_wait_not_an_end(sim: Sim) -> None:
    _, waiting = await stuck(sim)
    sim.handle.fail("disk_full", "no space left")
    await sim.pause(3)
    assert not waiting.done()
    told = sim.torrent.status().waiting
    assert told is not None
    assert (told.reason, "no space left" in told.detail) in {("disk", True), ("paused", False)}


@simulated(peers=())
async def test_the_metadata_never_comes(sim: Sim) -> None:
    with pytest.raises(SwarmError, match="No metadata within 20 s"):
        await sim.torrent.metadata(20)
    assert sim.now() == pytest.approx(20)


@simulated(peers=())
async def test_removed_before_the_metadata(sim: Sim) -> None:
    waiting = sim.go(sim.torrent.metadata())
    await sim.pause(3)
    await sim.torrent.remove(delete_data=True)
    with pytest.raises(EngineError):
        await waiting
