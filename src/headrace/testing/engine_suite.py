"""What every engine must do: the rules of ``headrace.engine.base`` as checks that can be run on any engine.

Rules: a check is an async function of a ``World``; it needs nothing else and leaves nothing behind. All that events
promise is looked at while they are delivered (``engine_world.Client``), in every check. Real time only bounds the
waits.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_engine(check): ...
        async with make() as world:
            await check(world)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from headrace.engine.base import (
    BLOCK,
    AddRequest,
    BlockArrived,
    Change,
    MetadataReady,
    Peers,
    PieceFailed,
    PiecesReady,
    PiecesTaken,
    ResumeSaved,
    TorrentRemoved,
    TrackerReplied,
)
from headrace.errors import InputError
from headrace.testing.engine_world import FILES, NAME, PATIENCE, PIECE, PIECES, SIZE, Client, Make, World, client

Check = Callable[[World], Awaitable[None]]

SLOW = 200_000
"""Bytes per second of a seed that leaves time to change one's mind."""
FIRST_MOMENT = 4
"""Pieces that may come unwanted where an engine wants all until it is told otherwise (metadata from a peer, a choice of
files): a few blocks of each peer may be on their way by then."""


async def metadata_of_a_torrent(world: World) -> None:
    """A .torrent gives ``MetadataReady`` without any peer, with the files and pieces that it has."""
    async with client(world) as one:
        layout = one.of(MetadataReady)[0].layout
        assert one.torrent is not None
        assert one.torrent.layout == layout
        assert one.torrent.info_hash == world.info_hash
        assert (layout.name, layout.piece_length, layout.total_size) == (NAME, PIECE, SIZE)
        listed = [(entry.path, entry.size) for entry in layout.listed()]
        assert listed == [(f"{NAME}/{path}", size) for path, size in FILES]
        assert one.torrent.have == bytearray(PIECES)
        assert one.torrent.path_of(1) == world.folder / NAME / "b" / "two.bin"


async def nothing_is_known_before_the_metadata(world: World) -> None:
    """A magnet link without peers: no layout, an empty have-map, no paths, and no error."""
    async with Client(world) as one:
        one.attach()
        torrent = one.add(one.request(magnet=True))
        assert torrent.layout is None
        assert len(torrent.have) == 0
        try:
            torrent.path_of(0)
        except RuntimeError:
            pass
        else:
            raise AssertionError("path_of before the metadata")
        assert (await one.stats(lambda _: True, "stats")).phase == "metadata"
        assert not one.of(MetadataReady)


async def metadata_of_a_magnet(world: World) -> None:
    """A magnet link gets its metadata from a peer, and then hardly anything that is not wanted."""
    seed = await world.add_seed()
    async with client(world, seed, magnet=True) as one:
        assert one.of(MetadataReady)[0].layout.total_size == SIZE
        await one.fetch([20])
        await one.fetch([30])
        assert len(one.arrived()) <= 2 + FIRST_MOMENT, one.arrived()


async def wishes_before_the_metadata_hold(world: World) -> None:
    """What was wanted before the metadata came is fetched after it."""
    seed = await world.add_seed()
    async with Client(world) as one:
        one.attach()
        torrent = one.add(one.request(magnet=True))
        torrent.apply(Change(want=(2, 4)))
        torrent.add_peers([seed])
        await one.had([2, 4])
        await one.fetch([30])
        assert len(one.arrived()) <= 3 + FIRST_MOMENT, one.arrived()


async def metadata_only(world: World) -> None:
    """With ``metadata_only`` no payload comes."""
    seed = await world.add_seed()
    async with Client(world) as one:
        one.attach()
        one.add(AddRequest(world.info_hash, world.folder, magnet=world.magnet, peers=(seed,), metadata_only=True))
        await one.until(lambda: bool(one.of(MetadataReady)), "metadata")
        stats = await one.stats(lambda stats: stats.phase != "metadata", "metadata")
        assert stats.downloaded == 0
        assert not any(world.folder.rglob("*.bin"))


