"""Both worlds hold the torrent that the suite expects."""

from __future__ import annotations

from pathlib import Path

import libtorrent as lt
import pytest

from headrace.testing.clock import virtual_time
from headrace.testing.engine_world import FILES, NAME, PIECE
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.worlds import FakeWorld, fake_world, swarm_world


def files_of(torrent: bytes) -> list[tuple[str, int]]:
    files = lt.load_torrent_buffer(torrent).ti.layout()
    return [(files.file_path(index), files.file_size(index)) for index in range(files.num_files())]


@virtual_time
async def test_fake_world(tmp_path: Path) -> None:
    async with fake_world(tmp_path) as world:
        assert files_of(world.torrent) == [(f"{NAME}/{path}", size) for path, size in FILES]
        assert len(world.content) == sum(size for _, size in FILES)
        first, second = await world.add_seed(), await world.add_seed(have=(1,), rate=5)
        assert first != second
        await world.remove_seed(first)
        await world.restore_seed(first)


@pytest.mark.e2e
async def test_swarm_world(tmp_path: Path) -> None:
    async with swarm_world(tmp_path, FakeEngine) as world:
        info = lt.load_torrent_buffer(world.torrent).ti
        assert files_of(world.torrent) == [(f"{NAME}/{path}", size) for path, size in FILES]
        assert info.piece_length() == PIECE
        assert str(info.info_hashes().v1) == world.info_hash
        assert world.content == FakeWorld(tmp_path).content
        assert list(world.folder.iterdir()) == []
        seed = await world.add_seed(rate=1000)
        await world.remove_seed(seed)
        await world.restore_seed(seed)
