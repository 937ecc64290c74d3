"""A look into a file of strangers: which tracks it has, told by a process of its own.

Rules: the child (``worker``) gets bytes of this one file and nothing else, so many at most; it is killed when it is
silent for too long or says anything that is not agreed, and whenever ``probe`` ends, by whatever cause. For bytes that
are not there yet it waits without a limit: who asked may stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, Protocol

from headrace.core.display import printable
from headrace.core.media_types import DEFAULT_TYPE, kind_of, media_type_of, suffix_of
from headrace.errors import EngineError, InputError
from headrace.media import facts, worker
from headrace.media.facts import Media

MOST_BYTES = 32 << 20
"""Bytes of the file that one look may cost. FFmpeg reads up to 5 MB beyond the index, which has rarely more than 20."""
SILENCE = 20.0
"""Seconds from an answer to the child's next word: twice what it may spend on the processor."""
CHUNK, STORY = 1 << 20, 1 << 20
"""Bytes that the child may ask for at once, and say in all."""

JPEG = b"\xff\xd8\xff"
"""How every JPEG begins."""

CONTAINERS = (
    "mov,matroska,avi,mpegts,mpeg,asf,ogg,flv,wav,flac,aiff,au,caf,w64,ape,tta,wv,mpc,mpc8,rm,ivf,mxf,nut,nsv,wtv,"
    "dsf,amr"
)
"""FFmpeg's names of formats that say what they are, and name no other file (as playlists and scripts do)."""
RAW_SOUND = "mp3,aac,ac3,eac3,dts,dtshd,truehd,mlp,tak"
"""Streams without a container: any bytes may look a little like one, so the file's name has to agree."""
RAW_PICTURE = {
    "m1v": "mpegvideo", "m2v": "mpegvideo", "mpv": "mpegvideo", "h264": "h264", "h265": "hevc", "hevc": "hevc",
    "dv": "dv", "obu": "obu", "y4m": "yuv4mpegpipe",
}  # fmt: skip
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP")
"""What Python may need to start; nothing else of ours, tokens and proxies among it, is the child's business."""


class Source(Protocol):
    """What is looked into: a ``Reader``."""

    size: int

    def seek(self, offset: int) -> int:
        """Move to a byte."""

    async def read(self, n: int) -> bytes:
        """Bytes from there, once they were checked; none at the end only."""


class Limits(NamedTuple):
    """``size`` in bytes of the file, ``silence`` in seconds, ``story`` in bytes of what is told."""

    size: int = MOST_BYTES
    silence: float = SILENCE
    story: int = STORY


USUAL = Limits()


def formats_for(name: str) -> str:
    """The formats that a file of this name may have; ``InputError`` when it has none that plays."""
    kind = kind_of(name)
    if kind in ("subtitle", "image") or (kind == "other" and media_type_of(name) != DEFAULT_TYPE):
        raise not_media(name, "its name says something else")
    raw = RAW_SOUND if kind == "audio" else RAW_PICTURE.get(suffix_of(name), "")
    return f"{CONTAINERS},{raw}" if raw else CONTAINERS


def not_media(name: str, reason: str) -> InputError:
    """What is said of a file that is none."""
    return InputError(f"No video or sound in {printable(name)}: {reason}.", "Players may know more.", kind="not_media")


async def probe(source: Source, name: str, limits: Limits = USUAL) -> Media:
    """What the file is. ``InputError`` (``not_media``) when it is nothing that plays, ``EngineError`` when that cannot
    be told; whatever ``source`` raises passes through.
    """
    try:
        media = facts.read(await ask(source, name, {}, limits))
    except ValueError as error:
        raise failed(name, "it told nonsense") from error
    if not media.tracks:
        raise not_media(name, "no tracks were found")
    return media


async def picture(source: Source, name: str, share: float, limits: Limits = USUAL) -> bytes:
    """A picture from this share of the film on, a JPEG; errors as ``probe``'s."""
    found = await ask(source, name, {"picture": share}, limits)
    if not found.startswith(JPEG):
        raise failed(name, "it told nonsense")
    return found


async def ask(
    source: Source,
    name: str,
    job: dict[str, Any],
    limits: Limits = USUAL,
    declined: Callable[[str, str], InputError] = not_media,
) -> bytes:
    """What the child finds for a job (see ``worker``); ``declined`` makes the error for what it cannot do, and why."""
    async with _child(source.size, formats_for(name), *([json.dumps(job)] if job else ())) as child:
        try:
            what, found = await _Talk(child, source, limits).last_word()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise failed(name, "it ended without a word") from error
        except ValueError as error:
            raise failed(name, "it told nonsense") from error
    if what == worker.LACKS:
        raise EngineError(
            f"Without PyAV nothing can look into films: {printable(found.decode('utf-8', 'replace'))}.",
            "pip install av",
            kind="missing",
        )
    if what != worker.TOLD:
        raise declined(name, printable(found.decode("utf-8", "replace")))
    return found


def failed(name: str, reason: str) -> EngineError:
    """What is said of a child that did not do as agreed."""
    return EngineError(
        f"The process that looked into {printable(name)} failed: {reason}.",
        "The file may be made to do that. It can be played all the same.",
        kind="probe",
    )


class _Talk:
    """What is said between the two."""

    def __init__(self, child: Process, source: Source, limits: Limits) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._out, self._in, self._source, self._limits = child.stdin, child.stdout, source, limits
        self._left = limits.size

    async def last_word(self) -> tuple[bytes, bytes]:
        """Serve its reads until it has told what it found; ``ValueError`` for a message that is not agreed."""
        parts: list[bytes] = []
        left = self._limits.story
        while True:
            what, offset, size = worker.HEADER.unpack(await self._hear(worker.HEADER.size))
            if what == worker.READ and offset <= self._source.size and 0 < size <= CHUNK:
                await self._answer(await self._bytes(offset, size))
            elif what == worker.PART and 0 < size <= left:
                parts.append(await self._hear(size))
                left -= size
            elif what in (worker.TOLD, worker.FAILED, worker.LACKS) and size <= left:
                return what, b"".join([*(parts if what == worker.TOLD else ()), await self._hear(size)])
            else:
                raise ValueError(f"unknown message {what!r} {offset} {size}")

    async def _hear(self, count: int) -> bytes:
        try:
            async with asyncio.timeout(self._limits.silence):
                return await self._in.readexactly(count)
        except TimeoutError:
            raise ConnectionError("silence") from None

    async def _bytes(self, offset: int, size: int) -> bytes:
        if self._left <= 0:
            raise InputError(
                f"The file's tracks cannot be told from {self._limits.size >> 20} MiB of it.",
                "Players may know more.",
                kind="not_media",
            )
        self._source.seek(offset)
        data = await self._source.read(min(size, self._left))
        self._left -= len(data)
        return data

    async def _answer(self, data: bytes) -> None:
        self._out.write(worker.ANSWER.pack(len(data)) + data)
        await self._out.drain()


@contextlib.asynccontextmanager
async def _child(size: int, formats: str, *more: str) -> AsyncIterator[Process]:
    """The process, killed at the end."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # what we can import it can; -P: not from the folder that happens to be the present one
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    argv = (sys.executable, "-P", "-m", worker.__name__, str(size), formats, *more)
    try:
        process = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment)
    except OSError as error:
        raise EngineError(f"No process to look into files can be started: {error.strerror}.", kind="probe") from error
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # asyncio's ``wait`` waits for the pipe's end too, and does not read on once its buffer is full
        while process.stdout is not None and await process.stdout.read(CHUNK):
            pass
        await process.wait()
