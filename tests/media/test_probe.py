from __future__ import annotations

import asyncio
import os
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import EngineError, HeadraceError, InputError
from headrace.media import probe as module
from headrace.media.probe import Limits, formats_for, probe

CHANCE = random.Random(1)


class Bytes:
    """A source that has all its bytes, and counts what is read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.count = data, len(data), 0
        self._position = 0

    def seek(self, offset: int) -> int:
        self._position = offset
        return offset

    async def read(self, n: int) -> bytes:
        data = self.data[self._position : self._position + n]
        self._position += len(data)
        self.count += len(data)
        return data


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """The processes that were started."""
    started, start = [], asyncio.create_subprocess_exec

    async def keep(*argv: Any, **more: Any) -> asyncio.subprocess.Process:
        process = await start(*argv, **more)
        started.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", keep)
    return started


# what is found
async def test_all_that_a_film_can_tell(shelf: Path) -> None:
    found = await probe(Bytes((shelf / "rich.mkv").read_bytes()), "rich.mkv")
    assert found.container == "matroska,webm"
    assert found.duration == pytest.approx(4, abs=0.1)
    assert found.bitrate == pytest.approx((shelf / "rich.mkv").stat().st_size / 4, rel=0.05)
    assert [(one.start, one.end, one.title) for one in found.chapters] == [(0.0, 1.5, "One"), (1.5, 4.0, "Zwei")]
    told = [(one.kind, one.codec, one.language, one.title, one.default, one.forced) for one in found.tracks]
    assert told == [
        ("video", "h264", "", "", True, False),
        ("audio", "aac", "ger", "", True, False),
        ("audio", "aac", "eng", "Director's <b>cut</b>", False, False),
        ("subtitle", "subrip", "fre", "", False, True),
    ]
    video, sound, *_ = found.tracks
    assert (video.width, video.height, video.frame_rate, video.pixel_format) == (640, 360, 24.0, "yuv420p")
    assert (sound.channels, sound.layout, sound.sample_rate, sound.width) == (1, "mono", 44_100, None)


@pytest.mark.parametrize(
    ("name", "container", "kinds"),
    [
        ("plain.mkv", "matroska,webm", ["video", "audio"]),
        ("first.mp4", "mov,mp4,m4a,3gp,3g2,mj2", ["video", "audio"]),
        ("plain.avi", "avi", ["video", "audio"]),
        ("plain.ts", "mpegts", ["video", "audio"]),
        ("plain.mp3", "mp3", ["audio"]),
        ("plain.aac", "aac", ["audio"]),
        ("cover.mp3", "mp3", ["audio", "cover"]),
    ],
)
async def test_containers(shelf: Path, name: str, container: str, kinds: list[str]) -> None:
    source = Bytes((shelf / name).read_bytes())
    found = await probe(source, name)
    assert (found.container, [track.kind for track in found.tracks]) == (container, kinds)
    assert found.duration == pytest.approx(4, abs=0.3)
    assert all(track.frame_rate in (None, 24.0) for track in found.tracks)


def test_formats_follow_from_the_name() -> None:
    assert "matroska" in formats_for("film.mkv").split(",")
    assert "mp3" not in formats_for("film.mkv").split(",")
    assert "mp3" in formats_for("song.mp3").split(",")
    assert formats_for("unknown.xyz") == formats_for("noname") == module.CONTAINERS
    assert formats_for("film.m2v").endswith(",mpegvideo")
    known = {word for name in ("a.mkv", "a.mp3", "a.m2v", "a.y4m") for word in formats_for(name).split(",")}
    assert not known & {"hls", "dash", "concat", "sdp", "rtsp", "image2", "lavfi", "tty", "srt"}
    for name in ("a.srt", "a.png", "a.nfo", "a.zip", "a.m3u8"):
        with pytest.raises(InputError) as refused:
            formats_for(name)
        assert refused.value.kind == "not_media"


def test_the_formats_are_names_that_ffmpeg_knows() -> None:
    code = "import av, sys; print(*av.formats_available)"
    known = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    wanted = {*module.CONTAINERS.split(","), *module.RAW_SOUND.split(","), *module.RAW_PICTURE.values()}
    assert wanted - known == set()


# what strangers send
TEXT = b"Dear reader, this is no film.\n" * 3000
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n"


def box(kind: bytes, *payload: bytes) -> bytes:
    data = b"".join(payload)
    return struct.pack(">I4s", 8 + len(data), kind) + data


GREEDY = box(
    b"moov",
    box(b"mvhd", bytes(12), struct.pack(">II", 1000, 1000), bytes(80)),
    box(
        b"trak",
        box(b"tkhd", bytes(84)),
        box(
            b"mdia",
            box(b"mdhd", bytes(12), struct.pack(">II", 1000, 1000), bytes(4)),
            box(b"hdlr", bytes(8), b"vide", bytes(13)),
            box(b"minf", box(b"stbl", box(b"stsz", bytes(4), struct.pack(">II", 0, 0x3FFFFFFF), bytes(64)))),
        ),
    ),
)
"""An index that speaks of a thousand million samples, and has none of them."""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("random.mkv", CHANCE.randbytes(2_000_000)),
        ("random.mp3", CHANCE.randbytes(200_000)),
        ("random", CHANCE.randbytes(100_000)),
        ("zeros.mp4", bytes(3_000_000)),
        ("text.mkv", TEXT),
        ("text.mp3", TEXT),
        ("list.mkv", PLAYLIST + b"#EXT-X-ENDLIST\n"),
        ("list.ts", PLAYLIST),
        (
            "dash.mkv",
            b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/</BaseURL>',
        ),
        ("concat.mkv", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("session.mkv", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"),
        ("subtitles.mkv", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n\n" * 50),
        ("one.mkv", b"\x1a"),
        ("greedy.mp4", box(b"ftyp", b"isom\0\0\2\0isom") + GREEDY + box(b"mdat", bytes(100))),
    ],
)
async def test_what_is_no_film(name: str, data: bytes) -> None:
    source = Bytes(data)
    with pytest.raises(InputError) as refused:
        await probe(source, name)
    assert refused.value.kind == "not_media"
    assert name in refused.value.message
    assert source.count <= 2 * len(data) + 65_536


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
async def test_a_torn_film(film: Path, share: float) -> None:
    """Its index is at the end: without that nothing can be told."""
    data = film.read_bytes()
    with pytest.raises(InputError) as refused:
        await probe(Bytes(data[: int(len(data) * share)]), "film.mp4")
    assert refused.value.kind == "not_media"


@pytest.mark.parametrize("seed", range(6))
async def test_a_damaged_film_is_told_or_refused(film: Path, seed: int) -> None:
    chance, data = random.Random(seed), bytearray(film.read_bytes())
    index = data.rindex(b"moov")
    for _ in range(40):
        data[chance.randrange(index, len(data))] = chance.randrange(256)
    try:
        outcome = (await probe(Bytes(bytes(data)), "film.mp4")).container
    except HeadraceError as error:
        outcome = error.kind
    assert outcome in ("mov,mp4,m4a,3gp,3g2,mj2", "not_media", "probe")


async def test_a_name_of_control_characters_is_harmless() -> None:
    with pytest.raises(InputError) as refused:
        await probe(Bytes(b"x" * 100), "\x1b[2J\udcff" * 100 + ".mkv")
    assert refused.value.message.isprintable()


# bounds
async def test_no_more_is_read_than_allowed(film: Path, children: list[asyncio.subprocess.Process]) -> None:
    source = Bytes(film.read_bytes())
    with pytest.raises(InputError, match="cannot be told from 0 MiB") as refused:
        await probe(source, "film.mp4", Limits(size=40_000))
    assert refused.value.kind == "not_media"
    assert source.count == 40_000
    assert [child.returncode for child in children] == [-9]


FAKES = {
    "ends": "",
    "crashes": "import os; os.kill(os.getpid(), 11)",
    "babbles": "import sys; sys.stdout.write('GET / HTTP/1.1' * 9); sys.stdout.flush(); sys.stdin.read()",
    "reads too far": "say(b'R', 101, 5)",
    "reads nothing": "say(b'R', 0, 0)",
    "reads too much": "say(b'R', 0, 1 << 30)",
    "tells too much": "say(b'T', 0, 1 << 30)",
    "falls silent in the middle of a word": "say(b'T', 0, 100)",
    "tells nonsense": "say(b'T', 0, 2); sys.stdout.buffer.write(b'[]'); sys.stdout.flush()",
    "is silent": "import time; time.sleep(60)",
}


@pytest.mark.parametrize("deed", FAKES)
async def test_a_child_that_fails(
    fake: Callable[[str], None], children: list[asyncio.subprocess.Process], deed: str
) -> None:
    fake(FAKES[deed])
    with pytest.raises(EngineError, match=r"film\.mp4 failed") as failed:
        await probe(Bytes(b"x" * 100), "film.mp4", Limits(silence=1.0 if deed == "is silent" else 20.0))
    assert failed.value.kind == "probe"
    assert isinstance(failed.value.__cause__, ValueError) == deed.startswith(("babbles", "reads", "tells")), deed
    assert all(child.returncode is not None for child in children)


async def test_no_child_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(EngineError, match="can be started") as failed:
        await probe(Bytes(b"x"), "film.mp4")
    assert failed.value.kind == "probe"


async def test_a_child_knows_no_secret(fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_TOKEN", "pa55word")
    monkeypatch.setenv("HTTP_PROXY", "http://user:pa55word@proxy")
    fake(
        "import os\nif 'pa55word' not in str(os.environ): say(b'F', 0, 4); sys.stdout.write('fine'); sys.stdout.flush()"
    )
    with pytest.raises(InputError, match="fine"):
        await probe(Bytes(b"x"), "film.mp4")


async def test_what_lies_in_the_present_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path
) -> None:
    (tmp_path / "av.py").write_text("raise SystemExit(7)")
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    assert (await probe(Bytes(film.read_bytes()), "film.mp4")).tracks


class Never(Bytes):
    """The first bytes are there, and no others ever come."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.waits = asyncio.Event()

    async def read(self, n: int) -> bytes:
        if self._position > 0:
            self.waits.set()
            await asyncio.Event().wait()
        return await super().read(n)


