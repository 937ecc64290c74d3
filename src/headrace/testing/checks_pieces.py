"""Checks of an engine: which pieces come, in which order, and what can be read of them when (``engine_suite``)."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from msgspec.structs import replace

from headrace.core.pieces import BLOCK
from headrace.core.stragglers import LOOK_SECONDS
from headrace.engine.base import (
    BlockArrived,
    Change,
    PieceFailed,
    PiecesReady,
    PiecesTaken,
)
from headrace.testing.engine_world import FILES, FIRST_MOMENT, PIECE, SLOW, Client, World, client, pieces_in

LIMIT, LIMITED = 120_000, 12
"""Bytes per second, and pieces that are fetched so: 3.3 s. They are more than libtorrent lets through at once, which is
what nobody took for three seconds."""


async def nothing_wanted_nothing_fetched(world: World) -> None:
    """A connected seed alone brings hardly anything, and nothing more as time goes on."""
    seed = await world.add_seed(rate=SLOW)  # on a busy machine the moment is a long one
    async with client(world, seed) as one:
        await one.stats(lambda stats: stats.seeds == 1, "a seed")
        for piece in (pieces_in(world) // 2, pieces_in(world) // 2 + 5, pieces_in(world) // 2 + 10):
            await one.fetch([piece])
        stats = await one.stats(lambda _: True, "stats")
        assert stats.downloaded <= (3 + FIRST_MOMENT) * PIECE, stats
        assert len(one.arrived()) <= 3 + FIRST_MOMENT, one.arrived()


async def wanted_pieces_come_alone(world: World) -> None:
    """What is wanted becomes ready, the short last piece too, and hardly anything else; ``have`` says the same."""
    seed = await world.add_seed(rate=SLOW)
    wanted = (20, 21, 27, 28, pieces_in(world) - 1)
    async with client(world, seed) as one:
        await one.fetch(wanted)
        assert len(one.arrived()) <= len(wanted) + FIRST_MOMENT, one.arrived()
        assert one.torrent is not None
        had = {piece for piece, had in enumerate(one.torrent.have) if had}
        assert had == set(one.arrived()), (had, one.arrived())


async def whole_torrent(world: World) -> None:
    """All pieces from several seeds: each file is what it should be, and the torrent seeds."""
    seeds = [await world.add_seed() for _ in range(3)]
    async with client(world, *seeds, magnet=True) as one:
        await one.fetch(range(pieces_in(world)))
        for index in range(len(FILES)):
            assert one.file_bytes(index) == one.source(index), FILES[index]
        assert (await one.stats(lambda stats: stats.phase == "seeding", "seeding")).downloaded >= sum(
            size for _, size in FILES
        )


async def dropped_pieces_do_not_come(world: World) -> None:
    """What is dropped before it was asked for is not fetched."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=tuple(range(pieces_in(world) - 1))))
        await one.had([0])
        one.torrent.apply(Change(drop=tuple(range(20, pieces_in(world) - 1))))
        await one.had(range(20))
        await one.fetch([pieces_in(world) - 1])
        unwanted = set(one.arrived()) - {*range(20), pieces_in(world) - 1}
        assert len(unwanted) <= FIRST_MOMENT, unwanted


async def pieces_come_in_order(world: World) -> None:
    """Wanted pieces are fetched by their index, whatever the order of the wishes; at most a few change places."""
    seeds = [await world.add_seed(rate=400_000) for _ in range(2)]
    async with client(world, *seeds) as one:
        await one.fetch(tuple(reversed(range(pieces_in(world)))))
        order = one.arrived()
        # two peers hold up to a second each (12 pieces): a piece may come that much late, never wildly so
        far = [(piece, place) for place, piece in enumerate(order) if abs(piece - place) > 13]
        assert not far, order
        rising = sum(after > before for before, after in pairwise(order))
        assert rising >= 0.7 * (pieces_in(world) - 1), order


async def order_holds_after_going_back(world: World) -> None:
    """Pieces before those that were fetched already come in order too, but for neighbours."""
    seed = await world.add_seed(rate=4 * SLOW)
    async with client(world, seed) as one:
        await one.fetch(range(30, 40))
        await one.fetch(range(5, 25))
        later = [piece for piece in one.arrived() if 5 <= piece < 25]
        assert all(abs(piece - 5 - place) <= 3 for place, piece in enumerate(later)), later


