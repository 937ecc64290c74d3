"""``--interface``: all traffic by that device, or none at all."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kit.command import Headrace
from kit.films import sha256
from kit.namespaces import FAR_OF_ETH, VPN_ADDRESS, Lines, far_seeds, lines

from headrace.testing.swarm import info_hash_of, make_torrent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]

PIECE = 256 * 1024


@pytest.fixture
async def between() -> AsyncIterator[Lines]:
    """Two lines to one far host."""
    async with lines() as made:
        yield made


@pytest.fixture
async def source(
    between: Lines, films: dict[str, Path], tmp_path: Path, headrace: Headrace
) -> AsyncIterator[tuple[str, ...]]:
    """A download from two peers, one at the end of each line, as arguments; and trackers that nobody answers for."""
    film = films["film.mkv"]
    torrent = tmp_path / "made.torrent"
    torrent.write_bytes(make_torrent(film, piece_length=PIECE))
    headrace.prefix = between.prefix
    del headrace.environment["HEADRACE_INTERFACE"]
    async with far_seeds(between, torrent, film.parent) as addresses:
        peers = [word for address in addresses for word in ("--peer", address)]
        trackers = [word for scheme in ("http", "udp") for word in ("--tracker", f"{scheme}://{FAR_OF_ETH}:9/announce")]
        yield ("download", "--json", *peers, *trackers, info_hash_of(torrent.read_bytes()))


async def test_without_it_traffic_takes_every_way(
    between: Lines, headrace: Headrace, data: Path, source: tuple[str, ...]
) -> None:
    ended = await headrace.run(*source, "--dir", str(data))
    assert ended.code == 0, ended
    assert await between.sent("eth") > 100
    assert await between.sent("vpn") > 100


@pytest.mark.parametrize("name", ["vpn", VPN_ADDRESS])
async def test_all_traffic_goes_by_the_device(
    between: Lines, headrace: Headrace, films: dict[str, Path], data: Path, source: tuple[str, ...], name: str
) -> None:
    ended = await headrace.run(*source, "--dir", str(data), "--interface", name)
    assert ended.code == 0, ended
    assert sha256(data / "film.mkv") == sha256(films["film.mkv"])
    assert await between.sent("eth") == 0
    assert await between.sent("vpn") > 100


@pytest.mark.parametrize("name", ["nosuch0", "10.99.99.99"])
async def test_without_the_device_there_is_no_traffic(
    between: Lines, headrace: Headrace, data: Path, source: tuple[str, ...], name: str
) -> None:
    ended = await headrace.run(*source, "--dir", str(data), "--interface", name, "--timeout", "5")
    assert ended.code in (4, 5), ended
    assert "Traceback" not in ended.err
    assert (await between.sent("eth"), await between.sent("vpn")) == (0, 0)


async def test_when_the_device_goes_away_traffic_ends(
    between: Lines, headrace: Headrace, data: Path, source: tuple[str, ...]
) -> None:
    command = await headrace.start(*source, "--dir", str(data), "--interface", "vpn", "--down-limit", "1M")
    await command.events.until(lambda event: event.get("downloaded", 0) > 1_000_000)
    await between.cut("vpn")
    cut = command.events.all[-1]["t"]
    counts = [await command.event("progress", after=cut + seconds) for seconds in (2, 6)]
    assert counts[0]["downloaded"] == counts[1]["downloaded"]
    assert counts[1]["share"] < 0.9
    assert await between.sent("eth") == 0
