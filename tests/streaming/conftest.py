"""A torrent without an engine: its have-map and its file hold what a test says, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from headrace.core import planner
from headrace.core.choice import Choice
from headrace.core.events import Note
from headrace.core.pieces import BLOCK, FileEntry, Layout
from headrace.engine.base import AddRequest, Change
from headrace.streaming.conductor import Conductor
from headrace.streaming.reader import Reader
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

N = TypeVar("N", bound=Note)
SMALL = {
    "CRITICAL_BYTES": 24,
    "SEEK_BYTES": 40,
    "TIER1_BYTES": 48,
    "TIER2_BYTES": 96,
    "START_BYTES": 40,
    "FLOOR_BYTES": 32,
    "CEILING_BYTES": 112,
}


@pytest.fixture
def small_planner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiers and budgets that bite in a file of some hundred bytes."""
    for name, value in SMALL.items():
        monkeypatch.setattr(planner, name, value)


class Handle:
    """An engine's torrent (``EngineTorrent``) that keeps what it was told."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.info_hash = "ab" * 20
        self.layout = layout
        self.folder = folder
        self.have = bytearray(layout.num_pieces)
        self.changes: list[Change] = []
        self.wanted: set[int] = set()
        self.blocks: list[bool] = []
        self.looks: list[int] = []
        self.calm: list[bool] = []
        self.searches = 0

    def path_of(self, index: int) -> Path:
        return self.folder / str(index)

    def apply(self, change: Change) -> None:
        assert not set(change.want) & set(change.drop)
        self.changes.append(change)
        self.wanted = (self.wanted | set(change.want)) - set(change.drop)

    def report_blocks(self, wanted: bool) -> None:
        self.blocks.append(wanted)

    def find_peers(self) -> None:
        self.searches += 1

    def set_calm(self, calm: bool) -> None:
        self.calm.append(calm)

    def take_over(self, piece: int) -> None:
        self.looks.append(piece)


class Stage:
    """A conductor over a handle; the files are full of wrong bytes until a piece or a block comes."""

    def __init__(self, folder: Path, sizes: list[int], piece_length: int, clock: Callable[[], float] | None) -> None:
        files, offset = [], 0
        for index, size in enumerate(sizes):
            files.append(FileEntry(index, f"show/{index}.mkv", size, offset))
            (folder / str(index)).write_bytes(b"\xee" * size)
            offset += size
        self.layout = Layout("show", piece_length, offset, tuple(files))
        self.data = random.Random(1).randbytes(offset)
        self.handle = Handle(folder, self.layout)
        self.conductor = Conductor(self.handle, clock)  # type: ignore[arg-type]

    def write(self, start: int, end: int, data: bytes | None = None) -> None:
        """Put these bytes of the torrent into the files."""
        data = self.data[start:end] if data is None else data
        for entry in self.layout.files:
            first, last = max(start, entry.offset), min(end, entry.span.end)
            if first < last:
                with self.handle.path_of(entry.index).open("r+b") as file:
                    file.seek(first - entry.offset)
                    file.write(data[first - start : last - start])

    def come(self, *pieces: int) -> None:
        """Pieces are written, checked and told of."""
        for piece in pieces:
            self.write(*self.layout.span_of(piece))
            self.handle.have[piece] = 1
            self.handle.wanted.discard(piece)
        self.conductor.pieces_ready(pieces)

    def block(self, piece: int, block: int, *, trusted: bool = False, data: bytes | None = None) -> None:
        """A block is written, unchecked."""
        start = self.layout.span_of(piece).start + block * BLOCK
        self.write(start, min(start + BLOCK, self.layout.span_of(piece).end), data)
        self.conductor.block_arrived(piece, block, trusted)

    def reader(self, index: int = 0, position: int = 0, eager: str = "off") -> Reader:
        entry = self.layout.file(index)
        return Reader(self.conductor, self.layout, entry, self.handle.path_of(index), position, eager)


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    """Makes a stage: ``stage([size, ...], piece_length)``; its metadata is there."""

    def make(
        sizes: list[int], piece_length: int, *, clock: Callable[[], float] | None = None, start: bool = True, **_: Any
    ) -> Stage:
        made = Stage(tmp_path, sizes, piece_length, clock)
        if start:
            made.conductor.start(made.layout)
        return made

    return make


MiB = 1 << 20


def box(kind: bytes, payload: bytes = b"", size: int = 0) -> bytes:
    """A box of ISO base media (ISO/IEC 14496-12)."""
    return struct.pack(">I4s", size or 8 + len(payload), kind) + payload


def movie(size: int, seconds: int, path: str = "video.mp4") -> FakeFile:
    """An MP4 whose index lies at its end."""
    header = box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, seconds * 1000) + bytes(80))
    moov, kind = box(b"moov", header), box(b"ftyp", b"isom\0\0\2\0isommp42")
    media = box(b"mdat", size=size - len(kind) - len(moov))
    return FakeFile(path, size, {0: kind + media, size - len(moov): moov})


class Show:
    """A torrent over a fake engine and fake peers, and all that it said, with the time."""

    def __init__(self, folder: Path, files: Sequence[FakeFile], peers: Sequence[FakePeer], choice: Choice) -> None:
        self.content = Content(files, MiB, "show")
        self.swarm = FakeSwarm(self.content, peers)
        self.engine = FakeEngine(self.swarm)
        self.engine.start()
        self.torrents = Torrents()
        self.engine.attach(self.torrents.dispatch)
        self.handle = self.engine.add(AddRequest(self.content.info_hash, folder, magnet=self.content.magnet))
        self.torrent = Torrent(self.handle, choice=choice)
        self.torrents.add(self.torrent)
        self.told: list[tuple[float, Note]] = []
        self.torrent.subscribe(lambda note: self.told.append((asyncio.get_running_loop().time(), note)))

    def notes(self, kind: type[N]) -> list[N]:
        """The notes of a kind so far."""
        return [note for _, note in self.told if isinstance(note, kind)]

    def times(self, kind: type[Note]) -> list[float]:
        """When they were told."""
        return [time for time, note in self.told if isinstance(note, kind)]

    async def read(self, reader: Reader, count: int) -> bytes:
        """Exactly ``count`` bytes, as they come."""
        data = b""
        while len(data) < count:
            part = await reader.read(count - len(data))
            assert part, "a stream ended short"
            data += part
        return data


MAIN = Choice()
SEEDS = tuple(FakePeer(rate=MiB) for _ in range(4))


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Show]]:
    """Makes a show: ``async with show([movie(...)], peers) as one``."""

    @contextlib.asynccontextmanager
    async def make(
        files: Sequence[FakeFile] | None = None, peers: Sequence[FakePeer] = SEEDS, choice: Choice = MAIN
    ) -> AsyncIterator[Show]:
        made = Show(tmp_path, files or [movie(20 * MiB, 40)], peers, choice)
        yield made
        made.torrent.close()
        await made.engine.aclose()

    return make