async def a_jump_comes_soon(world: World) -> None:
    """After a seek the new piece comes before what was in flight could all have come."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=tuple(range(40))))
        await one.had([1])
        one.torrent.apply(Change(want=(45, 46, 47), drop=tuple(range(40)), jump=45))
        await one.had([45])
        between = one.arrived().index(45) - one.arrived().index(1)
        assert between <= 10, one.arrived()
        await one.had([46, 47])


async def only_chosen_files_are_on_disk(world: World) -> None:
    """A file that is not chosen does not appear; choosing it later brings what is had of it, readable."""
    seed = await world.add_seed()
    async with Client(world) as one:
        one.attach()
        torrent = one.add(replace(one.request(seed), files_later=True))
        await one.until(lambda: torrent.layout is not None, "metadata")
        assert torrent.layout is not None
        one.choose(1)
        await one.fetch(torrent.layout.pieces_of(one.entry(1).span))
        assert one.file_bytes(1) == one.source(1)
        assert not one.path(0).exists()
        assert not one.path(2).exists()
        one.choose(0, 1, 2)
        await one.fetch(range(pieces_in(world)))
        assert one.file_bytes(0) == one.source(0)
        assert one.file_bytes(2) == one.source(2)


async def wishes_next_to_a_choice_hold(world: World) -> None:
    """A wish in the same step as a choice of files is neither lost nor much widened, whichever comes first."""
    seed = await world.add_seed(rate=2 * SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=(10, 11)))
        one.choose(1)
        one.torrent.apply(Change(want=(20,), drop=(11,)))
        await one.had([10, 20])
        await one.fetch([40])
        assert len(set(one.arrived()) - {10, 11, 20, 40}) <= FIRST_MOMENT, one.arrived()


async def pausing_stops_all(world: World) -> None:
    """Paused: no peers and nothing arrives; going on brings what is wanted."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=tuple(range(20))))
        await one.had([0])
        one.torrent.set_paused(True)
        paused = await one.stats(lambda stats: stats.paused and stats.peers == 0, "pause")
        had = set(one.arrived())
        assert len(had) < 20
        assert paused.down_rate >= 0
        one.torrent.set_paused(False)
        one.torrent.add_peers([seed])
        await one.had(range(20))
        assert not (await one.stats(lambda _: True, "stats")).paused


async def corrupt_pieces_never_count(world: World) -> None:
    """A piece with wrong bytes fails, is not had, and comes right from another peer."""
    liar = await world.add_seed(corrupt=(7,))
    async with client(world, liar) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=tuple(range(5, 10))))
        await one.until(lambda: bool(one.of(PieceFailed)), "the failure")
        assert {event.piece for event in one.of(PieceFailed)} == {7}
        assert not one.torrent.have[7]
        one.torrent.add_peers([await world.add_seed()])
        await one.had(range(5, 10))
        assert one.torrent.have[7]


async def blocks_are_reported(world: World) -> None:
    """With ``blocks`` each block is reported once it can be read; trusted only after its peer was right before."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed, blocks=True) as one:
        await one.fetch([20])
        ready = next(place for place, event in enumerate(one.events) if isinstance(event, PiecesReady))
        assert not any(event.trusted for event in one.events[:ready] if isinstance(event, BlockArrived))
        await one.fetch([26])
        blocks = {(event.piece, event.block): event.trusted for event in one.of(BlockArrived)}
        for piece in (20, 26):  # the block that makes its piece ready may be told by ``PiecesReady`` alone
            assert len([block for of, block in blocks if of == piece]) >= PIECE // BLOCK - 1, blocks
        assert all(trusted for (piece, _), trusted in blocks.items() if piece == 26), blocks


async def blocks_can_be_asked_for_later(world: World) -> None:
    """``report_blocks`` begins and ends the reports."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        await one.fetch([20])
        one.torrent.report_blocks(True)
        await one.fetch([30])
        one.torrent.report_blocks(False)
        await one.fetch([40])
        told = {event.piece for event in one.of(BlockArrived)}
        assert told & {20, 30, 40} == {30}, told
        assert len(told) <= 1 + FIRST_MOMENT, told