async def nothing_wanted_nothing_fetched(world: World) -> None:
    """A connected seed alone brings nothing; one wish brings one piece."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        stats = await one.stats(lambda stats: stats.seeds == 1, "a seed")
        assert stats.downloaded == 0
        assert one.torrent is not None
        await one.fetch([PIECES // 2])
        assert one.arrived() == [PIECES // 2]
        assert sum(one.torrent.have) == 1


async def wanted_pieces_come_alone(world: World) -> None:
    """Exactly what is wanted becomes ready, the short last piece too; the bytes are in the files at that moment."""
    seed = await world.add_seed()
    wanted = (0, 1, 7, 8, PIECES - 1)
    async with client(world, seed) as one:
        await one.fetch(wanted)
        assert sorted(one.arrived()) == sorted(wanted), one.arrived()
        assert one.torrent is not None
        assert {piece for piece, had in enumerate(one.torrent.have) if had} == set(wanted)


async def whole_torrent(world: World) -> None:
    """All pieces from several seeds: each file is what it should be, and the torrent seeds."""
    seeds = [await world.add_seed() for _ in range(3)]
    async with client(world, *seeds, magnet=True) as one:
        await one.fetch(range(PIECES))
        start = 0
        for index, (_, size) in enumerate(FILES):
            assert one.file_bytes(index) == world.content[start : start + size]
            start += size
        assert (await one.stats(lambda stats: stats.phase == "seeding", "seeding")).downloaded >= SIZE


async def dropped_pieces_do_not_come(world: World) -> None:
    """What is dropped before it was asked for is not fetched."""
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.torrent.apply(Change(want=tuple(range(PIECES - 1))))
        await one.had([0])
        one.torrent.apply(Change(drop=tuple(range(20, PIECES - 1))))
        await one.had(range(20))
        await one.fetch([PIECES - 1])
        assert set(one.arrived()) == {*range(20), PIECES - 1}


async def pieces_come_in_order(world: World) -> None:
    """Wanted pieces are fetched by their index, whatever the order of the wishes; at most a few change places."""
    seeds = [await world.add_seed(rate=400_000) for _ in range(2)]
    async with client(world, *seeds) as one:
        await one.fetch(tuple(reversed(range(PIECES))))
        order = one.arrived()
        # two peers hold up to a second each (12 pieces): a piece may come that much late, never wildly so
        far = [(piece, place) for place, piece in enumerate(order) if abs(piece - place) > 13]
        assert not far, order
        rising = sum(after > before for before, after in pairwise(order))
        assert rising >= 0.7 * (PIECES - 1), order


async def order_holds_after_going_back(world: World) -> None:
    """Pieces before those that were fetched already come in order too."""
    seed = await world.add_seed(rate=4 * SLOW)
    async with client(world, seed) as one:
        await one.fetch(range(30, 40))
        await one.fetch(range(5, 25))
        later = [piece for piece in one.arrived() if piece < 30]
        assert later == sorted(later), later


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
    async with client(world, seed) as one:
        assert one.torrent is not None
        assert one.torrent.layout is not None
        one.choose(1)
        await one.fetch(one.torrent.layout.pieces_of(one.torrent.layout.file(1).span))
        assert one.file_bytes(1) == world.content[FILES[0][1] : FILES[0][1] + FILES[1][1]]
        assert not one.torrent.path_of(0).exists()
        assert not one.torrent.path_of(2).exists()
        one.choose(0, 1, 2)
        await one.fetch(range(PIECES))
        assert one.file_bytes(0) == world.content[: FILES[0][1]]
        assert one.file_bytes(2) == world.content[-FILES[2][1] :]


async def wishes_next_to_a_choice_hold(world: World) -> None:
    """A wish in the same step as a choice of files is neither lost nor much widened, whichever comes first."""
    seed = await world.add_seed()
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


async def stats_and_peers_are_answered(world: World) -> None:
    """``Stats`` and ``Peers`` come when asked for, and say what is so."""
    seed = await world.add_seed()
    part = await world.add_seed(have=(0, 1))
    async with client(world, seed, part) as one:
        assert one.torrent is not None
        stats = await one.stats(lambda stats: stats.peers == 2 and stats.seeds == 1, "two peers")
        assert stats.phase in ("downloading", "finished")
        await one.fetch([5])
        assert (await one.stats(lambda stats: stats.downloaded >= PIECE, "bytes")).downloaded < SIZE
        one.torrent.request_peers()
        await one.until(lambda: bool(one.of(Peers)), "peers")
        peers = {peer.address: peer for peer in one.of(Peers)[-1].peers}
        full, partial = peers[f"{seed[0]}:{seed[1]}"], peers[f"{part[0]}:{part[1]}"]
        assert full.seed
        assert full.progress == 1.0
        assert not partial.seed
        assert [piece for piece, had in enumerate(partial.pieces) if had] == [0, 1]
        assert len(full.pieces) in (0, PIECES)


async def nothing_is_said_unasked(world: World) -> None:
    """``Peers``, ``ResumeSaved`` and ``BlockArrived`` come only when asked for."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        await one.fetch(range(10))
        unasked = [event for event in one.events if isinstance(event, Peers | ResumeSaved | BlockArrived)]
        assert not unasked, unasked


