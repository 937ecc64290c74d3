"""Films by the real process, out of files that are there in part."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from mediakit import Placed

from headrace.core.hls import Segment
from headrace.core.spans import Span
from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.media import cutter
from headrace.media import films as module
from headrace.media.films import Film, Films, Window, cut, need_of, outline
from headrace.streaming.reader import FileSpan, read_span


class Reader:
    """A head on a placed file: what it may not read yet it waits for."""

    def __init__(self, file: File, position: int = 0) -> None:
        self.file, self.size, self._position = file, file.size, position
        self.places = [position]
        file.readers.append(self)

    def seek(self, offset: int) -> int:
        self._position = offset
        self.places.append(offset)
        return offset

    async def ready(self, limit: int) -> FileSpan:
        count = 0
        while self._position < self.size and not (count := self.file.there.run(self._position, limit)):
            self.file.waits.set()
            await self.file.more.wait()
        return FileSpan(self.file.path, self._position, count)

    def advance(self, count: int) -> None:
        self._position += count

    async def read(self, n: int) -> bytes:
        span = await self.ready(n)
        self.advance(span.size)
        return read_span(span) if span.size else b""

    def close(self) -> None:
        self.file.readers.remove(self)

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class File(Placed):
    """A placed file that is read; ``readers`` are those that are open."""

    def __init__(self, path: Path, name: str = "") -> None:
        super().__init__(path, name or path.name)
        self.readers: list[Reader] = []
        self.there = module.There(self, lambda _: LookupError())  # type: ignore[arg-type]
        self.waits, self.more = asyncio.Event(), asyncio.Event()
        self.come()

    def open(self, position: int = 0, eager: str = "") -> Reader:
        assert eager == "off", "checked bytes only"
        return Reader(self, position)

    def open_aside(self) -> Reader:
        return Reader(self)

    def lose(self, span: Span) -> None:
        """These bytes are not there yet."""
        for piece in self.layout.pieces_of(span.shift(self.entry.offset)):
            self.have[piece] = 0

    def arrive(self) -> None:
        self.come()
        self.more.set()


@pytest.fixture
def two(cuts: Path) -> Any:
    return File(cuts / "two.mkv")


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """Those that were started."""
    started, start = [], asyncio.create_subprocess_exec

    async def keep(*argv: Any, **more: Any) -> asyncio.subprocess.Process:
        process = await start(*argv, **more)
        started.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", keep)
    return started


async def segment_of(films: Films, file: Any, track: int, number: int) -> bytes:
    film = await films.of(file)
    async with films.segment(file, film, track, number) as data:
        assert film.segments[number].span.end <= file.size
        return data


def pictures(data: bytes) -> int:
    with av.open(io.BytesIO(data)) as container:
        return sum(1 for _ in container.decode(0))


# what comes
async def test_a_film_and_its_segments(two: Any, processes: list[asyncio.subprocess.Process]) -> None:
    films = Films()
    film = await films.of(two)
    assert [film.codecs[track.index] for track in film.tracks] == ["avc1.4d400a", "mp4a.40.2", "mp4a.40.2"]
    assert len(film.segments) == 4
    for track, count in ((film.video, 96), (film.sounds[0], 187), (film.sounds[1], 187)):
        data = track.init + await segment_of(films, two, track.index, 1)
        assert pictures(data) == pytest.approx(count, abs=1)
    assert await films.of(two) is film
    assert len(processes) == 4, "one for the film, one for each segment"
    assert all(process.returncode is not None for process in processes)
    assert two.readers == []


async def test_a_segment_waits_for_its_bytes_with_a_head_at_its_place(two: Any) -> None:
    films = Films()
    film = await films.of(two)
    span = film.segments[2].span
    two.lose(span)
    asking = asyncio.create_task(segment_of(films, two, 0, 2))
    async with asyncio.timeout(20):
        await two.waits.wait()
    (reader,) = two.readers
    assert reader.places == [span.start], "it went nowhere else meanwhile"
    assert await segment_of(films, two, 1, 0), "those whose bytes are there need not wait for it"
    two.arrive()
    assert pictures(film.video.init + await asking) == 96
    assert two.readers == []


async def test_who_goes_away_leaves_nothing(two: Any, processes: list[asyncio.subprocess.Process]) -> None:
    films = Films()
    film = await films.of(two)
    two.lose(film.segments[1].span)
    asking = asyncio.create_task(segment_of(films, two, 0, 1))
    async with asyncio.timeout(20):
        await two.waits.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert two.readers == []
    assert len(processes) == 1, "none was started before the bytes were there"


async def test_who_goes_away_while_it_is_cut_ends_the_process(
    two: Any, processes: list[asyncio.subprocess.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEAR", 10_000)  # the film is small
    films = Films()
    film = await films.of(two)
    two.lose(Span(0, 100))  # the head of the file: the process asks for it first
    asking = asyncio.create_task(segment_of(films, two, 0, 2))
    async with asyncio.timeout(20):
        await two.waits.wait()
    assert len(two.readers) == 2, "what lies elsewhere is read aside: the head stays where the segment is"
    assert two.readers[0].places == [film.segments[2].span.start]
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (two.readers, processes[-1].returncode) == ([], -9)


async def test_bytes_from_elsewhere_are_not_waited_for_without_end(two: Any) -> None:
    films = Films(within=0.5)
    await films.of(two)
    two.lose(Span(0, 100))
    with pytest.raises(SwarmError, match="did not come within"):
        await segment_of(films, two, 0, 2)
    assert two.readers == []


async def test_so_many_processes_at_a_time(two: Any) -> None:
    now = most = 0
    both = asyncio.Event()

    async def make(*_: Any) -> bytes:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 2:
            both.set()
        async with asyncio.timeout(10):
            await both.wait()
        await asyncio.sleep(0)
        now -= 1
        return b"made"

    films = Films(make=make, at_once=2)
    await films.of(two)
    assert await asyncio.gather(*(segment_of(films, two, 0, 1) for _ in range(6))) == [b"made"] * 6
    assert most == 2


async def test_so_many_bytes_at_a_time(two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def make(*_: Any) -> bytes:
        return b"made"

    films = Films(make=make)
    film = await films.of(two)
    films._room = module.Room(need_of(film.segments[1]))
    async with films.segment(two, film, 0, 1):
        waiting = asyncio.create_task(segment_of(films, two, 0, 1))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting == b"made"


# what is refused
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("old.avi", "no browser shows mpeg4"),
        ("plain.ts", "no index of keyframes"),
    ],
)
async def test_what_cannot_be_sent(cuts: Path, name: str, why: str) -> None:
    with pytest.raises(InputError, match=f"cannot be sent as HLS: .*{why}") as refused:
        await outline(source_of(cuts / name), name)
    assert refused.value.kind == "not_hls"


def source_of(path: Path) -> Window:
    file = File(path)
    return Window(file, Span(0, file.size), Reader(file))  # type: ignore[arg-type]


async def test_a_film_without_an_index(cuts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.hls, "MOST_SECONDS", 3.0)
    with pytest.raises(InputError, match="no index of keyframes"):
        await outline(source_of(cuts / "two.mkv"), "two.mkv")


async def test_a_segment_that_is_too_large(two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    films = Films()
    await films.of(two)
    monkeypatch.setattr(cutter, "MOST", 1000)
    with pytest.raises(InputError, match="more than 0 MiB"):
        await segment_of(films, two, 0, 1)
    assert two.readers == []


TELL = """
import json
def tell(data):
    say(b"T", 0, len(data)); sys.stdout.buffer.write(data); sys.stdout.flush()
