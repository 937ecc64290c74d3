"""Sessions over a fake engine in virtual time, and over the real one with real seeds on loopback."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import headrace
from headrace import preparing
from headrace.engine.base import EngineOptions
from headrace.errors import EngineError, InputError, SwarmError
from headrace.session import SAVE_EVERY, Session
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.streaming.reader import StreamFailed
from headrace.testing.clock import virtual_time
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm
from headrace.testing.local_swarm import LocalSwarm

MiB = 1 << 20
CONTENT = Content([FakeFile("one.mkv", 3 * MiB), FakeFile("two.mkv", 5 * MiB)], MiB // 4, "show")
SEED = FakePeer(rate=4 * MiB)
QUIET = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's state takes part."""
    folder = tmp_path / "home"
    for kind in ("CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    return folder


def fake(data: Path, *peers: FakePeer, **settings: Any) -> Session:
    return Session(Settings(dir=data, **settings), engine=FakeEngine(FakeSwarm(CONTENT, peers)))


async def read_all(file: headrace.File) -> bytes:
    parts = []
    async with file.open() as reader:
        while part := await reader.read():
            parts.append(part)
    return b"".join(parts)


# over a fake engine
@virtual_time
async def test_the_link_is_shared_from_the_second_torrent_on(tmp_path: Path) -> None:
    other = Content(MiB, MiB // 4, "other.mkv")
    engine = FakeEngine(FakeSwarm(CONTENT, [SEED]), FakeSwarm(other, [SEED]))
    async with Session(Settings(dir=tmp_path), engine=engine) as session:
        await session.add(CONTENT.magnet)
        assert session._sharing is None
        await session.add(other.magnet)
        assert session._sharing is not None
        first = session._sharing
        await session.remove(next(iter(session.torrents)))
        await session.add(CONTENT.magnet)
        assert session._sharing is first


@virtual_time
async def test_a_torrent_is_added_and_read(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        torrent = await session.add(CONTENT.magnet)
        assert torrent.info_hash == CONTENT.info_hash
        assert torrent.main_video().name == "two.mkv"
        assert await read_all(torrent.main_video()) == CONTENT.file_bytes(1)
        assert list(session.torrents) == [torrent]
        assert torrent.handle.path_of(1).is_relative_to(tmp_path / CONTENT.info_hash)


@virtual_time
async def test_the_same_torrent_twice_is_one(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        first, second = await asyncio.gather(session.add(CONTENT.magnet), session.add(CONTENT.info_hash.upper()))
        (tmp_path / "show.torrent").write_bytes(CONTENT.torrent)
        assert first is second is await session.add(str(tmp_path / "show.torrent"))
        assert len(session.torrents) == 1


@virtual_time
async def test_a_file_may_be_chosen(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        torrent = await session.add(CONTENT.magnet, file="one")
        assert torrent.main_video().index == 0


@virtual_time
async def test_a_torrent_without_metadata_leaves_no_trace(tmp_path: Path) -> None:
    async with fake(tmp_path) as session:
        with pytest.raises(SwarmError, match="No metadata within 5 s"):
            await session.add(CONTENT.magnet, timeout=5)
        assert len(session.torrents) == 0
        with pytest.raises(SwarmError, match="No metadata within 3 s"):
            await session.add(CONTENT.magnet, timeout=3)


@virtual_time
async def test_the_settings_say_how_long_to_wait(tmp_path: Path) -> None:
    async with fake(tmp_path, timeout=7.0) as session:
        with pytest.raises(SwarmError, match="within 7 s"):
            await session.add(CONTENT.magnet)
        first = asyncio.create_task(session.add(CONTENT.magnet, timeout=60))
        await asyncio.sleep(1)
        with pytest.raises(SwarmError, match="within 7 s"):
            await session.add(CONTENT.magnet)
        assert not first.done(), "who began it waits on"
        first.cancel()


@virtual_time
async def test_a_wrong_choice_leaves_no_trace_either(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        with pytest.raises(InputError):
            await session.add(CONTENT.magnet, file="three")
        assert len(session.torrents) == 0
        assert await session.add(CONTENT.magnet, file="two")


@virtual_time
async def test_what_is_no_torrent_is_refused(tmp_path: Path) -> None:
    async with fake(tmp_path) as session:
        for source in ("magnet:?dn=nothing", "no such file", str(tmp_path)):
            with pytest.raises(InputError):
                await session.add(source)


@virtual_time
async def test_removing_fails_readers_and_frees_the_data(tmp_path: Path) -> None:
    async with fake(tmp_path, FakePeer(rate=100_000)) as session:
        torrent = await session.add(CONTENT.magnet)
        reading = asyncio.create_task(read_all(torrent.main_video()))
        await asyncio.sleep(2)
        await session.remove(torrent)
        with pytest.raises(StreamFailed):
            await reading
        assert session.torrents.get(CONTENT.info_hash) is None
        again = await session.add(CONTENT.magnet)
        assert again is not torrent


@virtual_time
async def test_what_came_before_a_removal_is_known_at_the_next_start(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        torrent = await session.add(CONTENT.magnet)
        began = asyncio.get_running_loop().time()
        data = await read_all(torrent.main_video())
        assert asyncio.get_running_loop().time() - began < SAVE_EVERY, "nothing was saved by the way"
        await session.remove(torrent)
    async with fake(tmp_path) as session:
        torrent = await session.add(CONTENT.magnet, timeout=1)
        assert await asyncio.wait_for(read_all(torrent.main_video()), 1) == data


@virtual_time
async def test_removing_with_its_data_leaves_nothing(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        torrent = await session.add(CONTENT.magnet)
        await read_all(torrent.main_video())
        await asyncio.sleep(SAVE_EVERY + 1)
        await session.remove(torrent, delete_data=True)
        left = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert left == []
        assert not (tmp_path / CONTENT.info_hash).exists()


@virtual_time
async def test_state_is_saved_while_pieces_come_and_not_otherwise(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        torrent = await session.add(CONTENT.magnet)
        saved: list[float] = []
        save = torrent.resume_saved
        assert save is not None
        torrent.resume_saved = lambda data: (saved.append(asyncio.get_running_loop().time()), save(data))[1]
        await asyncio.sleep(4 * SAVE_EVERY)
        assert len(saved) == 1 + bool(saved[0] < 1)
        state = list(tmp_path.rglob(f"{CONTENT.info_hash}.resume"))
        assert len(state) == 1


@virtual_time
async def test_a_second_session_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        await read_all((await session.add(CONTENT.magnet)).main_video())
    async with fake(tmp_path) as session:
        torrent = await session.add(CONTENT.magnet, timeout=1)
        assert await read_all(torrent.main_video()) == CONTENT.file_bytes(1)


@virtual_time
async def test_a_folder_of_its_own(tmp_path: Path, home: Path) -> None:
    async with fake(tmp_path / "data", SEED) as session:
        torrent = await session.add(CONTENT.magnet, folder=tmp_path / "mine")
        await read_all(torrent.main_video())
        assert torrent.handle.path_of(1) == tmp_path / "mine" / "show" / "two.mkv"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["show"], "no state among the user's files"


@virtual_time
async def test_two_sessions_do_not_share_a_torrents_data(tmp_path: Path) -> None:
    async with fake(tmp_path, SEED) as session:
        await session.add(CONTENT.magnet)
        async with fake(tmp_path, SEED) as other:
            with pytest.raises(EngineError, match="already open") as failed:
                await other.add(CONTENT.magnet)
            assert failed.value.kind == "in_use"
    async with fake(tmp_path, SEED) as session:
        await session.add(CONTENT.magnet)


@virtual_time
async def test_the_end_fails_readers(tmp_path: Path) -> None:
    async with fake(tmp_path, FakePeer(rate=100_000)) as session:
        torrent = await session.add(CONTENT.magnet)
        reading = asyncio.create_task(read_all(torrent.main_video()))
        await asyncio.sleep(2)
    with pytest.raises(StreamFailed, match="closed"):
        await reading


def test_torrents_are_there_once_it_is_open() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _ = Session(Settings()).torrents


@virtual_time
async def test_peers_are_looked_up(tmp_path: Path) -> None:
    peer = FakePeer(rate=MiB, listed=False)
    async with fake(tmp_path, peers=(("no.such.host.invalid", 1),)) as session:
        with pytest.raises(InputError, match=r"no\.such\.host\.invalid:1"):
            await session.add(CONTENT.magnet)
    swarm = FakeSwarm(CONTENT)
    address = swarm.join(peer).address
    async with Session(Settings(dir=tmp_path, peers=(address,)), engine=FakeEngine(swarm)) as session:
        assert await session.add(CONTENT.magnet, timeout=5)


# over the real one
@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mkv"
    path.write_bytes(random.Random(7).randbytes(6 * MiB + 12_345))
    return path


@pytest.fixture
async def swarm(video: Path) -> AsyncIterator[LocalSwarm]:
    async with LocalSwarm(video, seeds=2, piece_length=128 * 1024) as made:
        yield made


def real(data: Path) -> Session:
    from headrace.engine.libtorrent import LibtorrentEngine

    return Session(Settings(dir=data), engine=LibtorrentEngine(QUIET))


@pytest.mark.e2e
async def test_the_second_start_needs_no_swarm(tmp_path: Path, video: Path, swarm: LocalSwarm) -> None:
    data = tmp_path / "data"
    async with real(data) as session:
        assert await read_all((await session.add(swarm.magnet)).main_video()) == video.read_bytes()
    await swarm.stop_all()
    (kept,) = data.rglob(video.name)
    was, altered = kept.stat(), bytearray(kept.read_bytes())
    altered[len(altered) // 2] ^= 255  # who hashed it again would find that out, and miss a piece
    kept.write_bytes(altered)
    os.utime(kept, ns=(was.st_atime_ns, was.st_mtime_ns))
    async with real(data) as session:
        begun = time.monotonic()
        torrent = await session.add(swarm.magnet, timeout=10)
        assert not torrent.handle.request.recheck  # type: ignore[attr-defined]
        assert await read_all(torrent.main_video()) == altered
        assert time.monotonic() - begun < 5


@pytest.mark.e2e
async def test_removing_leaves_no_file_and_no_state(tmp_path: Path, swarm: LocalSwarm) -> None:
    async with real(tmp_path / "data") as session:
        torrent = await session.add(swarm.magnet)
        await read_all(torrent.main_video())
        assert torrent.handle.path_of(0).exists()
        begun = time.monotonic()
        await session.remove(torrent, delete_data=True)
        assert time.monotonic() - begun < 4, "the engine's answer came"
        assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


@pytest.mark.e2e
async def test_a_hybrid_that_was_added_by_its_newer_hash_is_removed_too(tmp_path: Path, video: Path) -> None:
    async with LocalSwarm(video, seeds=1, piece_length=128 * 1024, version="hybrid") as swarm:
        newer = next(part for part in swarm.magnet.replace("?", "&").split("&") if "btmh" in part)
        peers = "".join(f"&x.pe={host}:{port}" for host, port in swarm.peers)
        async with real(tmp_path / "data") as session:
            torrent = await session.add(f"magnet:?{newer}{peers}", timeout=20)
            async with torrent.main_video().open() as reader:
                assert video.read_bytes().startswith(await reader.read())
            swarm_file = tmp_path / "film.torrent"
            swarm_file.write_bytes(swarm.torrent_bytes)
            assert await session.add(str(swarm_file)) is torrent, "by its other hash as well"
            begun = time.monotonic()
            await session.remove(torrent, delete_data=True)
            assert time.monotonic() - begun < 4
            assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


READ_AND_DIE = """
import asyncio, os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from test_session import real

async def main():
    session = await real(Path(sys.argv[1])).__aenter__()
    torrent = await session.add(sys.argv[2])
    reader = torrent.main_video().open()
    while reader.tell() < 2 << 20:
        await reader.read()
    torrent.handle.save_resume()
    while reader.tell() < 3 << 20:
        await reader.read()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.e2e
async def test_a_kill_in_mid_download_costs_no_wrong_byte(tmp_path: Path, video: Path, swarm: LocalSwarm) -> None:
    command = [sys.executable, "-c", READ_AND_DIE, str(tmp_path / "data"), swarm.magnet, str(Path(__file__).parent)]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stderr=subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL, said.decode()
    async with real(tmp_path / "data") as session:
        torrent = await session.add(swarm.magnet, timeout=20)
        assert await read_all(torrent.main_video()) == video.read_bytes()


@virtual_time
async def test_a_torrent_is_read_once_before_the_engine_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    identity = preparing.identity

    def counting(loaded: Loaded) -> preparing.Identity:
        read.append(loaded.info_hash)
        return identity(loaded)

    monkeypatch.setattr(preparing, "identity", counting)
    async with fake(tmp_path, SEED) as session:
        loaded = Loaded(None, CONTENT.torrent, "test", CONTENT.info_hash)
        torrent, new = await session.introduce(loaded)
        assert (torrent.info_hash, new, read) == (CONTENT.info_hash, True, [CONTENT.info_hash])
        assert await session.introduce(loaded) == (torrent, False)


HOLD = """
import sys
from pathlib import Path
from headrace.store import Store
lock = Store(Path(sys.argv[1])).lock(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@virtual_time
async def test_another_process_has_the_torrent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / ".headrace"), CONTENT.info_hash]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        async with fake(tmp_path, SEED) as session:
            with pytest.raises(EngineError, match="already open"):
                await session.add(CONTENT.magnet)
            process.kill()
            process.wait()
            assert await session.add(CONTENT.magnet), "its claim ended with it"
