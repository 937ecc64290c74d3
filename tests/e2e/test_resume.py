"""Killed in the middle, ended and started again, with its data changed meanwhile: what is kept, and what is not."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kit.command import Command, Headrace, events
from kit.films import sha256
from kit.stack import sha256_of
from kit.waiting import eventually

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
SERVE = ("play", "--player", "none", "--json", "--port", "0")


async def serve(headrace: Headrace, source: str, folder: Path, *more: str) -> tuple[Command, dict[str, Any]]:
    """``headrace play --player none`` and its ``serving`` event."""
    command = await headrace.start(*SERVE, "--dir", str(folder), *more, source)
    return command, await command.event("serving")


async def ended(command: Command) -> list[dict[str, Any]]:
    """Interrupt it; all that it told."""
    command.signal(signal.SIGINT)
    done = await command.end(20)
    assert done.code == 130, done.err
    return list(events(done))


def lies_in(folder: Path, name: str) -> Path:
    """Where a file lies, whatever the torrent's own folder is called."""
    return next(folder.rglob(name))


async def test_killed_in_mid_download_it_goes_on_where_it_was(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    film = films["last.mp4"]
    size = film.stat().st_size
    async with LocalSwarm(film, rate=250_000, piece_length=PIECE) as swarm:
        command, _ = await serve(headrace, swarm.magnet, data)
        await command.events.until(lambda event: event.get("downloaded", 0) > size / 3)
        enough = time.time()

        async def saved() -> bool:
            """That much is not only on the disk, but known to be right."""
            return any(state.stat().st_mtime > enough for state in data.rglob("*.resume"))

        await eventually(saved)
        await command.kill()
        before = sum(seed["uploaded"] for seed in await swarm.stats())
        assert size / 3 < before < 0.9 * size

        again, serving = await serve(headrace, swarm.bare_magnet, data, *peers(swarm))
        metadata = await again.event("metadata")
        assert metadata["t"] < 5
        for seed in range(4):
            await swarm.set_rate(seed, 0)
        assert await sha256_of(serving["url"], client) == sha256(film)
        await ended(again)
        after = sum(seed["uploaded"] for seed in await swarm.stats()) - before
        assert after < size - before + size / 5  # what was on the way or in memory at the kill is fetched again


def peers(swarm: LocalSwarm) -> list[str]:
    """The seeds as options."""
    return [word for host, port in swarm.peers for word in ("--peer", f"{host}:{port}")]


async def test_without_any_swarm_what_is_there_plays(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, piece_length=PIECE) as swarm:
        source = swarm.bare_magnet
        command, serving = await serve(headrace, source, data, *peers(swarm))
        assert await sha256_of(serving["url"], client) == sha256(film)
        await ended(command)

    again, serving = await serve(headrace, source, data)
    assert (await again.event("metadata"))["t"] < 5
    await again.event("ready")
    assert await sha256_of(serving["url"], client) == sha256(film)
    told = await ended(again)
    assert told[-1]["downloaded"] == 0


def changed(path: Path) -> None:
    """The same size, other bytes."""
    with path.open("r+b") as file:
        file.seek(5 * PIECE + 7)
        file.write(b"not what it was")


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def removed(path: Path) -> None:
    path.unlink()


def folder_removed(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("harm", [changed, truncated, removed, folder_removed])
async def test_data_that_was_changed_meanwhile_is_fetched_again(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession, harm: Any
) -> None:
    film = films["first.mp4"]
    async with LocalSwarm(film, piece_length=PIECE) as swarm:
        command, serving = await serve(headrace, swarm.magnet, data)
        assert await sha256_of(serving["url"], client) == sha256(film)
        await ended(command)
        harm(lies_in(data, film.name))
        listed = await headrace.run("files", swarm.magnet, env={"HEADRACE_DIR": str(data)})
        assert listed.code == 0, "and to look at it changes nothing"

        again, serving = await serve(headrace, swarm.magnet, data)
        assert await sha256_of(serving["url"], client) == sha256(film)
        fetched = (await ended(again))[-1]["downloaded"]
        assert 0 < fetched <= 1.1 * film.stat().st_size
        if harm is changed:
            assert fetched <= 2 * PIECE
