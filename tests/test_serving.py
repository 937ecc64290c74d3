"""One run of ``serve`` over a fake engine; real ones are in tests/e2e."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from headrace.core import events
from headrace.errors import EngineError
from headrace.library import presence
from headrace.library.library import Library
from headrace.library.records import Entry
from headrace.serving import Serving
from headrace.session import Session
from headrace.settings import Settings
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakePeer, FakeSwarm

FILM = Content(200_000, 16384, "film.mkv")


class Run:
    """A server that runs; ``told`` has what it says."""

    def __init__(self, task: asyncio.Task[int], told: list[events.Note]) -> None:
        self.task, self.told = task, told

    @property
    def url(self) -> str:
        return next(note.url for note in self.told if isinstance(note, events.Serving))


@contextlib.asynccontextmanager
async def serving(folder: Path, *peers: FakePeer, **settings: Any) -> AsyncIterator[Run]:
    told: list[events.Note] = []
    session = Session(Settings(dir=folder, port=0, **settings), engine=FakeEngine(FakeSwarm(FILM, peers)))
    async with session:
        run = Run(asyncio.ensure_future(Serving(session, told.append).run()), told)
        async with asyncio.timeout(20):
            while not run.task.done() and not any(isinstance(note, events.Serving) for note in told):
                await asyncio.sleep(0.005)
        try:
            yield run
        finally:
            run.task.cancel()
            with contextlib.suppress(asyncio.CancelledError, EngineError):
                await run.task


async def test_added_watched_ended_and_there_again(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as client:
        async with serving(tmp_path, FakePeer(rate=4_000_000)) as run:
            found = presence.find(tmp_path / ".headrace")
            assert found is not None
            assert found.url + "/" == run.url
            async with client.post(f"{run.url}api/v1/torrents", json={"source": FILM.magnet}) as reply:
                assert reply.status == 201
                url = (await reply.json())["url"]
            async with client.get(url) as reply:
                assert await reply.read() == FILM.file_bytes(0)
            os.kill(os.getpid(), signal.SIGTERM)
            assert await asyncio.wait_for(run.task, 5) == 0
            assert isinstance(run.told[-1], events.Done)
        assert presence.find(tmp_path / ".headrace") is None
        async with serving(tmp_path) as run, client.get(f"{run.url}api/v1/torrents") as reply:
            (torrent,) = (await reply.json())["torrents"]
            assert (torrent["infohash"], torrent["name"]) == (FILM.info_hash, "film.mkv")


async def test_the_service_manager_is_told_when_it_answers_and_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        loop = asyncio.get_running_loop()
        async with serving(tmp_path / "data") as run:
            assert await asyncio.wait_for(loop.sock_recv(manager, 100), 10) == b"READY=1"
            async with aiohttp.ClientSession() as client, client.get(f"{run.url}healthz") as reply:
                assert reply.status == 200
        assert await asyncio.wait_for(loop.sock_recv(manager, 100), 10) == b"STOPPING=1"


async def test_events_name_their_torrents(tmp_path: Path) -> None:
    async with serving(tmp_path) as run, aiohttp.ClientSession() as client:
        await client.post(f"{run.url}api/v1/torrents", json={"source": FILM.magnet, "paused": True})
        await client.delete(f"{run.url}api/v1/torrents/{FILM.info_hash}")
        told = [(note.infohash, note.note.event) for note in run.told if isinstance(note, events.Of)]
    assert told[0] == (FILM.info_hash, "starting")
    assert told[-1] == (FILM.info_hash, "removed")


async def test_a_second_one_on_the_same_folder_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as first, serving(tmp_path) as second:
        with pytest.raises(EngineError, match="A Headrace server") as caught:
            await second.task
        assert first.url.rstrip("/") in caught.value.hint
        assert caught.value.exit_code == 5


async def test_a_port_that_is_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path / "a") as first:
        port = int(first.url.rsplit(":", 1)[1].strip("/"))
        session = Session(Settings(dir=tmp_path / "b", port=port), engine=FakeEngine())
        async with session:
            with pytest.raises(EngineError, match="taken"):
                await Serving(session, lambda note: None).run()
    assert presence.find(tmp_path / "b" / ".headrace") is None


async def test_the_quota_holds_and_what_was_not_to_be_kept_goes(tmp_path: Path) -> None:
    left, large = f"{1:040}", f"{2:040}"
    async with await Library.open(tmp_path / ".headrace") as library:
        for info_hash, keep in ((left, False), (large, True)):
            (tmp_path / info_hash).mkdir()
            (tmp_path / info_hash / "film.mkv").write_bytes(b"x" * 100_000)
            await library.put(Entry(info_hash, keep=keep, paused=True))
    async with serving(tmp_path, quota=50_000) as run, aiohttp.ClientSession() as client:
        assert not (tmp_path / left).exists()
        async with asyncio.timeout(10):
            while not any(isinstance(note, events.Warning) and note.kind == "evicted" for note in run.told):
                await asyncio.sleep(0.005)
        assert not (tmp_path / large).exists()
        async with client.get(f"{run.url}api/v1/torrents") as reply:
            assert [torrent["infohash"] for torrent in (await reply.json())["torrents"]] == [large]


async def test_what_comes_into_the_watched_folder_is_added(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    async with serving(tmp_path / "data", watch=folder) as run:
        (folder / "film.torrent").write_bytes(FILM.torrent)
        async with asyncio.timeout(20):
            while not any(isinstance(note, events.Of) and note.note.event == "starting" for note in run.told):
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(run.task, 5) == 0


async def test_a_watched_folder_that_is_not_there_ends_it(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", watch=tmp_path / "none") as run:
        with pytest.raises(EngineError, match="no folder"):
            await run.task


async def test_a_link_is_all_that_a_player_needs(tmp_path: Path) -> None:
    """An unknown torrent is added by its stream's URL, if that says where the swarm is; not by other sites' pages."""
    async with serving(tmp_path, FakePeer(rate=4_000_000)) as run, aiohttp.ClientSession() as client:
        url = f"{run.url}stream/{FILM.info_hash}/main/x"
        foreign = {"Sec-Fetch-Site": "cross-site"}
        for params, headers, status in (
            ({}, {}, 404),
            ({"magnet": FILM.magnet}, foreign, 403),
            ({"magnet": "magnet:?xt=urn:btih:" + "ab" * 20}, {}, 422),
            ({"magnet": "/etc/passwd"}, {}, 422),
            ({"tr": "file:///etc/passwd"}, {}, 404),
        ):
            async with client.get(url, params=params, headers=headers) as reply:
                assert reply.status == status, params
        async with client.get(f"{run.url}api/v1/torrents") as reply:
            assert (await reply.json())["torrents"] == []
        async with client.get(url, params={"tr": "http://127.0.0.1:1/announce"}) as reply:
            assert await reply.read() == FILM.file_bytes(0)


async def test_a_smaller_quota_acts_at_once_and_listeners_hear_what_went(tmp_path: Path) -> None:
    async with serving(tmp_path, FakePeer(rate=8_000_000)) as run, aiohttp.ClientSession() as client:
        api = f"{run.url}api/v1"
        async with client.post(f"{api}/torrents", json={"source": FILM.magnet}) as reply:
            url = (await reply.json())["url"]
        async with client.get(url) as reply:
            assert await reply.read() == FILM.file_bytes(0)
        home = tmp_path / FILM.info_hash
        home.mkdir(exist_ok=True)
        (home / "film.mkv").write_bytes(FILM.file_bytes(0))  # the fake engine's files lie elsewhere
        async with client.patch(f"{api}/settings", json={"quota": 1000}) as reply:
            assert (reply.status, (await reply.json())["quota"]) == (200, 1000)

        def evictions() -> list[tuple[str, int, str]]:
            notes = [note for note in run.told if isinstance(note, events.Of)]
            return [(e.infohash, e.note.freed, e.note.name) for e in notes if isinstance(e.note, events.Evicted)]

        async with asyncio.timeout(10):
            while not evictions():
                await asyncio.sleep(0.005)
        assert not (home / "film.mkv").exists()
        ((infohash, freed, name),) = evictions()
        assert (infohash, name) == (FILM.info_hash, "film.mkv")
        assert freed > 100_000
        async with client.get(f"{api}/torrents/{FILM.info_hash}") as reply:
            assert (await reply.json())["evicted"]
