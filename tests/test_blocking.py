"""``headrace.open`` over real seeds on loopback, with the programs that it is for."""

from __future__ import annotations

import asyncio
import io
import os
import random
import shutil
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import headrace
from headrace import blocking
from headrace.engine.base import EngineOptions
from headrace.settings import Settings
from headrace.testing.local_swarm import LocalSwarm, SeedSpec

pytestmark = pytest.mark.e2e
QUIET = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)
Share = Callable[..., LocalSwarm]


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's state takes part, and nothing leaves the machine."""
    for kind in ("CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setattr(Settings, "engine_options", lambda *_: QUIET)


@pytest.fixture
def share() -> Iterator[Share]:
    """Shares a path with seeds whose process lives on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    swarms: list[LocalSwarm] = []

    def call(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    def make(path: Path, **options: Any) -> LocalSwarm:
        swarms.append(call(LocalSwarm.spawn(path, **{"seeds": 2, "piece_length": 64 * 1024, **options})))
        return swarms[-1]

    yield make
    for swarm in swarms:
        call(swarm.aclose())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mkv"
    path.write_bytes(random.Random(3).randbytes(2_000_003))
    return path


def test_it_is_a_seekable_binary_file(share: Share, video: Path) -> None:
    data = video.read_bytes()
    with headrace.open(share(video).magnet, timeout=20) as file:
        assert (file.name, file.readable(), file.seekable(), file.writable()) == ("video.mkv", True, True, False)
        assert file.seek(-1024, io.SEEK_END) == len(data) - 1024
        assert file.read() == data[-1024:]
        assert file.read(1) == b""
        assert file.seek(100) == file.tell() == 100
        assert file.read(300_000) == data[100:300_100], "n bytes are n bytes, over any number of pieces"
        assert file.seek(-50, io.SEEK_CUR) == 300_050
        buffer = bytearray(10)
        assert file.readinto(buffer) == 10
        assert buffer == data[300_050:300_060]
        with pytest.raises(ValueError, match="before the start"):
            file.seek(-1)
        with pytest.raises(ValueError, match="whence"):
            file.seek(0, 9)
        assert file.readinto(bytearray()) == 0
        file.seek(10, io.SEEK_END)
        assert file.read(5) == b""
    assert file.closed
    for use in (file.tell, file.read, lambda: file.seek(0)):
        with pytest.raises(ValueError, match="closed"):
            use()
    file.close()


def test_copying_the_whole_file(share: Share, video: Path) -> None:
    out = io.BytesIO()
    with headrace.open(share(video).magnet) as file:
        shutil.copyfileobj(file, out)
    assert out.getvalue() == video.read_bytes()


def test_lines_through_a_buffer(share: Share, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("".join(f"{number},{number * number}\n" for number in range(50_000)))
    with headrace.open(share(path).magnet, file="table.csv") as file:
        lines = list(io.TextIOWrapper(io.BufferedReader(file), encoding="ascii"))
    assert len(lines) == 50_000
    assert lines[-1] == f"49999,{49999 * 49999}\n"


def test_a_zip_archive(share: Share, tmp_path: Path) -> None:
    path, inside = tmp_path / "data.zip", random.Random(1).randbytes(700_000)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.bin", bytes(400_000))
        archive.writestr("second.bin", inside)
    with headrace.open(share(path).magnet, file="*.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["first.bin", "second.bin"]
        assert archive.read("second.bin") == inside
        assert archive.testzip() is None


def test_pyav_decodes_it(share: Share, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.bit_rate = 160, 120, 400_000
        for number in range(200):
            frame = av.VideoFrame(160, 120, "rgb24")
            for plane in frame.planes:
                plane.update(bytes([number % 256]) * plane.buffer_size)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with headrace.open(share(path, piece_length=16 * 1024).magnet) as file, av.open(file) as container:
        assert sum(1 for _ in container.decode(video=0)) == 200
        container.seek(0)
        assert next(container.decode(video=0)).width == 160


def test_one_of_several_files(share: Share, tmp_path: Path) -> None:
    folder = tmp_path / "show"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"Show.S01E0{number}.mkv").write_bytes(bytes([number]) * 100_000)
    magnet = share(folder).magnet
    with headrace.open(magnet, file="S01E02") as second, headrace.open(magnet, file="S01E01") as first:
        assert second.name == "Show.S01E02.mkv"
        assert second.read(10) == bytes([2]) * 10
        assert first.read(10) == bytes([1]) * 10
        assert blocking._Hub._now is not None
        second.close()
        assert first.read() == bytes([1]) * 99_990, "the session lives as long as one file is open"
    assert blocking._Hub._now is None


def test_after_the_last_file_it_can_begin_anew(share: Share, video: Path) -> None:
    magnet = share(video).magnet
    for _ in range(2):
        with headrace.open(magnet) as file:
            assert file.read(7) == video.read_bytes()[:7]
    assert not [thread for thread in threading.enumerate() if thread.name == "headrace"]


@pytest.mark.parametrize(
    ("source", "selector", "error"),
    [("no such thing", "", headrace.InputError), (None, "S05E05", headrace.InputError)],
)
def test_a_mistake_leaves_nothing_behind(
    share: Share, video: Path, source: str | None, selector: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        headrace.open(source or share(video).magnet, file=selector, timeout=20)
    assert blocking._Hub._now is None
    assert not [thread for thread in threading.enumerate() if thread.name == "headrace"]


def test_nobody_has_the_metadata() -> None:
    with pytest.raises(headrace.SwarmError, match="No metadata within 1 s"):
        headrace.open("ab" * 20, timeout=1)
    assert blocking._Hub._now is None


def test_an_interrupt_while_it_waits_leaves_the_file_usable(share: Share, video: Path) -> None:
    swarm = share(video, seeds=[SeedSpec(have=(0, 1))])
    with headrace.open(swarm.magnet) as file:
        assert file.read(10) == video.read_bytes()[:10]
        waiting = threading.Event()
        hub = blocking._Hub._now
        assert hub is not None
        (torrent,) = hub.session.torrents

        def interrupt() -> None:
            while not any(place.waiting_since for place in torrent.conductor.places.values()):  # type: ignore[union-attr]
                waiting.wait(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        file.seek(1_000_000)
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            file.read(10)
        file.seek(10)
        assert file.read(10) == video.read_bytes()[10:20]