async def test_who_gives_up_leaves_no_child(film: Path, children: list[asyncio.subprocess.Process]) -> None:
    source = Never(film.read_bytes())
    looking = asyncio.create_task(probe(source, "film.mp4"))
    async with asyncio.timeout(20):
        await source.waits.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    (child,) = children
    assert child.returncode == -9
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


class Late(Bytes):
    """It takes a while until anything is there."""

    async def read(self, n: int) -> bytes:
        await asyncio.sleep(0.3)
        return await super().read(n)


async def test_a_child_that_floods_us_is_ended(
    fake: Callable[[str], None], children: list[asyncio.subprocess.Process]
) -> None:
    """While nobody reads what it says, so that the pipe's end is not heard of by itself."""
    fake("say(b'R', 0, 1)\nfor _ in range(9): sys.stdout.buffer.write(bytes(1 << 20))")
    async with asyncio.timeout(20):
        with pytest.raises(EngineError, match="told nonsense"):
            await probe(Late(b"x"), "film.mp4")
    assert [child.returncode for child in children] == [-9]


async def test_what_the_source_raises_passes_through(
    film: Path, children: list[asyncio.subprocess.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: int) -> bytes:
        raise EngineError("The torrent was removed.")

    source = Bytes(film.read_bytes())
    monkeypatch.setattr(source, "read", fail)
    with pytest.raises(EngineError, match="removed"):
        await probe(source, "film.mp4")
    assert [child.returncode for child in children] == [-9]
