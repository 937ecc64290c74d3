"""The tracks of a film that is still in the swarm."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kit.films import seconds_of, sha256
from kit.stack import Stack, sha256_of, stack
from kit.waiting import eventually

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 64 * 1024
SLOW = 1_500_000
"""Bytes per second: a film of 15 MB takes ten seconds."""


def api(running: Stack, tail: str) -> str:
    return f"http://127.0.0.1:{running.server.port}/api/v1/torrents/{running.torrent.info_hash}/{tail}"


async def ask(client: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with client.get(url) as response:
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json()
        return found


@pytest.mark.parametrize("name", ["last.mp4", "first.mp4", "film.mkv"])
async def test_tracks_are_known_long_before_the_film_is_there(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession, name: str
) -> None:
    film = films[name]
    async with (
        LocalSwarm(film, seeds=3, piece_length=PIECE, rate=SLOW // 3) as swarm,
        stack(swarm.magnet, data) as running,
    ):
        found = await ask(client, api(running, "files/main/media"))
        share = running.share
        peers = await ask(client, api(running, "peers"))
        pieces = await ask(client, api(running, "pieces"))
        async with asyncio.timeout(60):
            while not pieces["in_flight"]:  # for a moment after a look nothing may be asked for
                pieces = await ask(client, api(running, "pieces"))
            while not any(peer["down_rate"] for peer in peers["peers"]):  # nor come
                peers = await ask(client, api(running, "peers"))
    print(f"{name}: known with {share:.0%} of the film there")
    assert share < 0.5
    assert [(one["kind"], one["codec"]) for one in found["tracks"]] == [("video", "h264"), ("audio", "aac")]
    assert found["duration"] == pytest.approx(seconds_of(name), abs=0.2)
    assert found["bitrate"] == pytest.approx(film.stat().st_size / seconds_of(name), rel=0.02)
    assert len(peers["peers"]) == 3
    assert all(peer["seed"] and peer["progress"] == 1.0 for peer in peers["peers"])
    assert sum(peer["down_rate"] for peer in peers["peers"]) > 0
    assert not any(head["aside"] for head in pieces["heads"]), "the look is over"


async def test_a_viewer_is_not_disturbed_by_a_look(
    films: dict[str, Path], data: Path, client: aiohttp.ClientSession
) -> None:
    """While one waits for his bytes another one looks, and goes away; the bytes are right, and nothing is left."""
    film = films["last.mp4"]
    async with (
        LocalSwarm(film, seeds=3, piece_length=PIECE, rate=SLOW) as swarm,
        stack(swarm.magnet, data) as running,
    ):
        viewing = asyncio.create_task(sha256_of(running.url(), client))
        await running.torrent.metadata()
        looking = asyncio.create_task(ask(client, api(running, "files/0/media")))
        await eventually(lambda: _looks(running))
        looking.cancel()
        await eventually(lambda: _nobody_looks(running), within=5)
        assert await viewing == sha256(film)


async def _looks(running: Stack) -> bool:
    conductor = running.torrent.conductor
    return conductor is not None and any(place.aside for place in conductor.places.values())


async def _nobody_looks(running: Stack) -> bool:
    return not await _looks(running)


async def test_a_file_of_a_stranger(data: Path, client: aiohttp.ClientSession, tmp_path: Path) -> None:
    folder = tmp_path / "Show"
    folder.mkdir()
    (folder / "E01.mkv").write_bytes(b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n" * 5000)
    (folder / "E02.mkv").write_bytes(hashlib.shake_128(b"x").digest(2_000_000))
    async with LocalSwarm(folder, piece_length=PIECE) as swarm, stack(swarm.magnet, data) as running:
        for index in (0, 1):
            async with client.get(api(running, f"files/{index}/media")) as response:
                assert response.status == 422
                assert (await response.json())["error"]["kind"] == "not_media"
