"""A short real video, a tiny server that answers ranges, and a VLC that also runs where the tests run as root."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import av
import pytest

from headrace.players.base import PlayerState

SECONDS = 20
RATE = 10


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of 320x180 in Matroska, a keyframe each second; noise, so that a second is many reads long."""
    noise = random.Random(1).randbytes(320 * 180)
    path = tmp_path_factory.mktemp("video") / "clip.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size = RATE
        stream.bit_rate = 2_000_000
        for number in range(SECONDS * RATE):
            frame = av.VideoFrame(320, 180, "yuv420p")
            for plane in frame.planes:
                shift = number * 7919 % plane.buffer_size
                plane.update((noise[shift:] + noise)[: plane.buffer_size])
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def subtitles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("subtitles")
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)  # VLC reads it as another user
    path = folder / "clip.en.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:19,000\nHello\n\n", "utf-8")
    path.chmod(0o644)
    return path


class Server:
    """Serves bytes by name with single ranges; bodies wait behind the byte ``hold`` until ``release``."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.hold: int | None = None
        self.rate = 0.0
        """Bytes a second, 0 for no limit: the buffers of VLC and of the two sockets would swallow the whole file."""
        self.release = asyncio.Event()
        self.port = 0

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}?token=s3cret"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            await self._send(method, target.split("?")[0].lstrip("/"), head, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _send(self, method: str, name: str, head: str, writer: asyncio.StreamWriter) -> None:
        found = re.search(r"(?im)^range: *bytes=(\d+)-(\d*)", head)
        self.requests.append((name, found[0].split("=")[1] if found else ""))
        data = self.files.get(name)
        if data is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        first = int(found[1]) if found else 0
        last = min(int(found[2]) if found and found[2] else len(data) - 1, len(data) - 1)
        kind = "audio/x-mpegurl" if name.endswith("m3u8") else "video/x-matroska"
        lines = [f"HTTP/1.1 {'206 Partial Content' if found else '200 OK'}", f"Content-Length: {last - first + 1}"]
        lines += [f"Content-Range: bytes {first}-{last}/{len(data)}"] if found else []
        lines += [f"Content-Type: {kind}", "Accept-Ranges: bytes", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode())
        if method != "HEAD":
            await self._body(data, first, last + 1, writer)

    async def _body(self, data: bytes, first: int, end: int, writer: asyncio.StreamWriter) -> None:
        for start in range(first, end, 65536):
            if self.hold is not None and start >= self.hold:
                await self.release.wait()
            writer.write(data[start : min(start + 65536, end)])
            await writer.drain()
            await asyncio.sleep(65536 / self.rate if self.rate else 0)


@pytest.fixture
async def server(video: Path, subtitles: Path) -> AsyncIterator[Server]:
    made = Server()
    made.files = {"clip.mkv": video.read_bytes(), "clip.en.srt": subtitles.read_bytes(), "bad.mkv": b"text " * 9999}
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    made.release.set()
    listening.close()


class Seen:
    """What a player reported; ``until`` waits for a report, also one that came before."""

    def __init__(self) -> None:
        self.states: list[PlayerState] = []
        self._news = asyncio.Event()

    def __call__(self, state: PlayerState) -> None:
        self.states.append(state)
        self._news.set()

    async def until(self, wanted: Callable[[PlayerState], bool], *, after: int = 0, within: float = 60) -> PlayerState:
        try:
            async with asyncio.timeout(within):
                while True:
                    for state in self.states[after:]:
                        if wanted(state):
                            return state
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not among {self.states}") from None

    def names(self) -> list[str]:
        """The states without their repetitions."""
        names = [state.state for state in self.states]
        return [name for number, name in enumerate(names) if number == 0 or names[number - 1] != name]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that nobody's player settings take part."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "MPV_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def real_mpv(home: Path) -> str:
    if not shutil.which("mpv"):
        pytest.skip("mpv is not installed")
    return "mpv"


@pytest.fixture
def real_mplayer(home: Path) -> str:
    if not shutil.which("mplayer"):
        pytest.skip("MPlayer is not installed")
    return "mplayer"


CAPABLE = "--inh-caps=+dac_override --ambient-caps=+dac_override"
"""Another user than we are may not enter our private folders; VLC and we are one user in real life."""


@pytest.fixture
def real_vlc(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """VLC as it is; as root (which VLC refuses) through a ``vlc`` on PATH that becomes ``nobody`` first."""
    vlc = shutil.which("vlc") or shutil.which("cvlc")
    if not vlc:
        pytest.skip("VLC is not installed")
    if os.geteuid() == 0:
        folder = tmp_path / "bin"
        private = tmp_path / "nobody"
        folder.mkdir()
        private.mkdir()
        os.chown(private, 65534, 65534)
        for parent in [tmp_path, *tmp_path.parents][:3]:
            parent.chmod(0o755)
        script = folder / "vlc"
        become = f"setpriv --reuid=65534 --regid=65534 --clear-groups {CAPABLE}"
        script.write_text(f'#!/bin/sh\nexport HOME={private}\nexec {become} {vlc} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return "vlc"
