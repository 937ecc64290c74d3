"""While it plays: the order of arrival, how much is asked for, and that the swarm is put to use."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from simkit.films import MIB
from simkit.sim import HEALTHY, Sim, physics, simulated, total
from simkit.viewer import Viewer

from headrace.core import planner
from headrace.core.planner import Rates, tier_reach
from headrace.testing.fake_swarm import FakeFile, FakePeer

MIXED = tuple(
    FakePeer(rate=rate, rtt=rtt)
    for rate, rtt in ((900_000, 0.03), (600_000, 0.05), (400_000, 0.08), (200_000, 0.1), (100_000, 0.15), (50_000, 0.2))
)
THRIFTY = tuple(FakePeer(rate=75_000, rtt=0.05) for _ in range(10))
"""750 kB/s for a film of 580."""
NARROW = tuple(FakePeer(rate=1_000_000, rtt=0.05) for _ in range(12))
"""12 MB/s that a downlink does not let through."""


def box(kind: bytes, payload: bytes = b"", size: int = 0) -> bytes:
    """A box of ISO base media (ISO/IEC 14496-12)."""
    return struct.pack(">I4s", size or 8 + len(payload), kind) + payload


def movie(size: int, seconds: int) -> FakeFile:
    """As large a film as one likes, at no cost: an MP4 whose index lies at its end, with nothing that plays in it."""
    moov = box(b"moov", box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, seconds * 1000) + bytes(80)))
    kind = box(b"ftyp", b"isom\0\0\2\0isommp42")
    media = box(b"mdat", size=size - len(kind) - len(moov))
    return FakeFile("large.mp4", size, {0: kind + media, size - len(moov): moov})


def rising(order: list[int]) -> float:
    """The share of pieces that came after the one before them in the file."""
    return sum(after > before for before, after in pairwise(order)) / (len(order) - 1)


async def watched(sim: Sim, seconds: float = 60.0) -> tuple[Viewer, float]:
    """Started and played; since when it played."""
    viewer = await sim.viewer()
    await viewer.start()
    since = sim.now()
    await viewer.play(seconds)
    return viewer, since


@pytest.mark.parametrize("peers", [HEALTHY, THRIFTY, MIXED], ids=["healthy", "thrifty", "mixed"])
@simulated(piece=256 * 1024)
async def test_pieces_come_in_order_while_it_plays(sim: Sim, peers: tuple[FakePeer, ...]) -> None:
    viewer, since = await watched(sim)
    assert sim.whole()
    end = sim.piece_at(viewer.file.size - 1) - 1
    order = [piece for piece in sim.ledger.order(since) if piece < end]
    assert len(order) > 0.9 * len(sim.pieces())
    # each peer brings about a second of its own rate in a row: among unequal ones the slow ones' pieces come late
    assert rising(order) >= (0.6 if peers is MIXED else 0.9)


@pytest.mark.parametrize("peers", [THRIFTY, MIXED], ids=["thrifty", "mixed"])
@simulated()
async def test_the_engine_never_runs_dry(sim: Sim, peers: tuple[FakePeer, ...]) -> None:
    """From the metadata to the last piece something is wanted at every moment, seeks or not."""
    viewer, _ = await watched(sim, 3)
    viewer.seek(viewer.byte_at(0.6))
    await viewer.first_byte()
    viewer.open(viewer.byte_at(0.3))
    await viewer.play(1)
    viewer.close()
    await sim.until(sim.whole, "the film", 120)
    assert sim.ledger.dry(sim.pieces()) == []


@pytest.mark.parametrize(
    ("peers", "downlink"), [(HEALTHY, 1e12), (MIXED, 1e12), (NARROW, 2e6)], ids=["healthy", "mixed", "narrow"]
)
@simulated()
async def test_the_swarm_is_put_to_use(sim: Sim, peers: tuple[FakePeer, ...], downlink: float) -> None:
    """Whoever has something to give is asked: the whole film takes little longer than its bytes."""
    await watched(sim)
    least = sim.film_of(0).size / min(downlink, total(peers))
    assert sim.ledger.arrivals[-1][0] <= 1.25 * least + 1.0


@simulated(
    peers=tuple(FakePeer(rate=200_000, rtt=0.05) for _ in range(20)),
    piece=MIB,
    files=(movie(48 * MIB, 16),),
    bitrate=3.0 * MIB,
)
async def test_no_stall_while_the_swarm_is_faster_than_the_film(sim: Sim) -> None:
    """4 MB/s for 3.1: after the first seconds it never stops."""
    viewer = await sim.viewer()
    viewer.open()
    await viewer.first_byte()
    stalls = await viewer.play(10)
    assert sum(stall.seconds for stall in stalls) < 0.5, stalls


@simulated(films=("first.mp4",), peers=THRIFTY)
async def test_no_stall_in_a_swarm_that_just_suffices(sim: Sim) -> None:
    viewer, since = await watched(sim)
    assert [stall for stall in viewer.stalls if stall.at > since + 3] == []


@simulated(
    piece=MIB,
    files=(movie(600 * MIB, 100),),
    bitrate=6.0 * MIB,
    peers=tuple(FakePeer(rate=1_000_000) for _ in range(5)),
)
async def test_reach_grows_with_the_bitrate(sim: Sim) -> None:
    """Twenty seconds of what plays, at least ten MB; two minutes, at least fifty."""
    viewer = await sim.viewer()
    viewer.open()
    await viewer.first_byte()
    sim.go(viewer.play(30))
    await sim.pause(2)
    conductor = sim.torrent.conductor
    assert conductor is not None
    assert conductor.rates.bitrate == pytest.approx(6 * MIB, rel=0.01)
    near, far = tier_reach(conductor.rates)
    assert near == pytest.approx(20 * 6 * MIB, rel=0.01)
    assert far == pytest.approx(120 * 6 * MIB, rel=0.01)
    position = viewer.position
    tier = dict(zip(conductor.plan.wanted, conductor.plan.tiers, strict=True))
    assert {tier[piece] for piece in tier if piece * MIB < position + near and piece < 590} == {1}
    assert tier_reach(Rates(bitrate=100_000)) == (planner.TIER1_BYTES, planner.TIER2_BYTES)


@pytest.mark.parametrize("rate", [100_000, 1_200_000])
@simulated(peers=(), piece=256 * 1024, files=(movie(400 * MIB, 400),), bitrate=1.0 * MIB)
async def test_what_is_handed_over_follows_what_the_swarm_delivers(sim: Sim, rate: int) -> None:
    """Fast swarms get more at once, slow ones no more than comes in some seconds."""
    for _ in range(5):
        sim.swarm.join(FakePeer(rate=rate, rtt=0.05))
    viewer = await sim.viewer()
    viewer.open()
    await viewer.first_byte()
    since = sim.now() + 1.5
    await viewer.play(2)
    most = sim.ledger.most_wanted(since, sim.now()) * sim.scene.piece
    assert most >= 0.2 * 5 * rate
    assert most <= max(planner.FLOOR_BYTES + 4 * sim.scene.piece, 2.5 * 5 * rate)


@simulated()
async def test_nobody_watches_and_the_film_comes_all_the_same(sim: Sim) -> None:
    await sim.viewer()
    await sim.until(sim.whole, "the film")
    assert sim.now() <= 1.5 * physics(HEALTHY, sim.film_of(0).size, 4)
    order = [piece for piece in sim.ledger.order() if piece < sim.pieces()[-1] - 3]
    assert rising(order) > 0.6
