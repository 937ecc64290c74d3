"""Films, made once; the product's command; and a home of its own for each test."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for ``kit``, which all files here share

from kit.command import Headrace, headrace_in
from kit.films import make_films

from headrace.testing.fake_cast import FakeCast, fake_cast


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same film by name, in three containers; made once, also when several processes run tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "films"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = folder.with_suffix(".new")
            making.mkdir()
            make_films(making)
            making.rename(folder)
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's settings take part, and nobody's state is touched."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "MPV_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the product puts what it fetches."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
async def headrace(home: Path) -> AsyncIterator[Headrace]:
    """The command."""
    async with headrace_in(home) as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client without limits of its own."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90), read_bufsize=1 << 20) as session:
        yield session


@pytest.fixture
async def chromecast() -> AsyncIterator[FakeCast]:
    """A device that plays in mpv."""
    async with fake_cast() as made:
        yield made
