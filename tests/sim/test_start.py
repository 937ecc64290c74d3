"""From the magnet link to the first picture."""

from __future__ import annotations

import pytest
from simkit.films import KIB, MIB
from simkit.sim import HEALTHY, Sim, physics, simulated, total

from headrace.core.events import Ready
from headrace.core.planner import CRITICAL_BYTES
from headrace.testing.fake_swarm import FakePeer

RAMP = tuple(FakePeer(rate=200_000, joins=float(second)) for second in range(10))
"""Each second one more."""
THIN = tuple(FakePeer(rate=40_000, rtt=0.05) for _ in range(6))
"""240 kB/s: what is fetched for nothing is felt."""


async def ready(sim: Sim) -> float:
    await sim.until(lambda: sim.times(Ready), "ready")
    return sim.times(Ready)[0]


@pytest.mark.parametrize(
    ("films", "trips"),
    [
        (("first.mp4",), 2),  # let in, asked
        (("last.mp4",), 3),  # and asked again, for the index
        (("film.mkv",), 3),
    ],
    ids=["index first", "index last", "cues last"],
)
@simulated()
async def test_the_first_picture_comes_soon(sim: Sim, films: tuple[str, ...], trips: int) -> None:
    viewer = await sim.viewer()
    took = await viewer.start()
    least = physics(HEALTHY, CRITICAL_BYTES, trips)
    assert least <= took + 0.1, "nothing is faster than the wire"
    assert took <= 2 * least
    assert await ready(sim) - sim.metadata_at <= 2 * least
    assert len(sim.times(Ready)) == 1


@pytest.mark.parametrize("films", [("last.mp4",), ("film.mkv",)], ids=["index last", "cues last"])
@simulated(peers=THIN)
async def test_the_index_at_the_end_comes_before_the_rest_of_the_film(sim: Sim, films: tuple[str, ...]) -> None:
    viewer = await sim.viewer()
    await viewer.start()
    warm = sim.torrent.warm_of(viewer.file)
    assert warm is not None
    assert warm.info == sim.film_of(0).info, "found by reading the container"
    index, order = sim.piece_at(sim.film_of(0).info.pins[-1].start), sim.ledger.order()
    needed = range(CRITICAL_BYTES // sim.scene.piece)
    assert sim.ledger.first_wish([index]) <= sim.ledger.first_wish(range(needed.stop, index - 3))
    between = [piece for piece in order[: order.index(index)] if needed.stop <= piece < index - 3]
    assert len(between) <= 2, "only what peers were asked for before the index was known"


@pytest.mark.parametrize("films", [("first.mp4",), ("last.mp4",), ("film.mkv",)], ids=lambda films: films[0])
@simulated(peers=THIN)
async def test_little_is_fetched_before_it_is_ready(sim: Sim, films: tuple[str, ...]) -> None:
    await sim.viewer()
    needed = CRITICAL_BYTES + sum(pin.size for pin in sim.film_of(0).info.pins if pin.start > CRITICAL_BYTES)
    fetched = sim.ledger.bytes_until(await ready(sim))
    assert needed <= fetched <= needed + 8 * sim.scene.piece
    assert await ready(sim) <= sim.metadata_at + 2 * physics(THIN, needed, 3)


@simulated(films=("unknown.mp4",))
async def test_an_unknown_container_has_both_its_ends(sim: Sim) -> None:
    """Nobody can say where its index lies: a share at either end comes early, and the film plays all the same."""
    viewer = await sim.viewer()
    viewer.open()
    assert await viewer.first_byte() <= 2 * physics(HEALTHY, CRITICAL_BYTES, 2)
    await ready(sim)
    warm = sim.torrent.warm_of(viewer.file)
    assert warm is not None
    assert warm.info is not None
    assert (warm.info.container, warm.info.complete) == ("unknown", False)
    share = sim.film_of(0).size // 100
    first, last = sim.piece_at(share), sim.piece_at(sim.film_of(0).size - 1)
    await viewer.play(2)
    came = sim.ledger.order()
    middle = [piece for piece in came if first + 64 < piece < sim.piece_at(sim.film_of(0).size - share)]
    assert last in came
    assert not middle or came.index(last) < came.index(middle[0]), "the end comes before the middle"


@simulated(films=("last.mp4",), peers=RAMP)
async def test_a_swarm_that_gathers_slowly(sim: Sim) -> None:
    """Peers come one by one: the start needs the first of them only, and later ones are used at once."""
    viewer = await sim.viewer()
    took = await viewer.start()
    assert took <= 2 * physics(RAMP[:1], CRITICAL_BYTES + 64 * KIB, 4)
    await viewer.play(4)
    early = sim.now()
    before = sim.ledger.bytes_until(early)
    await viewer.play(4)
    rate = (sim.ledger.bytes_until(sim.now()) - before) / (sim.now() - early)
    assert rate >= 0.7 * total([peer for peer in RAMP if peer.joins <= early])


@simulated(films=("last.mp4",), before=100_001)
async def test_a_film_that_begins_in_the_middle_of_a_piece(sim: Sim) -> None:
    viewer = await sim.viewer()
    assert viewer.file.index == 1
    assert await viewer.start() <= 2 * physics(HEALTHY, CRITICAL_BYTES, 3)
    assert sim.torrent.main_video() is viewer.file
    await viewer.play(1)
    assert sim.piece_at(0) == 1
    await sim.until(lambda: sim.whole(), "the film")
    assert not sim.handle.have[0], "the other file was not chosen"


@simulated(films=("last.mp4",), peers=(), piece=MIB)
async def test_the_first_peer_comes_late(sim: Sim) -> None:
    """A minute alone, then somebody: nothing is lost."""
    waiting = sim.go(sim.viewer())
    await sim.pause(60)
    assert not waiting.done()
    for peer in HEALTHY:
        sim.swarm.join(peer)
    viewer = await waiting
    assert sim.metadata_at < 61
    assert await viewer.start() <= 2 * physics(HEALTHY, 2 * MIB, 4)
