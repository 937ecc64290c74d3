"""What the engine suite does not ask of every engine: options that act, and what is kept between runs."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest

from headrace.engine.base import (
    AddRequest,
    Change,
    EngineOptions,
    Event,
    Listening,
    MetadataReady,
    PiecesReady,
    ResumeSaved,
    Stats,
    TrackerReplied,
)
from headrace.engine.libtorrent import LibtorrentEngine, inspect_torrent, version
from headrace.errors import InputError
from headrace.testing.fake_swarm import Content, FakeFile
from headrace.testing.local_swarm import LocalSwarm, SeedSpec

pytestmark = pytest.mark.e2e
PIECE = 64 * 1024
E = TypeVar("E", bound=Event)
CONTENT = Content([FakeFile("a.bin", 3 * PIECE), FakeFile("b.bin", PIECE)], PIECE, "t")


def options(**more: Any) -> EngineOptions:
    quiet = {"listen": ("127.0.0.1:0",), "dht": False, "lsd": False, "port_mapping": False}
    return EngineOptions(**{**quiet, **more})


class Run:
    """An engine and all that it says."""

    def __init__(self, **more: Any) -> None:
        self.engine = LibtorrentEngine(options(**more))
        self.events: list[Event] = []
        self._came = asyncio.Event()

    def hear(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        self._came.set()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, done: Callable[[], bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not done():
                self._came.clear()
                await self._came.wait()

    async def stats(self, torrent: Any, done: Callable[[Stats], bool]) -> Stats:
        async with asyncio.timeout(20):
            while True:
                seen = len(self.of(Stats))
                torrent.request_stats()
                await self.until(lambda seen=seen: len(self.of(Stats)) > seen)  # type: ignore[misc]
                if done(self.of(Stats)[-1]):
                    return self.of(Stats)[-1]
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def running(**more: Any) -> AsyncIterator[Run]:
    run = Run(**more)
    run.engine.start()
    run.engine.attach(run.hear)
    try:
        yield run
    finally:
        await run.engine.aclose()


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content.bin"
    path.write_bytes(random.Random(1).randbytes(PIECE * 16))
    return path


def request(swarm: LocalSwarm, folder: Path, **more: Any) -> AddRequest:
    given = {"torrent": swarm.torrent_bytes, "peers": tuple(swarm.peers), **more}
    return AddRequest(swarm.info_hash, folder, **given)


async def fetch(run: Run, swarm: LocalSwarm, folder: Path, **more: Any) -> Any:
    """The whole torrent."""
    torrent = run.engine.add(request(swarm, folder, **more))
    await run.until(lambda: bool(run.of(MetadataReady)))
    torrent.apply(Change(want=tuple(range(16))))
    await run.until(lambda: sum(torrent.have) == 16)
    return torrent


# sources
def test_a_torrent_is_looked_at_without_an_engine() -> None:
    hashes, layout = inspect_torrent(CONTENT.torrent)
    assert hashes == (CONTENT.info_hash,)
    assert layout == CONTENT.layout
    for torn in (b"", b"de", CONTENT.torrent[:-10]):
        with pytest.raises(InputError, match="cannot be read"):
            inspect_torrent(torn)
    assert version().startswith("2.")


async def test_what_is_not_a_magnet_is_refused(tmp_path: Path) -> None:
    async with running() as run:
        for magnet in ("magnet:?dn=x", "magnet:?xt=urn:btih:zz", "nonsense"):
            with pytest.raises(InputError):
                run.engine.add(AddRequest("ab" * 20, tmp_path, magnet=magnet))


async def test_a_hybrid_has_two_hashes(content: Path) -> None:
    async with LocalSwarm(content, seeds=0, piece_length=PIECE, version="hybrid") as swarm:
        hashes, _ = inspect_torrent(swarm.torrent_bytes)
        assert [len(info_hash) for info_hash in hashes] == [40, 64]
        assert swarm.info_hash in hashes


# listening
async def test_it_says_where_it_listens_and_when_it_cannot() -> None:
    async with running() as run:
        await run.until(lambda: any(not event.error for event in run.of(Listening)))
        assert all(event.port for event in run.of(Listening) if not event.error)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stubborn = {"max_retry_port_bind": 0, "listen_system_port_fallback": False}
        async with running(listen=(f"127.0.0.1:{port}",), extra=stubborn) as run:
            await run.until(lambda: any(event.error for event in run.of(Listening)))


async def test_what_happened_before_there_was_a_loop_is_told(content: Path, tmp_path: Path) -> None:
    async with LocalSwarm(content, seeds=1, piece_length=PIECE) as swarm:
        run = Run()
        run.engine.start()
        run.engine.add(request(swarm, tmp_path / "data"))
        run.engine.attach(run.hear)
        await run.until(lambda: bool(run.of(MetadataReady)))
        await run.engine.aclose()
        await run.engine.aclose()


def answer_once(tracker: socket.socket) -> None:
    """A reply to an announce over HTTP (BEP 3); what is asked after it never has one."""
    connection, _ = tracker.accept()
    with connection:
        connection.recv(4096)
        reply = b"d8:intervali1800e5:peers0:e"
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(reply), reply))


async def test_the_loop_goes_on_while_a_silent_tracker_delays_the_end(content: Path, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with LocalSwarm(content, seeds=1, piece_length=PIECE) as swarm:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            run = Run()
            run.engine.start()
            run.engine.attach(run.hear)
            torrent = run.engine.add(request(swarm, tmp_path / "data"))
            torrent.add_trackers([f"http://127.0.0.1:{silent.getsockname()[1]}/announce"])
            await run.until(lambda: bool(run.of(MetadataReady)))
            await loop.run_in_executor(None, answer_once, silent)
            await run.until(lambda: bool(run.of(TrackerReplied)))
            began, beats = loop.time(), [loop.time()]
            closing = asyncio.ensure_future(run.engine.aclose())
            while not closing.done():
                await asyncio.wait([closing], timeout=0.02)
                beats.append(loop.time())
    assert loop.time() - began > 0.5, "the end has to wait for the tracker, or this shows nothing"
    assert max(after - before for before, after in pairwise(beats)) < 0.3


def test_an_engine_that_was_never_started_can_end() -> None:
    asyncio.run(LibtorrentEngine(options()).aclose())
    with pytest.raises(RuntimeError, match="not running"):
        LibtorrentEngine(options()).add(AddRequest("ab" * 20, Path(), magnet="magnet:?xt=urn:btih:" + "ab" * 20))


# what is kept
async def test_state_is_kept_without_secrets_and_a_torn_one_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "state" / "session"
    proxy = "socks5://me:sesame7@127.0.0.1:9"
    async with running(state_path=path, proxy=proxy):
        pass
    kept = path.read_bytes()
    assert b"dht" in kept
    assert b"sesame7" not in kept
    assert [entry.name for entry in path.parent.iterdir()] == ["session"]
    for torn in (b"", b"\xff" * 100, kept[: len(kept) // 2]):
        path.write_bytes(torn)
        async with running(state_path=path) as run:
            await run.until(lambda: bool(run.of(Listening)))
    assert path.read_bytes().startswith(b"d")


async def test_saved_state_of_another_torrent_or_a_torn_one_is_not_believed(content: Path, tmp_path: Path) -> None:
    async with LocalSwarm(content, seeds=1, piece_length=PIECE) as swarm:
        async with running() as run:
            torrent = await fetch(run, swarm, tmp_path / "data")
            torrent.save_resume()
            await run.until(lambda: bool(run.of(ResumeSaved)))
            saved = run.of(ResumeSaved)[-1].data
        for resume in (saved[:50], b"\xff", CONTENT.torrent):
            async with running() as run:
                torrent = await fetch(run, swarm, tmp_path / "data", resume=resume)
                assert torrent.path_of(0).read_bytes() == content.read_bytes()
        async with running() as run:
            await swarm.stop_all()
            torrent = run.engine.add(
                AddRequest(swarm.info_hash, tmp_path / "data", magnet=swarm.bare_magnet, resume=saved)
            )
            await run.until(lambda: sum(torrent.have) == 16)


async def test_a_recheck_finds_out_what_changed(content: Path, tmp_path: Path) -> None:
    async with LocalSwarm(content, seeds=1, piece_length=PIECE) as swarm:
        async with running() as run:
            torrent = await fetch(run, swarm, tmp_path / "data")
            torrent.save_resume()
            await run.until(lambda: bool(run.of(ResumeSaved)))
            saved, path = run.of(ResumeSaved)[-1].data, torrent.path_of(0)
        with path.open("r+b") as file:
            file.seek(3 * PIECE)
            file.write(b"changed")
        async with running() as run:
            torrent = run.engine.add(request(swarm, tmp_path / "data", resume=saved, recheck=True, peers=()))
            await run.until(lambda: sum(torrent.have) == 15)
            assert not torrent.have[3]


# options that act
@pytest.mark.parametrize("of_all", [True, False])
async def test_a_limit_that_is_set_while_it_runs_holds(content: Path, tmp_path: Path, of_all: bool) -> None:
    """What nobody took for three seconds libtorrent lets through at once (``update_quota`` in its bandwidth_limit.cpp):
    of 1 MiB at 200 kB/s that is 600 kB at most, and the rest takes 2.2 s at least.
    """
    async with LocalSwarm(content, seeds=2, piece_length=PIECE) as swarm, running() as run:
        torrent = run.engine.add(request(swarm, tmp_path / "data"))
        if of_all:
            run.engine.set_limits(200_000, 0, 50)
        else:
            torrent.set_limits(200_000, 0)
        await run.until(lambda: bool(run.of(MetadataReady)))
        began = time.monotonic()
        torrent.apply(Change(want=tuple(range(16))))
        await run.until(lambda: sum(torrent.have) == 16)
        assert time.monotonic() - began > 2.0


async def test_a_limit_holds_on_the_local_network_too(content: Path, tmp_path: Path) -> None:
    async with LocalSwarm(content, seeds=2, piece_length=PIECE) as swarm, running(down_limit=200_000) as run:
        begun = time.monotonic()
        await fetch(run, swarm, tmp_path / "data")
        assert time.monotonic() - begun > 2.0, "a megabyte at 0.2 MB/s, less 0.6"


async def test_no_more_peers_than_wanted(content: Path, tmp_path: Path) -> None:
    seeds = [SeedSpec(rate=100_000) for _ in range(4)]
    async with LocalSwarm(content, seeds=seeds, piece_length=PIECE) as swarm, running(max_peers=2) as run:
        torrent = run.engine.add(request(swarm, tmp_path / "data"))
        await run.stats(torrent, lambda stats: stats.peers >= 1)
        torrent.apply(Change(want=tuple(range(16))))
        await run.until(lambda: bool(run.of(PiecesReady)))
        assert (await run.stats(torrent, lambda _: True)).peers <= 2


async def test_fewer_peers_while_it_runs(content: Path, tmp_path: Path) -> None:
    seeds = [SeedSpec(rate=20_000) for _ in range(4)]
    async with LocalSwarm(content, seeds=seeds, piece_length=PIECE) as swarm, running() as run:
        torrent = run.engine.add(request(swarm, tmp_path / "data"))
        await run.until(lambda: bool(run.of(MetadataReady)))
        torrent.apply(Change(want=tuple(range(16))))
        await run.stats(torrent, lambda stats: stats.peers == 4)
        run.engine.set_limits(0, 0, 2)
        await run.stats(torrent, lambda stats: stats.peers <= 2)


async def test_blocked_addresses_are_not_met(content: Path, tmp_path: Path) -> None:
    async with LocalSwarm(content, seeds=1, piece_length=PIECE) as swarm:
        async with running(blocked=(("127.0.0.0", "127.0.0.255"),)) as run:
            torrent = run.engine.add(request(swarm, tmp_path / "data"))
            await run.until(lambda: bool(run.of(MetadataReady)))
            torrent.apply(Change(want=(0,)))
            await asyncio.sleep(1)
            assert (await run.stats(torrent, lambda _: True)).peers == 0
        assert [seed["uploaded"] for seed in await swarm.stats()] == [0]


@pytest.mark.parametrize(("proxy", "udp"), [("", True), ("socks5://127.0.0.1:9", True), ("http://127.0.0.1:9", False)])
async def test_trackers_that_a_proxy_cannot_reach_are_left_out(tmp_path: Path, proxy: str, udp: bool) -> None:
    magnet = CONTENT.magnet + "&tr=udp%3A%2F%2F127.0.0.1%3A9%2Fa&tr=http%3A%2F%2F127.0.0.1%3A9%2Fb"
    async with running(proxy=proxy) as run:
        given = ("http://127.0.0.1:9/b", "http://127.0.0.1:9/c")
        torrent = run.engine.add(AddRequest(CONTENT.info_hash, tmp_path, magnet=magnet, trackers=given))
        trackers = {tracker["url"]: tracker["tier"] for tracker in torrent.handle.trackers()}
        expected = {"http://127.0.0.1:9/b": 0, "http://127.0.0.1:9/c": 0}
        assert trackers == ({"udp://127.0.0.1:9/a": 0} | expected if udp else expected), "all at once, none twice"


async def test_a_proxy_that_is_not_there_lets_nothing_past_it(content: Path, tmp_path: Path) -> None:
    async with LocalSwarm(content, seeds=1, piece_length=PIECE) as swarm:
        async with running(proxy="socks5://127.0.0.1:9") as run:
            torrent = run.engine.add(request(swarm, tmp_path / "data"))
            await run.until(lambda: bool(run.of(MetadataReady)))
            torrent.apply(Change(want=(0,)))
            await asyncio.sleep(1)
            assert not run.of(PiecesReady)
        assert [seed["uploaded"] for seed in await swarm.stats()] == [0]