async def taken_pieces_are_told(world: World) -> None:
    """``PiecesTaken`` comes once for each wanted piece, not after the piece is ready."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        await one.fetch(range(10))
        told = [
            (place, piece)
            for place, event in enumerate(one.events)
            if isinstance(event, PiecesTaken)
            for piece in event.pieces
        ]
        assert sorted(piece for _, piece in told if piece < 10) == list(range(10)), told
        for place, piece in told:
            ready = [
                at for at, event in enumerate(one.events) if isinstance(event, PiecesReady) and piece in event.pieces
            ]
            assert place < ready[0], f"piece {piece} was ready before it was taken"


async def pieces_in_flight_are_known(world: World) -> None:
    """A wanted piece is in flight once peers were asked for it, and no longer when it is had, dropped or paused."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        torrent = one.torrent
        assert torrent is not None
        torrent.apply(Change(want=tuple(range(20, 40))))
        await one.until(lambda: 20 in torrent.in_flight(), "the first request")
        await one.had([20])
        flying = torrent.in_flight()
        assert 20 not in flying, flying
        assert set(flying) & set(range(21, 40)), flying
        assert list(flying) == sorted(set(flying)), flying
        assert not any(torrent.have[piece] for piece in flying), flying
        dropped = flying[-1]
        torrent.apply(Change(drop=(dropped,)))
        assert dropped not in torrent.in_flight(), torrent.in_flight()
        torrent.set_paused(True)
        await one.stats(lambda stats: stats.paused and stats.peers == 0, "pause")
        assert torrent.in_flight() == ()
        torrent.set_paused(False)
        torrent.add_peers([seed])
        await one.until(lambda: bool(torrent.in_flight()), "requests after the pause")
        wanted = set(range(20, 40)) - {dropped}
        await one.had(sorted(wanted))
        assert not wanted.intersection(torrent.in_flight()), torrent.in_flight()


async def stragglers_are_let_go(world: World) -> None:
    """Who holds up a piece that is waited for loses its connection after some looks; nobody else does."""
    quick = [await world.add_seed(rate=SLOW) for _ in range(3)]
    crawler = await world.add_seed(rate=SLOW // 16)
    async with client(world, *quick, crawler) as one:
        assert one.torrent is not None
        await one.peers(4)
        one.torrent.apply(Change(want=tuple(range(40))))
        await one.until(lambda: len(one.arrived()) > 20, "most pieces")
        while (late := one.torrent.have.find(0, 0, 40)) >= 0:
            one.torrent.take_over(late)
            await asyncio.sleep(LOOK_SECONDS)
        await one.had(range(40))
        left = await one.peers(3)
        assert {peer.address for peer in left} == {f"{host}:{port}" for host, port in quick}, left


async def seeds_go_and_come_back(world: World) -> None:
    """Without seeds nothing arrives and nothing fails; when one is back the rest comes."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=tuple(range(12))))
        await one.had([0])
        await world.remove_seed(seed)
        await one.stats(lambda stats: stats.peers == 0, "loneliness")
        assert len(one.arrived()) < 12
        await world.restore_seed(seed)
        one.torrent.add_peers([seed])
        await one.had(range(12))


async def a_limit_holds_until_it_is_lifted(world: World) -> None:
    """Also for peers on this machine; and without it all comes as fast as ever."""
    seeds = [await world.add_seed() for _ in range(2)]
    async with client(world) as one:
        assert one.torrent is not None
        loop = asyncio.get_running_loop()
        one.torrent.set_limits(LIMIT, 0)
        one.torrent.add_peers(seeds)  # not before: on a busy machine all may have come by now
        await one.fetch(range(LIMITED))  # what was saved up while nothing came is let through at once
        begun = loop.time()
        await one.fetch(range(LIMITED, 2 * LIMITED))
        assert loop.time() - begun > 0.5 * LIMITED * PIECE / LIMIT
        one.torrent.set_limits(0, 0)
        begun = loop.time()
        await one.fetch(range(2 * LIMITED, 4 * LIMITED))
        assert loop.time() - begun < 0.75 * 2 * LIMITED * PIECE / LIMIT