VIDEO = {"index": 0, "codec": "h264", "width": 1, "height": 1, "frame_rate": 1, "lag": 0, "depth": 0, "init": ""}
OUTLINE = {"unit": [1, 1000], "end": 9, "keyframes": [[0, 0]], "video": VIDEO, "sounds": []}
"""
LIES = {
    "no JSON": "tell(b'[[[[')",
    "deep": "tell(b'[' * 100000)",
    "a unit of nothing": "tell(json.dumps(OUTLINE | {'unit': [1, 0]}).encode())",
    "a place before the file": "tell(json.dumps(OUTLINE | {'keyframes': [[0, -1]]}).encode())",
    "times beyond numbers": "tell(json.dumps(OUTLINE | {'keyframes': [[1 << 60, 0]]}).encode())",
    "no end": "tell(json.dumps(OUTLINE | {'end': None}).encode())",
    "too much": "say(b'T', 0, 5 << 20)",
    "too many parts": "say(b'P', 0, 4 << 20); sys.stdout.buffer.write(bytes(4 << 20)); say(b'P', 0, 1)",
    "a part of nothing": "say(b'P', 0, 0)",
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_child_that_lies(fake: Callable[[str], None], cuts: Path, lie: str) -> None:
    fake(TELL + LIES[lie])
    with pytest.raises(EngineError, match="told nonsense") as failed:
        await outline(source_of(cuts / "two.mkv"), "two.mkv")
    assert failed.value.kind == "probe"


async def test_a_track_without_a_codec_is_refused(fake: Callable[[str], None], cuts: Path) -> None:
    fake(TELL + "tell(json.dumps(OUTLINE).encode())")
    with pytest.raises(InputError, match="does not say what it needs"):
        await outline(source_of(cuts / "two.mkv"), "two.mkv")


async def test_more_than_a_segment_can_have(fake: Callable[[str], None], two: Any) -> None:
    film = await outline(source_of(two.path), "two.mkv")
    fake("for _ in range(9): say(b'P', 0, 1 << 20); sys.stdout.buffer.write(bytes(1 << 20))")
    with pytest.raises(EngineError, match="told nonsense"):
        await cut(source_of(two.path), "two.mkv", film, 0, film.segments[0])


async def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: Path) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('No module named av')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineError, match="Without PyAV") as failed:
        await outline(source_of(cuts / "two.mkv"), "two.mkv")
    assert (failed.value.kind, failed.value.hint) == ("missing", "pip install av")


@pytest.mark.parametrize("seed", range(8))
async def test_damaged_films_are_cut_or_refused(cuts: Path, tmp_path: Path, seed: int) -> None:
    """Bytes turned over in the index, the tracks and the media: an answer of ours, and soon."""
    chance = random.Random(seed)
    name = ("two.mkv", "two.mp4")[seed % 2]
    data = bytearray((cuts / name).read_bytes())
    index = data.rindex(b"moov") if name.endswith("mp4") else 0
    for _ in range(60):
        data[chance.randrange(index, min(len(data), index + 8000))] = chance.randrange(256)
    for _ in range(60):
        data[chance.randrange(8000, len(data))] = chance.randrange(256)
    (tmp_path / name).write_bytes(data)
    films, file = Films(within=15), File(tmp_path / name)
    outcomes = []
    async with asyncio.timeout(40):
        with contextlib.suppress(InputError, EngineError):
            film: Film = await films.of(file)  # type: ignore[arg-type]
            for track in film.tracks:
                try:
                    async with films.segment(file, film, track.index, 0) as made:  # type: ignore[arg-type]
                        outcomes.append(len(made) <= need_of(film.segments[0]))
                except HeadraceError as error:
                    outcomes.append(error.kind in ("not_hls", "probe", "no_data"))
    assert all(outcomes)
    assert file.readers == []


async def test_a_claim_of_a_film_without_end(tmp_path: Path, cuts: Path) -> None:
    """A year in the header, and an index of two places: refused, or a plan of two segments, but no list of a year."""
    data = bytearray((cuts / "two.mkv").read_bytes())
    at = data.index(b"\x44\x89\x88")  # Duration, a float of 8 bytes
    data[at + 3 : at + 11] = struct.pack(">d", 3.15e10)
    (tmp_path / "year.mkv").write_bytes(data)
    with pytest.raises(InputError, match="no index"):
        await outline(source_of(tmp_path / "year.mkv"), "year.mkv")


def test_what_a_segment_may_cost() -> None:
    assert need_of(Segment(None, None, 0.0, 4.0, Span(100, 300))) == 200 + module.SPARE
    assert cutter.MOST + module.SPARE <= module.ROOM
