"""A server over a real torrent object, whose engine is a have-map and whose data is a real file on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headrace.core.pieces import FileEntry, Layout
from headrace.engine.base import Change, MetadataReady, Peer, Peers, PiecesReady, TorrentRemoved
from headrace.http.server import Server
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent

PIECE = 64 * 1024
V1, V2 = "c0ffee" + "0" * 33 + "1", "beef" + "0" * 60


class Handle:
    """An engine's torrent that has what a test says."""

    def __init__(self, folder: Path, files: Sequence[tuple[str, bytes]], name: str, piece_length: int) -> None:
        self.info_hash = V1
        self.folder, self.changes = folder, []
        entries, offset = [], 0
        for index, (path, data) in enumerate(files):
            entries.append(FileEntry(index, path, len(data), offset))
            offset += len(data)
            place = folder / str(index)
            place.write_bytes(data)
        self.layout = Layout(name, piece_length, offset, tuple(entries))
        self.have = bytearray()
        self.part_file: Path | None = None
        self.flying: tuple[int, ...] = ()
        self.tell_peers: Callable[[], None] = lambda: None

    def in_flight(self) -> tuple[int, ...]:
        return self.flying

    def path_of(self, index: int) -> Path:
        return self.folder / str(index)

    def apply(self, change: Change) -> None:
        self.changes.append(change)

    def choose_files(self, indexes: frozenset[int]) -> None: ...
    def add_peers(self, peers: Any) -> None: ...
    def add_trackers(self, urls: Any) -> None: ...
    def set_paused(self, paused: bool) -> None:
        self.paused = paused

    def set_limits(self, down: int, up: int) -> None:
        self.limits = (down, up)

    def report_blocks(self, wanted: bool) -> None: ...
    def take_over(self, piece: int) -> None: ...
    def find_peers(self) -> None: ...
    def set_calm(self, calm: bool) -> None: ...
    def settle(self) -> None: ...
    def request_stats(self) -> None: ...
    def request_peers(self) -> None:
        self.tell_peers()

    def save_resume(self) -> None: ...
    def metainfo(self) -> bytes:
        return b"de"

    def remove(self, *, delete_data: bool) -> None: ...


@dataclass
class Reply:
    """A response as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    raw: bytes = field(default=b"", repr=False)


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, method: str, target: str, *headers: str, version: str = "1.1", host: str | None = "") -> None:
        port = self.writer.get_extra_info("peername")[1]
        lines = [f"{method} {target} HTTP/{version}"]
        if host is not None:
            lines.append(f"Host: {host or f'127.0.0.1:{port}'}")
        self.writer.write(("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode())
        await self.writer.drain()

    async def head(self) -> Reply:
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 60)
        first, *lines = raw.decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Reply(int(first.split()[1]), headers, raw=raw)

    async def body(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 60)

    async def ask(self, method: str, target: str, *headers: str, **more: Any) -> Reply:
        await self.send(method, target, *headers, **more)
        reply = await self.head()
        if method != "HEAD" and reply.status != 304:
            if "content-length" in reply.headers:
                reply.body = await self.body(int(reply.headers["content-length"]))
            elif reply.status != 204 and "transfer-encoding" not in reply.headers:
                reply.body = await asyncio.wait_for(self.reader.read(), 60)
        return reply

    async def is_silent(self) -> bool:
        """Whether nothing comes for a while."""
        try:
            return await asyncio.wait_for(self.reader.read(1), 0.05) is None
        except TimeoutError:
            return True

    def close(self) -> None:
        self.writer.close()


class World:
    """Torrents, a server, and clients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.torrents = Torrents()
        self.server: Server | None = None
        self.wires: list[Wire] = []

    def add(
        self, files: Sequence[tuple[str, bytes]], *, name: str = "A film", piece_length: int = PIECE, known: bool = True
    ) -> Torrent:
        self.handle = Handle(self.folder, files, name, piece_length)
        self.torrent = Torrent(self.handle, name=name, info_hashes=(V1, V2))
        self.torrents.add(self.torrent)
        if known:
            self.know()
        return self.torrent

    def know(self) -> None:
        """The metadata comes."""
        self.handle.have = bytearray(self.handle.layout.num_pieces)
        self.torrent.handle_event(MetadataReady(V1, self.handle.layout))

    def verify(self, *pieces: int) -> None:
        """These pieces come; all if none is named."""
        new = pieces or tuple(range(self.handle.layout.num_pieces))
        for piece in new:
            self.handle.have[piece] = 1
        self.torrent.handle_event(PiecesReady(V1, new))

    def meet(self, *peers: Peer) -> None:
        """The engine is connected to these, from now on."""
        told = Peers(V1, peers)
        self.handle.tell_peers = lambda: asyncio.get_running_loop().call_soon(self.torrent.handle_event, told)

    def lose(self) -> None:
        """The torrent is removed."""
        self.torrent.handle_event(TorrentRemoved(V1, deleted=False))

    async def start(self, **options: Any) -> Server:
        self.server = Server(self.torrents, port=0, **options)
        await self.server.start()
        return self.server

    async def connect(self, host: str = "127.0.0.1") -> Wire:
        assert self.server is not None
        wire = Wire(*await asyncio.open_connection(host, self.server.port))
        self.wires.append(wire)
        return wire

    async def ask(self, method: str, target: str, *headers: str, **more: Any) -> Reply:
        """On a connection of its own."""
        return await (await self.connect()).ask(method, target, *headers, **more)

    @property
    def heads(self) -> int:
        """How many read heads there are."""
        return len(self.torrent.conductor.places) if self.torrent.conductor else 0

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> float:
        """Let the loop turn until it holds; how long that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            assert loop.time() - began < seconds, "it never came to hold"
            await asyncio.sleep(0.001)
        return loop.time() - began

    async def aclose(self) -> None:
        for wire in self.wires:
            wire.close()
        if self.server is not None:
            await self.server.aclose()
        for torrent in self.torrents:
            torrent.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.aclose()


@pytest.fixture
def video() -> bytes:
    """A file of three and a half pieces."""
    return random.Random(1).randbytes(PIECE * 7 // 2)


@pytest.fixture
async def serving(world: World, video: bytes) -> World:
    """A server with one complete film; ``/stream/{V1}/0/x`` is it."""
    world.add([("film.mkv", video), ("film.srt", b"1\n"), ("page.html", b"<script>"), ("empty.mp4", b"")])
    world.verify()
    await world.start()
    return world


@pytest.fixture
def shell() -> Callable[..., Awaitable[tuple[int, bytes]]]:
    """Runs a program beside the server."""

    async def run(*argv: str) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(*argv, stdout=-1, stderr=asyncio.subprocess.DEVNULL)
        with contextlib.suppress(TimeoutError):
            out, _ = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode or 0, out
        process.kill()
        raise AssertionError("it did not end")

    return run


@pytest.fixture
def v1() -> str:
    return V1


@pytest.fixture
def v2() -> str:
    return V2
