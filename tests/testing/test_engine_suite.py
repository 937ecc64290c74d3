"""The engine suite on the fake engine and on the real one; and that the suite can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.engine.base import EngineOptions
from headrace.testing.clock import run
from headrace.testing.engine_suite import CHECKS, Check
from headrace.testing.worlds import FakeWorld, swarm_world


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_fake_engine(check: Check, tmp_path: Path) -> None:
    run(check(FakeWorld(tmp_path)))


@pytest.mark.e2e
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_libtorrent(check: Check, tmp_path: Path) -> None:
    from headrace.engine.libtorrent import LibtorrentEngine

    options = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)
    async with swarm_world(tmp_path, lambda: LibtorrentEngine(options)) as world:
        await check(world)
