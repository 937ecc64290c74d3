"""From a seek to its first byte, and what becomes of the wishes of the old place."""

from __future__ import annotations

import asyncio

import pytest
from simkit.films import KIB
from simkit.sim import HEALTHY, PIECE, Sim, physics, simulated, total
from simkit.viewer import Viewer

from headrace.core.planner import SEEK_BYTES
from headrace.testing.fake_swarm import FakePeer

SLOW = tuple(FakePeer(rate=60_000, rtt=0.05) for _ in range(10))
"""600 kB/s, a little more than the film needs: a seek lands in what is not there for long."""


async def playing(sim: Sim, seconds: float = 2.0) -> Viewer:
    viewer = await sim.viewer()
    await viewer.start()
    await viewer.play(seconds)
    return viewer


@pytest.mark.parametrize("share", [0.8, 0.5, 0.95])
@simulated(peers=SLOW)
async def test_a_seek_ends_the_old_wishes_in_the_same_step(sim: Sim, share: float) -> None:
    viewer = await playing(sim)
    target = viewer.byte_at(share)
    before, at, seen = sim.handle.wanted, sim.now(), len(sim.handle.changes)
    viewer.seek(target)
    waiting = sim.go(viewer.first_byte())
    await asyncio.sleep(0)
    assert sim.now() == at, "no time passed"
    piece = sim.piece_at(target)
    window = set(range(piece, piece + SEEK_BYTES // PIECE + 1))
    changes = [change for _, change in sim.handle.changes[seen:]]
    jumps = [number for number, change in enumerate(changes) if change.jump is not None]
    assert [changes[number].jump for number in jumps] == [piece], "requests in flight are withdrawn, once"
    wanted = before
    for change in changes[: jumps[0] + 1]:
        wanted = (wanted | set(change.want)) - set(change.drop)
    assert piece in wanted
    assert wanted <= window, "nothing else is wanted"
    took = await waiting
    assert took <= 2 * physics(SLOW, 4 * PIECE, 1)


@pytest.mark.parametrize("peers", [HEALTHY, SLOW], ids=["healthy", "slow"])
@pytest.mark.parametrize("share", [0.85, 0.6])
@simulated()
async def test_a_new_request_elsewhere_is_served_soon(sim: Sim, peers: tuple[FakePeer, ...], share: float) -> None:
    """As players seek over HTTP: the old request is closed, a new one is opened."""
    viewer = await playing(sim)
    assert not sim.handle.have[sim.piece_at(viewer.byte_at(share))]
    viewer.open(viewer.byte_at(share))
    took = await viewer.first_byte()
    assert physics(peers, 1, 1) <= took <= 2 * physics(peers, 4 * PIECE, 1)
    await viewer.read(256 * KIB)
    if peers is HEALTHY:
        assert sum(stall.seconds for stall in await viewer.play(3)) < 0.2


@simulated(peers=SLOW)
async def test_what_comes_first_after_a_seek_is_what_it_needs(sim: Sim) -> None:
    viewer = await playing(sim)
    viewer.seek(viewer.byte_at(0.7))
    began = sim.now()
    await viewer.first_byte()
    await viewer.play(2)
    order = sim.ledger.order(since=began)
    late = [piece for piece in order if piece < sim.piece_at(viewer.byte_at(0.7))]
    in_flight = int(2.0 * total(SLOW) / PIECE) + len(SLOW)
    assert len(late) <= in_flight, "what peers had begun to send, no more"
    assert order.index(sim.piece_at(viewer.byte_at(0.7))) <= len(SLOW)


@simulated()
async def test_seeking_back_into_what_is_there_waits_for_nothing(sim: Sim) -> None:
    viewer = await playing(sim, 4)
    until = viewer.position
    for share in (0.0, 0.3, 0.9):
        viewer.seek(int(until * share))
        assert await viewer.first_byte() == 0.0
    viewer.seek(0)
    began = sim.now()
    await viewer.read(until)
    assert sim.now() == began


@simulated()
async def test_seeking_back_leaves_no_hole_behind(sim: Sim) -> None:
    """Forward over a gap and back again: the gap is played, and all of it comes in the end."""
    viewer = await playing(sim, 1)
    viewer.seek(viewer.byte_at(0.8))
    await viewer.first_byte()
    viewer.seek(viewer.byte_at(0.5))
    assert await viewer.first_byte() <= 2 * physics(HEALTHY, 4 * PIECE, 1)
    await viewer.play(60)
    await sim.until(sim.whole, "the film")


@pytest.mark.parametrize("request_each", [True, False], ids=["new requests", "one reader"])
@simulated(peers=SLOW)
async def test_rapid_seeks_leave_only_the_last_window_wanted(sim: Sim, request_each: bool) -> None:
    """Twenty in two seconds, as by a dragged slider."""
    viewer = await playing(sim, 1)
    shares = [0.3 + 0.6 * ((7 * number) % 20) / 20 for number in range(20)]
    reading: asyncio.Task[float] | None = None
    for share in shares:
        if reading is not None:
            reading.cancel()
        (viewer.open if request_each else viewer.seek)(viewer.byte_at(share))
        reading = sim.go(viewer.first_byte())
        await sim.pause(0.1)
    assert reading is not None
    assert not reading.done()
    last = sim.piece_at(viewer.byte_at(shares[-1]))
    assert last in sim.handle.wanted
    assert sim.handle.wanted <= set(range(last, last + SEEK_BYTES // PIECE + 2)), "one more when all was asked for"
    assert sim.torrent.conductor is not None
    assert len(sim.torrent.conductor.places) == 1
    began = sim.now()
    await reading
    assert sim.now() - began <= 2 * physics(SLOW, 4 * PIECE, 1)


@simulated()
async def test_a_seek_before_the_first_picture(sim: Sim) -> None:
    """Somebody resumes at 60 %: the start of the film does not come first."""
    viewer = await sim.viewer()
    viewer.open()
    viewer.open(viewer.byte_at(0.6))
    took = await viewer.first_byte()
    assert took <= 2 * physics(HEALTHY, SEEK_BYTES, 2)


@simulated()
async def test_seeks_to_the_ends_of_the_film(sim: Sim) -> None:
    viewer = await playing(sim, 1)
    viewer.seek(viewer.file.size)
    assert await viewer.read(10) == b""
    viewer.seek(viewer.file.size - 1)
    assert len(await viewer.read(10)) == 1
    viewer.seek(0)
    assert await viewer.first_byte() == 0.0
    await viewer.play(1)