async def resume_round_trip(world: World) -> None:
    """With saved state the next engine knows metadata and pieces at once, without a peer."""
    seed = await world.add_seed()
    async with client(world, seed, magnet=True) as one:
        assert one.torrent is not None
        await one.fetch(range(4, 9))
        one.torrent.save_resume()
        await one.until(lambda: bool(one.of(ResumeSaved)), "resume data")
        saved = one.of(ResumeSaved)[-1].data
    async with Client(world) as two:
        two.attach()
        torrent = two.add(two.request(magnet=True, resume=saved))
        await two.had(range(4, 9))
        assert torrent.layout == one.torrent.layout
        assert sorted(two.arrived()) == sorted(one.arrived())
        torrent.add_peers([seed])
        await two.fetch([20])


async def useless_resume_data_does_no_harm(world: World) -> None:
    """Saved state that is torn is as none at all."""
    seed = await world.add_seed()
    async with Client(world) as one:
        one.attach()
        one.add(one.request(seed, resume=b"d4:infode"))
        await one.fetch([1])
        assert one.arrived() == [1]


async def resume_data_without_the_files(world: World) -> None:
    """Pieces whose files are gone are not had, whatever saved state says."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        assert one.torrent is not None
        await one.fetch(range(4, 9))
        one.torrent.save_resume()
        await one.until(lambda: bool(one.of(ResumeSaved)), "resume data")
        one.torrent.path_of(1).unlink()
    async with Client(world) as two:
        two.attach()
        two.add(two.request(seed, resume=one.of(ResumeSaved)[-1].data))
        await two.fetch(range(4, 9))
        assert set(range(4, 9)) <= set(two.arrived())


async def data_on_disk_is_found(world: World) -> None:
    """Without saved state, pieces that lie on the disk are found by their hashes, and wrong ones are not."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        assert one.torrent is not None
        one.choose(0, 1, 2)
        await one.fetch(range(PIECES))
        path, size = one.torrent.path_of(1), FILES[1][1]
    data = bytearray(path.read_bytes())
    data[size // 2] ^= 0xFF
    path.write_bytes(data)
    spoiled = (FILES[0][1] + size // 2) // PIECE
    async with client(world) as two:
        await two.had([piece for piece in range(PIECES) if piece != spoiled])
        assert two.torrent is not None
        assert not two.torrent.have[spoiled]


async def events_wait_for_a_listener(world: World) -> None:
    """What happened before ``attach`` is delivered after it, in order."""
    seed = await world.add_seed()
    async with Client(world) as one:
        torrent = one.add(one.request(seed))
        torrent.apply(Change(want=(0,)))
        one.attach()
        await one.had([0])
        kinds = [type(event) for event in one.events if event.info_hash]
        assert kinds.index(MetadataReady) < kinds.index(PiecesReady)


async def bad_input_is_refused(world: World) -> None:
    """``InputError`` for a magnet link or .torrent that cannot be read; the engine goes on."""
    bad = [
        {"torrent": world.torrent[: len(world.torrent) // 2]},
        {"torrent": b"<html>404</html>"},
        {"torrent": b"d8:announce3:abce"},
        {"torrent": b"d4:infod6:lengthi5eee"},
        {"torrent": b"l" * 10_000},
        {"magnet": "magnet:?dn=nothing"},
        {"magnet": "magnet:?xt=urn:btih:zz"},
        {"magnet": "nonsense"},
    ]
    async with Client(world) as one:
        one.attach()
        for what in bad:
            try:
                one.engine.add(AddRequest("0" * 40, world.folder, **what))  # type: ignore[arg-type]
            except InputError:
                continue
            raise AssertionError(f"accepted: {what}")
        one.add(one.request())
        await one.until(lambda: bool(one.of(MetadataReady)), "metadata")


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
        await one.fetch([2])
        first = one.of(BlockArrived)
        assert {(event.piece, event.block) for event in first} == {(2, block) for block in range(PIECE // BLOCK)}
        assert not any(event.trusted for event in first)
        await one.fetch([6])
        later = [event for event in one.of(BlockArrived) if event.piece == 6]
        assert {event.block for event in later} == set(range(PIECE // BLOCK))
        assert all(event.trusted for event in later)


async def blocks_can_be_asked_for_later(world: World) -> None:
    """``report_blocks`` begins and ends the reports."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        assert one.torrent is not None
        await one.fetch([2])
        one.torrent.report_blocks(True)
        await one.fetch([3])
        one.torrent.report_blocks(False)
        await one.fetch([4])
        assert {event.piece for event in one.of(BlockArrived)} == {3}


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
        assert sorted(piece for _, piece in told) == list(range(10)), told
        for place, piece in told:
            ready = [
                at for at, event in enumerate(one.events) if isinstance(event, PiecesReady) and piece in event.pieces
            ]
            assert place < ready[0], f"piece {piece} was ready before it was taken"


async def peers_that_lied_are_not_trusted(world: World) -> None:
    """After a piece of a peer was wrong, none of its blocks is trusted."""
    liar = await world.add_seed(corrupt=(3,), rate=SLOW)
    async with Client(world) as one:
        one.attach()
        torrent = one.add(one.request(liar, blocks=True))
        torrent.apply(Change(want=(0, 3)))
        await one.until(lambda: bool(one.of(PieceFailed)), "the failure")
        # the liar's wrong blocks cannot be told from right ones before the check: only that one fault is expected
        one.faults = [fault for fault in one.faults if "piece=3" not in fault]
        failed = one.events.index(one.of(PieceFailed)[0])
        await one.stats(lambda _: True, "stats")
        after = [event for event in one.events[failed:] if isinstance(event, BlockArrived)]
        assert not any(event.trusted for event in after)


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


async def unknown_trackers_are_told(world: World) -> None:
    """A tracker that cannot be reached is reported, without the secrets in its URL."""
    async with client(world) as one:
        assert one.torrent is not None
        one.torrent.add_trackers(["http://127.0.0.1:9/announce?passkey=secret"])
        await one.until(lambda: bool(one.of(TrackerReplied)), "the tracker's failure")
        reply = one.of(TrackerReplied)[0]
        assert reply.error
        assert reply.url.startswith("http://127.0.0.1"), reply.url
        assert "secret" not in reply.url, reply.url


async def removing_keeps_or_deletes(world: World) -> None:
    """``remove`` is answered, keeps or deletes the data as told, and the torrent can be added again."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        assert one.torrent is not None
        await one.fetch(range(10))
        paths = [one.torrent.path_of(index) for index in range(len(FILES))]
        one.torrent.remove(delete_data=False)
        await one.until(lambda: bool(one.of(TorrentRemoved)), "the removal")
        assert not one.of(TorrentRemoved)[-1].deleted
        assert paths[0].exists()
        one.torrent.apply(Change(want=(20,)))  # too late, and no error
        one.events.clear()
        one.add(one.request(seed))
        await one.had(range(10))
        one.torrent.remove(delete_data=True)
        await one.until(lambda: bool(one.of(TorrentRemoved)), "the removal")
        assert one.of(TorrentRemoved)[-1].deleted
        assert not any(path.exists() for path in paths)


async def closing_is_quick_and_final(world: World) -> None:
    """``aclose`` in mid-download ends within 5 s, no event follows, and what was had is there next time."""
    seed = await world.add_seed(rate=SLOW)
    one = Client(world)
    async with one:
        torrent = await one.ready(seed)
        torrent.apply(Change(want=tuple(range(PIECES))))
        await one.had([2])
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await one.engine.aclose()
        assert loop.time() - begun < 5
        said = len(one.events)
    async with client(world) as two:
        await two.had(one.arrived())
    assert len(one.events) == said


CHECKS: tuple[Check, ...] = (
    metadata_of_a_torrent,
    nothing_is_known_before_the_metadata,
    metadata_of_a_magnet,
    wishes_before_the_metadata_hold,
    metadata_only,
    nothing_wanted_nothing_fetched,
    wanted_pieces_come_alone,
    whole_torrent,
    dropped_pieces_do_not_come,
    pieces_come_in_order,
    order_holds_after_going_back,
    a_jump_comes_soon,
    only_chosen_files_are_on_disk,
    wishes_next_to_a_choice_hold,
    pausing_stops_all,
    stats_and_peers_are_answered,
    nothing_is_said_unasked,
    resume_round_trip,
    useless_resume_data_does_no_harm,
    resume_data_without_the_files,
    data_on_disk_is_found,
    events_wait_for_a_listener,
    bad_input_is_refused,
    corrupt_pieces_never_count,
    blocks_are_reported,
    blocks_can_be_asked_for_later,
    taken_pieces_are_told,
    peers_that_lied_are_not_trusted,
    seeds_go_and_come_back,
    unknown_trackers_are_told,
    removing_keeps_or_deletes,
    closing_is_quick_and_final,
)


async def check_engine(make: Make) -> None:
    """Run every check, each in a world of its own; an error tells which one failed."""
    for check in CHECKS:
        try:
            async with asyncio.timeout(6 * PATIENCE), make() as world:
                await check(world)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error
