"""The engine suite on the fake engine and on the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headrace.engine.base import EngineOptions
from headrace.testing import checks_pieces as pieces
from headrace.testing import checks_state as state
from headrace.testing.clock import run
from headrace.testing.engine_suite import CHECKS, Check, check_engine
from headrace.testing.local_swarm import Version
from headrace.testing.worlds import FakeWorld, fake_world, swarm_world


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_fake_engine(check: Check, tmp_path: Path) -> None:
    run(check(FakeWorld(tmp_path)))


async def on_libtorrent(check: Check, folder: Path, version: Version) -> None:
    from headrace.engine.libtorrent import LibtorrentEngine

    options = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)
    async with swarm_world(folder, lambda: LibtorrentEngine(options), version=version) as world:
        await check(world)


@pytest.mark.e2e
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_libtorrent(check: Check, tmp_path: Path) -> None:
    await on_libtorrent(check, tmp_path, "v1")


PADDED = (
    state.metadata_of_a_magnet,
    pieces.whole_torrent,
    pieces.only_chosen_files_are_on_disk,
    state.resume_round_trip,
    state.data_on_disk_is_found,
    pieces.corrupt_pieces_never_count,
)


@pytest.mark.e2e
@pytest.mark.parametrize("version", ["hybrid", "v2"])
@pytest.mark.parametrize("check", PADDED, ids=lambda check: check.__name__)
async def test_libtorrent_with_padding(check: Check, version: Version, tmp_path: Path) -> None:
    await on_libtorrent(check, tmp_path, version)


def test_all_at_once(tmp_path: Path) -> None:
    made: list[Path] = []

    @asynccontextmanager
    async def make() -> AsyncIterator[FakeWorld]:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(folder)
        async with fake_world(folder) as world:
            yield world

    run(check_engine(make))
    assert len(made) == len(CHECKS)


def test_a_failure_names_the_check(tmp_path: Path) -> None:
    @asynccontextmanager
    async def make() -> AsyncIterator[FakeWorld]:
        async with fake_world(tmp_path) as world:
            world.info_hash = "0" * 40
            yield world

    with pytest.raises(Exception, match="0000"):
        run(check_engine(make))


def test_checks_say_what_they_check() -> None:
    assert all(check.__doc__ for check in CHECKS)
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)
