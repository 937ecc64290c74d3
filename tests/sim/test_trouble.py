"""Swarms that lack something: the reader waits, says why, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from simkit.sim import HEALTHY, PIECE, RATE, Sim, physics, simulated
from simkit.viewer import Viewer

from headrace.core.events import Resumed, Waiting
from headrace.core.events import Warning as WarningNote
from headrace.streaming.reader import StreamFailed
from headrace.testing.fake_swarm import FakePeer

PIECES = frozenset(range(400))
HOLE = 100


def lacking(*pieces: int) -> tuple[FakePeer, ...]:
    return tuple(FakePeer(rate=RATE, have=PIECES - set(pieces)) for _ in range(10))


async def waits_at(sim: Sim, viewer: Viewer, reason: str, within: float = 20.0) -> Waiting:
    """Until it is told that somebody waits, and why."""
    began = sim.now()
    await sim.until(lambda: any(note.reason == reason for note in sim.notes(Waiting, began)), reason, within)
    return next(note for note in sim.notes(Waiting, began) if note.reason == reason)


async def started(sim: Sim, seconds: float = 1.0) -> Viewer:
    viewer = await sim.viewer()
    await viewer.start()
    await viewer.play(seconds)
    return viewer


@simulated(peers=lacking(HOLE))
async def test_a_piece_that_nobody_has(sim: Sim) -> None:
    viewer = await started(sim)
    playing = sim.go(viewer.play(60))
    waiting = await waits_at(sim, viewer, "piece_unavailable")
    assert waiting.piece == HOLE
    assert str(HOLE) in waiting.detail
    assert sim.piece_at(viewer.position) == HOLE
    assert sim.torrent.status().state == "waiting"
    await sim.until(lambda: sum(sim.handle.have) == len(sim.pieces()) - 1, "all else is fetched meanwhile")
    assert HOLE in sim.handle.wanted
    joined = sim.now()
    sim.swarm.join(FakePeer(rate=RATE))
    await sim.until(lambda: viewer.position > (HOLE + 1) * PIECE, "it goes on")
    assert sim.now() - joined <= 2 * physics([FakePeer(rate=RATE)], PIECE, 4)
    await sim.pause(1)
    assert len(sim.notes(Resumed, joined)) == 1
    await playing
    assert viewer.position == viewer.file.size
    assert [stall for stall in viewer.stalls if stall.at > joined + 1] == []


@simulated(peers=lacking(HOLE))
async def test_a_dead_piece_is_no_obstacle_for_who_seeks_past_it(sim: Sim) -> None:
    viewer = await started(sim)
    sim.go(viewer.play(60))
    await waits_at(sim, viewer, "piece_unavailable")
    other = await sim.viewer(name="other")
    other.open(other.byte_at(0.8))
    assert await other.first_byte() <= 2 * physics(HEALTHY, 8 * PIECE, 1)


@simulated(peers=tuple(FakePeer(rate=RATE, chokes=((3.0, 12.0),)) for _ in range(10)))
async def test_everybody_chokes_for_a_while(sim: Sim) -> None:
    viewer = await started(sim)
    viewer.open(viewer.byte_at(0.97))
    sim.go(viewer.play(1))
    await sim.until(lambda: sim.now() > 3.0, "the choke")
    viewer.open(viewer.byte_at(0.9))
    if sim.handle.have[sim.piece_at(viewer.position)]:
        viewer.open(next(p for p in sim.pieces() if not sim.handle.have[p]) * PIECE)
    reading = sim.go(viewer.first_byte())
    waiting = await waits_at(sim, viewer, "choked")
    assert "10 peers" in waiting.detail
    assert waiting.piece == sim.piece_at(viewer.position)
    assert not reading.done()
    await sim.until(lambda: sim.now() >= 12.0, "the end of the choke")
    await reading
    assert sim.now() <= 12.0 + 2 * physics(HEALTHY, 8 * PIECE, 2)


@simulated(peers=())
async def test_no_peers_at_all(sim: Sim) -> None:
    await sim.pause(12)
    assert {note.reason for note in sim.notes(Waiting)} == {"no_peers"}
    assert [note.piece for note in sim.notes(Waiting)] == [None] * len(sim.notes(Waiting))
    assert 1.0 <= sim.times(Waiting)[0] <= 2.1
    assert sim.torrent.status().state in ("connecting", "metadata")


@simulated(peers=tuple(FakePeer(rate=30_000) for _ in range(10)))
async def test_a_swarm_slower_than_the_film(sim: Sim) -> None:
    """300 kB/s for a film of 580: it waits, and says that it is slow, not that something is wrong."""
    viewer = await sim.viewer()
    await viewer.start()
    playing = sim.go(viewer.play(30))
    await sim.pause(15)
    assert {note.reason for note in sim.notes(Waiting, 4)} == {"slow"}
    said = sim.notes(Waiting, 4)[-1]
    assert said.piece is not None
    assert not playing.done()
    played = viewer.read_bytes
    assert played >= 0.8 * 300_000 * (sim.now() - 3), "all that comes is played"


@simulated(peers=())
async def test_peers_come_and_go(sim: Sim) -> None:
    """Each stays for three seconds and leaves in the middle of what it sends; the next are there before."""
    for number in range(60):
        sim.swarm.join(FakePeer(rate=RATE, joins=0.4 * number, leaves=0.4 * number + 3.05))
    viewer = await sim.viewer()
    await viewer.start()
    stalls = await viewer.play(60)
    assert viewer.position == viewer.file.size
    assert sum(stall.seconds for stall in stalls) < 1.0, stalls


@simulated(peers=(*HEALTHY[:5], *(FakePeer(rate=RATE, dies_after=300_000.0) for _ in range(5))))
async def test_peers_fall_silent_in_the_middle_of_a_piece(sim: Sim) -> None:
    viewer = await sim.viewer()
    await viewer.start()
    stalls = await viewer.play(60)
    assert viewer.position == viewer.file.size
    # a silent peer's blocks are asked of others after three seconds
    assert sum(stall.seconds for stall in stalls) < 6.0, stalls


@simulated()
async def test_all_seeds_go_away_and_come_back(sim: Sim) -> None:
    viewer = await started(sim)
    playing = sim.go(viewer.play(60))
    gone = sim.swarm.leave_all()
    waiting = await waits_at(sim, viewer, "no_peers")
    assert waiting.piece == sim.piece_at(viewer.position)
    stopped = viewer.position
    await sim.pause(30)
    assert viewer.position == stopped
    assert not playing.done()
    back = sim.now()
    for peer in gone:
        sim.swarm.join(peer)
    await sim.until(lambda: viewer.position > stopped, "it goes on")
    assert sim.now() - back <= 2 * physics(HEALTHY, 8 * PIECE, 4)
    await sim.pause(1.5)
    assert len(sim.notes(Resumed, back)) == 1
    assert sim.notes(Resumed, back)[0].seconds > 30
    await playing
    assert viewer.position == viewer.file.size


@simulated()
async def test_paused_and_resumed(sim: Sim) -> None:
    viewer = await started(sim)
    viewer.seek(viewer.byte_at(0.9))
    reading = sim.go(viewer.first_byte())
    sim.handle.set_paused(True)
    waiting = await waits_at(sim, viewer, "paused")
    assert "resumed" in waiting.detail
    await sim.pause(10)
    assert not reading.done()
    assert sim.torrent.status().state == "paused"
    on = sim.now()
    sim.handle.set_paused(False)
    await reading
    assert sim.now() - on <= 2 * physics(HEALTHY, 8 * PIECE, 4)


LIAR = FakePeer(rate=RATE, corrupt=PIECES)


@pytest.mark.parametrize("eager", ["off", "trusted"])
@simulated(peers=(LIAR, *HEALTHY[:4]))
async def test_a_liar_never_gets_a_wrong_byte_through(sim: Sim, eager: str) -> None:
    """The viewer holds each byte against the film."""
    viewer = await sim.viewer(eager=eager)
    await viewer.start()
    await viewer.play(60)
    assert viewer.position == viewer.file.size
    assert [note.kind for note in sim.notes(WarningNote)].count("hash") >= 1


@simulated(peers=(FakePeer(rate=RATE, corrupt=frozenset(range(20, 400))),), before=0)
async def test_a_reader_of_unchecked_bytes_ends_when_they_prove_wrong(sim: Sim) -> None:
    """``--eager=all`` took them before the check: it must not go on as if nothing were wrong."""
    viewer = await sim.viewer(eager="all")
    viewer.open(20 * PIECE)
    reader = viewer.reader
    assert reader is not None

    async def read_on() -> None:
        while True:
            assert await reader.read()

    with pytest.raises(StreamFailed, match="proved wrong"):
        await read_on()
    with pytest.raises(StreamFailed):
        await reader.read()
    careful = await sim.viewer(name="careful")
    careful.open(20 * PIECE)
    waiting = sim.go(careful.first_byte())
    await sim.pause(5)
    assert not waiting.done(), "who asked for checked bytes waits"
    sim.swarm.join(FakePeer(rate=RATE))
    assert await waiting > 0


@pytest.mark.parametrize("lose", [True, False], ids=["in mid-piece", "between"])
@simulated(peers=(FakePeer(rate=50_000),))
async def test_the_only_peer_leaves(sim: Sim, lose: bool) -> None:
    """What came of a piece before is not fetched again."""
    viewer = await sim.viewer()
    viewer.open()
    reading: asyncio.Task[float] = sim.go(viewer.first_byte())
    came: Callable[[], int] = lambda: sim.torrent.status().downloaded  # noqa: E731
    await sim.pause(1.0 if lose else 2.0)
    sim.handle.request_stats()
    await sim.pause(0)
    before = came()
    (gone,) = sim.swarm.leave_all()
    await sim.pause(10)
    sim.swarm.join(gone)
    await reading
    assert before >= 16_384
    assert sim.now() < 12 + 2 * physics([gone], PIECE, 5)


QUICK = tuple(FakePeer(rate=200_000, rtt=0.05) for _ in range(6))
CRAWLERS = tuple(FakePeer(rate=12_000, rtt=0.03) for _ in range(4))


@simulated(peers=CRAWLERS + QUICK)
async def test_crawlers_do_not_hold_up_a_viewer(sim: Sim) -> None:
    """Some peers need three seconds for what each new peer is handed first."""
    viewer = await sim.viewer()
    await viewer.start()
    await viewer.play(3)
    viewer.open(viewer.byte_at(0.7))
    assert await viewer.first_byte() <= 2 * physics(QUICK, 2 * PIECE, 2), "alone they would take 2.5 s"
    await sim.pause(25)
    assert len(sim.handle._wire.links) == len(CRAWLERS + QUICK), "they are met again"
