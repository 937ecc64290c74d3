"""The swarm as its users see it, met by a plain libtorrent session."""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import libtorrent as lt
import pytest

from headrace.testing.local_swarm import LocalSwarm, SeedSpec, SwarmFailed

PIECE = 64 * 1024
PIECES = 16

pytestmark = pytest.mark.e2e


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content.bin"
    path.write_bytes(random.Random(1).randbytes(PIECE * PIECES))
    return path


class Leech:
    """A downloader of one torrent with libtorrent's own settings but for what would leave the machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = lt.session(
            {
                "listen_interfaces": "127.0.0.1:0",
                "enable_dht": False,
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "enable_outgoing_utp": False,
                "close_redundant_connections": False,
                "min_reconnect_time": 1,
                "alert_mask": int(lt.alert.category_t.all_categories),
            }
        )
        self.alerts: list[str] = []

    def add(self, magnet: str) -> None:
        params = lt.parse_magnet_uri(magnet)
        params.save_path = str(self.folder)
        params.flags = lt.torrent_flags.sequential_download
        self.torrent = self.session.add_torrent(params)

    def run(self, done: Callable[[lt.torrent_status], bool], seconds: float = 30) -> None:
        """Go on until ``done``; blocking."""
        end = time.monotonic() + seconds
        while not done(self.torrent.status()):
            assert time.monotonic() < end, self.alerts[-20:]
            self.session.wait_for_alert(100)
            self.alerts += [type(alert).__name__ for alert in self.session.pop_alerts()]

    def have(self) -> set[int]:
        return {piece for piece, had in enumerate(self.torrent.status().pieces) if had}


@pytest.fixture
def leech(tmp_path: Path) -> Leech:
    folder = tmp_path / "leech"
    folder.mkdir()
    return Leech(folder)


def complete(status: lt.torrent_status) -> bool:
    return bool(status.is_seeding)


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
async def test_whole_content_arrives(content: Path, leech: Leech, version: str) -> None:
    async with LocalSwarm(content, seeds=2, piece_length=PIECE, version=version) as swarm:
        leech.add(swarm.magnet)
        await asyncio.to_thread(leech.run, complete)
        stats = await swarm.stats()
    assert (leech.folder / content.name).read_bytes() == content.read_bytes()
    assert sum(one["uploaded"] for one in stats) >= PIECE * PIECES
    assert len(swarm.info_hash) == (64 if version == "v2" else 40)


async def test_rate_holds_from_the_first_second(content: Path, leech: Leech) -> None:
    rate = 256 * 1024
    async with LocalSwarm(content, seeds=2, rate=rate, piece_length=PIECE) as swarm:
        await asyncio.sleep(1)  # an idle seed must not save up quota meanwhile
        leech.add(swarm.magnet)
        begun = time.monotonic()
        await asyncio.to_thread(leech.run, complete)
        took = time.monotonic() - begun
    assert took > 0.6 * PIECE * PIECES / (2 * rate)


async def test_partial_seed_gives_what_it_has(content: Path, leech: Leech) -> None:
    async with LocalSwarm(content, seeds=[SeedSpec(have=(1, 5, 6))], piece_length=PIECE) as swarm:
        leech.add(swarm.magnet)
        await asyncio.to_thread(leech.run, lambda status: status.num_pieces == 3)
        assert leech.have() == {1, 5, 6}
        await swarm.add(SeedSpec(have=0.5))
        leech.torrent.connect_peer(swarm.peers[1])
        await asyncio.to_thread(leech.run, lambda status: status.num_pieces >= PIECES // 2)
        assert 1 in leech.have()


async def test_corrupt_piece_fails_its_check(content: Path, leech: Leech) -> None:
    async with LocalSwarm(content, seeds=[SeedSpec(corrupt=(2,))], piece_length=PIECE) as swarm:
        leech.add(swarm.magnet)
        await asyncio.to_thread(leech.run, lambda _: "hash_failed_alert" in leech.alerts)
        assert 2 not in leech.have()
        await swarm.add(SeedSpec())
        leech.torrent.connect_peer(swarm.peers[1])
        await asyncio.to_thread(leech.run, complete)
    assert (leech.folder / content.name).read_bytes() == content.read_bytes()


async def test_away_and_back_on_the_same_port(content: Path, leech: Leech) -> None:
    async with LocalSwarm(content, seeds=2, rate=128 * 1024, piece_length=PIECE) as swarm:
        leech.add(swarm.magnet)
        await asyncio.to_thread(leech.run, lambda status: status.num_pieces >= 1)
        peers = list(swarm.peers)
        await swarm.stop_all()
        await asyncio.to_thread(leech.run, lambda status: status.num_peers == 0)
        await swarm.start_all()
        assert swarm.peers == peers
        for seed in range(2):
            await swarm.set_rate(seed, 0)
        for peer in peers:
            leech.torrent.connect_peer(peer)
        await asyncio.to_thread(leech.run, complete)


async def test_seed_without_slots_chokes(content: Path, leech: Leech) -> None:
    half = tuple(range(PIECES // 2))
    async with LocalSwarm(content, seeds=[SeedSpec(slots=0), SeedSpec(have=half)], piece_length=PIECE) as swarm:
        leech.add(swarm.magnet)
        await asyncio.to_thread(leech.run, lambda status: status.num_pieces >= PIECES // 2)
        choked = {peer.ip: bool(peer.flags & lt.peer_info.remote_choked) for peer in leech.torrent.get_peer_info()}
        assert choked == dict(zip(swarm.peers, (True, False), strict=True))
        assert leech.have() == set(half)
        assert [one["uploaded"] for one in await swarm.stats()] == [0, PIECE * PIECES // 2]


async def test_unknown_seed_is_an_error(content: Path) -> None:
    async with LocalSwarm(content, seeds=0, piece_length=PIECE) as swarm:
        with pytest.raises(SwarmFailed, match="IndexError"):
            await swarm.stop(3)
        assert swarm.magnet == swarm.bare_magnet
    with pytest.raises(SwarmFailed, match="not running"):
        await swarm.stats()


async def test_nothing_to_share(tmp_path: Path) -> None:
    with pytest.raises(SwarmFailed):
        async with LocalSwarm(tmp_path / "absent.bin"):
            pass


async def test_spawn_without_a_block(content: Path) -> None:
    swarm = await LocalSwarm.spawn(content, seeds=1, piece_length=PIECE)
    try:
        assert len(swarm.peers) == 1
    finally:
        await swarm.aclose()


PARENT = """
import asyncio, sys
from pathlib import Path
from headrace.testing.local_swarm import LocalSwarm
async def main():
    swarm = await LocalSwarm.spawn(Path(sys.argv[1]), seeds=1)
    print(swarm._child.pid, flush=True)
    await asyncio.sleep(100)
asyncio.run(main())
"""


def test_child_ends_when_its_parent_is_killed(content: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(content)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        pidfd = os.pidfd_open(child)
        parent.send_signal(signal.SIGKILL)
        assert select.select([pidfd], [], [], 10)[0], "the child lives on"
        os.close(pidfd)
