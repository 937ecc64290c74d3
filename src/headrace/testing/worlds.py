"""Worlds for the engine suite: fake peers for the fake engine, real seeds on loopback for a real one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from headrace.core.spans import Span
from headrace.engine.base import Engine
from headrace.testing.engine_world import FILES, NAME, PIECE, Address, pieces_in
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm
from headrace.testing.local_swarm import LocalSwarm, SeedSpec, Version

FAST = 10_000_000
"""Bytes per second of a fake seed without a rate of its own."""


class FakeWorld:
    """Fake peers; for a ``VirtualLoop``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        content = Content([FakeFile(path, size) for path, size in FILES], PIECE, NAME)
        self.torrent, self.info_hash, self.magnet = content.torrent, content.info_hash, content.magnet
        self.content = content.read(Span(0, content.layout.total_size))
        self._swarm = FakeSwarm(content)
        self._peers: dict[Address, FakePeer] = {}

    def engine(self) -> Engine:
        """A new engine over the same swarm."""
        return FakeEngine(self._swarm)

    async def add_seed(
        self, *, rate: int = 0, have: tuple[int, ...] | None = None, corrupt: tuple[int, ...] = ()
    ) -> Address:
        """A peer that is met only by its address, as in the other worlds."""
        held = frozenset(range(pieces_in(self)) if have is None else have)
        peer = self._swarm.join(FakePeer(rate or FAST, 0.01, held, corrupt=frozenset(corrupt), listed=False))
        self._peers[peer.address] = peer
        return peer.address

    async def remove_seed(self, address: Address) -> None:
        """Close its connections."""
        self._swarm.leave(self._peers[address])

    async def restore_seed(self, address: Address) -> None:
        """The same peer again."""
        self._swarm.join(self._peers[address])


class SwarmWorld:
    """Real seeds (``LocalSwarm``) and an engine that talks to the network."""

    def __init__(self, folder: Path, swarm: LocalSwarm, content: bytes, engine: Callable[[], Engine]) -> None:
        self.folder = folder
        self.content = content
        self.torrent, self.info_hash, self.magnet = swarm.torrent_bytes, swarm.info_hash, swarm.bare_magnet
        self._swarm = swarm
        self._engine = engine

    def engine(self) -> Engine:
        """A new engine."""
        return self._engine()

    async def add_seed(
        self, *, rate: int = 0, have: tuple[int, ...] | None = None, corrupt: tuple[int, ...] = ()
    ) -> Address:
        """A libtorrent seed on loopback."""
        seed = await self._swarm.add(SeedSpec(rate, 1.0 if have is None else have, corrupt))
        return self._swarm.peers[seed]

    async def remove_seed(self, address: Address) -> None:
        """Its session ends."""
        await self._swarm.stop(self._swarm.peers.index(address))

    async def restore_seed(self, address: Address) -> None:
        """Its session begins anew on the same port."""
        await self._swarm.start(self._swarm.peers.index(address))


@contextlib.asynccontextmanager
async def fake_world(folder: Path) -> AsyncIterator[FakeWorld]:
    """A world for ``FakeEngine``; ``folder`` is empty."""
    yield FakeWorld(folder)


@contextlib.asynccontextmanager
async def swarm_world(
    folder: Path, engine: Callable[[], Engine], *, version: Version = "v1"
) -> AsyncIterator[SwarmWorld]:
    """A world of real seeds for the engines that ``engine`` makes; ``folder`` is empty."""
    source, data_folder = folder / "source" / NAME, folder / "data"
    data_folder.mkdir()
    # the files' bytes are the fake content's: a function of their offset
    content = Content([FakeFile(path, size) for path, size in FILES], PIECE, NAME)
    files = []
    for entry in content.layout.files:
        path = source.parent / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        files.append(content.file_bytes(entry.index))
        path.write_bytes(files[-1])
    # v2 has each file begin a piece (BEP 52); in between, and at the end, is padding
    padded = files if version == "v1" else [data + bytes(-len(data) % PIECE) for data in files]
    async with LocalSwarm(source, seeds=0, piece_length=PIECE, version=version) as swarm:
        yield SwarmWorld(data_folder, swarm, b"".join(padded), engine)
