"""Several who watch at once, and several films in one torrent."""

from __future__ import annotations

from simkit.sim import HEALTHY, PIECE, Sim, physics, simulated

from headrace.core.choice import Choice
from headrace.testing.fake_swarm import FakePeer

FAIR = tuple(FakePeer(rate=180_000, rtt=0.05) for _ in range(10))
"""1.8 MB/s: about three viewers' worth."""


@simulated(peers=FAIR)
async def test_two_at_different_places_both_go_on(sim: Sim) -> None:
    one, two = await sim.viewer(name="one"), await sim.viewer(name="two")
    await one.start()
    first = sim.go(one.play(6))
    two.open(two.byte_at(0.6))
    assert await two.first_byte() <= 2 * physics(FAIR, 4 * PIECE, 1)
    second = sim.go(two.play(6))
    await first
    await second
    for viewer in (one, two):
        assert sum(stall.seconds for stall in viewer.stalls) < 1.0, viewer.stalls
        assert viewer.read_bytes >= 6 * viewer.bitrate


@simulated(peers=FAIR)
async def test_who_waits_comes_before_who_has_enough(sim: Sim) -> None:
    """One has seconds ahead and needs nothing; the other gets the swarm."""
    one, two = await sim.viewer(name="one"), await sim.viewer(name="two")
    await one.start()
    await one.play(4)
    two.open(two.byte_at(0.7))
    began = sim.now()
    took = await two.first_byte()
    came = [piece for piece in sim.ledger.order(since=began) if piece >= sim.piece_at(two.byte_at(0.7))]
    assert took <= 2 * physics(FAIR, 4 * PIECE, 1)
    assert came.index(sim.piece_at(two.byte_at(0.7))) <= 2
    assert await one.play(1) == []


@simulated(peers=tuple(FakePeer(rate=40_000, rtt=0.05) for _ in range(10)))
async def test_the_newest_seek_comes_first_and_nobody_starves(sim: Sim) -> None:
    """In a swarm that feeds neither: who sought last is served first, the other soon after."""
    places = {"one": 0.3, "two": 0.5, "three": 0.7}
    viewers = [await sim.viewer(name=name) for name in places]
    arrived: list[str] = []

    async def wait(viewer: object, name: str) -> None:
        assert await viewer.first_byte() < 20  # type: ignore[attr-defined]
        arrived.append(name)

    first = viewers[0]
    await first.start()
    first.close()
    tasks = []
    for viewer, (name, share) in zip(viewers, places.items(), strict=True):
        viewer.open(viewer.byte_at(share))
        tasks.append(sim.go(wait(viewer, name)))
        await sim.pause(0.05)
    for task in tasks:
        await task
    assert arrived[0] == "three"
    assert set(arrived) == set(places)


@simulated(peers=FAIR)
async def test_one_who_leaves_is_forgotten_at_once(sim: Sim) -> None:
    one, two = await sim.viewer(name="one"), await sim.viewer(name="two")
    await one.start()
    await one.play(1)
    two.open(two.byte_at(0.8))
    waiting = sim.go(two.first_byte())
    await sim.pause(0.01)
    assert sim.piece_at(two.byte_at(0.8)) in sim.handle.wanted
    two.close()
    assert sim.piece_at(two.byte_at(0.8)) not in sim.handle.wanted
    await sim.pause(0)
    assert waiting.done()
    assert type(waiting.exception()).__name__ == "ReaderClosed"
    assert await one.play(3) == []


@simulated(films=("first.mp4", "last.mp4", "film.mkv"), choice=Choice(all=True))
async def test_films_of_one_torrent_one_after_the_other(sim: Sim) -> None:
    """Each starts at once, since the one after it comes while nobody needs anything else."""
    waits = []
    for index in range(3):
        viewer = await sim.viewer(index, name=f"film {index}")
        waits.append(await viewer.start())
        await viewer.play(5 if index < 2 else 60)
        viewer.close()
    assert all(wait <= 4 * physics(HEALTHY, 6 * PIECE, 3) for wait in waits), waits  # three asks, each behind a queue
    await sim.until(lambda: all(sim.whole(index) for index in range(3)), "all films")


@simulated(films=("first.mp4", "last.mp4"))
async def test_another_film_of_the_torrent_is_opened_out_of_turn(sim: Sim) -> None:
    """Only one was chosen; the other is opened all the same, and read to its end."""
    one, other = await sim.viewer(0, name="one"), await sim.viewer(1, name="other")
    chosen, apart = (one, other) if sim.torrent.main_video() is one.file else (other, one)
    await chosen.start()
    await chosen.play(2)
    chosen.close()
    assert await apart.start() <= 4 * physics(HEALTHY, 6 * PIECE, 3)  # three asks, each behind a queue
    assert sum(stall.seconds for stall in await apart.play(60)) < 0.5
    assert apart.position == apart.file.size


@simulated(peers=FAIR)
async def test_a_look_aside_costs_a_viewer_nothing(sim: Sim) -> None:
    """Who just looks into the file takes nothing from one who waits, and gets on all the same."""
    one = await sim.viewer(name="one")
    await one.start()
    await one.play(4)
    one.open(one.byte_at(0.5))
    waiting = sim.go(one.first_byte())
    changes = len(sim.handle.changes)
    async with sim.torrent.main_video().open_aside() as aside:
        aside.seek(one.byte_at(0.9))
        looks = sim.go(aside.ready(1))
        assert await waiting <= 2 * physics(FAIR, 4 * PIECE, 1)
        assert all(change.jump is None for change in sim.handle.changes[changes:])
        assert sum(stall.seconds for stall in await one.play(6)) < 0.5
        assert (await looks).size == 1
