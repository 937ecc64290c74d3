"""Checks of an engine: metadata, saved state, answers, errors, and how it ends (``engine_suite``)."""

from __future__ import annotations

import asyncio

from headrace.engine.base import (
    AddRequest,
    BlockArrived,
    Change,
    MetadataReady,
    Peers,
    PiecesReady,
    ResumeSaved,
    TorrentRemoved,
    TrackerReplied,
)
from headrace.errors import InputError
from headrace.testing.engine_world import FILES, FIRST_MOMENT, NAME, PIECE, SLOW, Client, World, client, pieces_in


async def metadata_of_a_torrent(world: World) -> None:
    """A .torrent gives ``MetadataReady`` without any peer, with the files and pieces that it has."""
    async with client(world) as one:
        layout = one.of(MetadataReady)[0].layout
        assert one.torrent is not None
        assert one.torrent.layout == layout
        assert one.torrent.info_hash == world.info_hash
        assert (layout.name, layout.piece_length, layout.total_size) == (NAME, PIECE, len(world.content))
        listed = [(entry.path, entry.size) for entry in layout.listed()]
        assert listed == [(f"{NAME}/{path}", size) for path, size in FILES]
        assert one.torrent.have == bytearray(pieces_in(world))
        assert one.path(1) == world.folder / NAME / "b" / "two.bin"


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
    seed = await world.add_seed(rate=SLOW)
    async with client(world, seed, magnet=True) as one:
        assert one.of(MetadataReady)[0].layout.total_size == len(world.content)
        await one.fetch([20])
        await one.fetch([30])
        assert len(one.arrived()) <= 2 + FIRST_MOMENT, one.arrived()


async def wishes_before_the_metadata_hold(world: World) -> None:
    """What was wanted before the metadata came is fetched after it."""
    seed = await world.add_seed(rate=SLOW)
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


async def stats_and_peers_are_answered(world: World) -> None:
    """``Stats`` and ``Peers`` come when asked for, and say what is so."""
    seed = await world.add_seed(rate=SLOW)
    part = await world.add_seed(have=(0, 1))
    async with client(world, seed, part) as one:
        assert one.torrent is not None
        await one.stats(lambda stats: stats.peers == 2 and stats.seeds == 1, "two peers")
        await one.stats(lambda stats: stats.phase in ("downloading", "finished"), "work")
        await one.fetch([5])
        assert (await one.stats(lambda stats: stats.downloaded >= PIECE, "bytes")).downloaded < len(world.content)
        one.torrent.request_peers()
        await one.until(lambda: bool(one.of(Peers)), "peers")
        peers = {peer.address: peer for peer in one.of(Peers)[-1].peers}
        full, partial = peers[f"{seed[0]}:{seed[1]}"], peers[f"{part[0]}:{part[1]}"]
        assert full.seed
        assert full.progress == 1.0
        assert not partial.seed
        assert [piece for piece, had in enumerate(partial.pieces) if had] == [0, 1]
        assert len(full.pieces) in (0, pieces_in(world))


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
        before = set(one.arrived())
        one.torrent.save_resume()
        await one.until(lambda: bool(one.of(ResumeSaved)), "resume data")
        saved = one.of(ResumeSaved)[-1].data
    async with Client(world) as two:
        two.attach()
        torrent = two.add(two.request(magnet=True, resume=saved))
        await two.had(range(4, 9))
        assert torrent.layout == one.torrent.layout
        assert before <= set(two.arrived()) <= set(one.arrived()), "what nobody wanted may have come after the saving"
        torrent.add_peers([seed])
        await two.fetch([20])


async def useless_resume_data_does_no_harm(world: World) -> None:
    """Saved state that is torn is as none at all."""
    seed = await world.add_seed()
    async with Client(world) as one:
        one.attach()
        one.add(one.request(seed, resume=b"d4:infode"))
        await one.fetch([20])


async def resume_data_without_the_files(world: World) -> None:
    """Pieces whose files are gone are not had, whatever saved state says."""
    seed = await world.add_seed()
    async with client(world, seed) as one:
        assert one.torrent is not None
        await one.fetch(range(4, 9))
        one.torrent.save_resume()
        await one.until(lambda: bool(one.of(ResumeSaved)), "resume data")
        path = one.path(1)
    path.unlink()  # not before: pieces that nobody wanted may still be on their way to it
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
        await one.fetch(range(pieces_in(world)))
        path, size = one.path(1), FILES[1][1]
        spoiled = (one.entry(1).offset + size // 2) // PIECE
    data = bytearray(path.read_bytes())
    data[size // 2] ^= 0xFF
    path.write_bytes(data)
    async with client(world) as two:
        await two.had([piece for piece in range(pieces_in(world)) if piece != spoiled])
        assert two.torrent is not None
        assert not two.torrent.have[spoiled]


async def events_wait_for_a_listener(world: World) -> None:
    """What happened before ``attach`` is delivered after it, in order."""
    seed = await world.add_seed()
    async with Client(world) as one:
        torrent = one.add(one.request(seed))
        torrent.apply(Change(want=(0,)))
        one.attach()
        await one.until(lambda: bool(one.of(MetadataReady)), "what was said before")
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
        paths = [one.path(index) for index in range(len(FILES))]
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
        torrent.apply(Change(want=tuple(range(pieces_in(world)))))
        await one.had([2])
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await one.engine.aclose()
        assert loop.time() - begun < 5
        said = len(one.events)
    async with client(world) as two:
        await two.had(one.arrived())
    assert len(one.events) == said
