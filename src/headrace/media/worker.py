"""The process that looks into a file of strangers: ``python -m headrace.media.worker SIZE FORMATS [JOB]``.

Rules: it has no file, no network and no disk to write to: the bytes come from its parent, who is asked for them (by
standard output) and sends them (by standard input). Its memory and its time on the processor are bounded. Whatever the
file makes of FFmpeg's parsers stays in here. Only the child imports av, and only inside ``main``.

Each message to the parent is a ``HEADER`` (what, a number, a size) and, but for ``READ``, so many bytes; each answer is
a size (``ANSWER``) and so many bytes, none at the end of the file. ``JOB`` is JSON: ``{"picture": SHARE}`` tells a
picture, a JPEG, from that share of the film on; ``{"outline": true}`` where it can be cut, and ``{"cut": …}`` a segment
of it, in parts (see ``cutter``); ``{"lines": [TRACK, FROM, TO]}`` what a track of subtitles says between two seconds
(see ``scribe``), for which nothing may come in answer before the file's end too. Without one it is the tracks.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import struct
import sys
from collections.abc import Callable
from typing import Any

from headrace.media import cutter, painter, scribe

if sys.platform != "win32":
    import resource

HEADER = struct.Struct(">cQI")
ANSWER = struct.Struct(">I")
READ, PART, TOLD, FAILED, LACKS = b"R", b"P", b"T", b"F", b"L"
"""Bytes are asked for; a part of what was found; the rest of it; why nothing was found, as text; there is no PyAV."""

MEMORY = 512 << 20
"""Bytes of address space. Python with FFmpeg's libraries takes 140 MB, a film's index rarely over 20."""
MEMORY_TO_CUT = 768 << 20
"""The same for who cuts: a segment's packets are in memory, ``cutter.MOST`` at most, and a second of it twice."""
PIECE = 1 << 20
"""Bytes of a part."""
PROCESSOR = 10
"""Seconds on the processor. Starting takes 0.2, a look into a film 0.05."""
PROCESSOR_TO_READ = 120
"""The same for who reads a film for its subtitles: a second or two per gigabyte."""
STREAMS = 100
"""Tracks that FFmpeg may make of one file; its own bound is 1000."""
CHAPTERS, WORDS = 300, 200
"""Chapters that are told at most, and characters of a title."""


class Channel:
    """The two pipes to the parent."""

    def __init__(self, source: int, sink: int) -> None:
        self._source, self._sink = source, sink

    def tell(self, what: bytes, data: bytes) -> None:
        """Send a part, or the last message."""
        self._write(HEADER.pack(what, 0, len(data)) + data)

    def part(self, data: bytes) -> None:
        """Send a part of what was found, in pieces that the parent takes."""
        for at in range(0, len(data), PIECE):
            self.tell(PART, data[at : at + PIECE])

    def fetch(self, offset: int, size: int) -> bytes:
        """Ask for bytes of the file; fewer may come, none only at its end."""
        self._write(HEADER.pack(READ, offset, size))
        (count,) = ANSWER.unpack(self._read(ANSWER.size))
        return self._read(count)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._sink, view) :]

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            some = os.read(self._source, count - len(data))
            if not some:
                os._exit(1)  # the parent has gone, and an exception would have to pass through FFmpeg
            data += some
        return bytes(data)


class Remote:
    """The file as FFmpeg sees it. PyAV calls ``read``, ``seek`` and ``tell``."""

    def __init__(self, channel: Channel, size: int) -> None:
        self._channel, self._size, self._position = channel, size, 0
        self._torn = False

    def read(self, count: int = -1) -> bytes:
        """Bytes from the position on."""
        left = max(0, self._size - self._position)
        count = left if count < 0 else min(count, left)
        data = self._channel.fetch(self._position, count) if count else b""
        self._position += len(data)
        self._torn = self._torn or bool(count and not data)
        return data

    def torn(self, *, forget: bool = False) -> bool:
        """Whether bytes were wanted that did not come; ``forget`` that they were."""
        torn, self._torn = self._torn, self._torn and not forget
        return torn

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; nothing is asked for before the next read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The next byte to read."""
        return self._position


def confine(memory: int = MEMORY, processor: int = PROCESSOR) -> None:
    """From now on: no file and no socket can be opened, nothing be written, no process started, little be used."""
    if sys.platform == "win32":  # has no such limits; the parent's remain
        return
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),  # open descriptors stay: the two pipes
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # a system without this one (macOS: RLIMIT_AS), or with a lower one
            continue


def whole_av() -> Any:
    """The module with all its parts. Some it would import with the first track that needs them: after ``confine``."""
    import av

    for part in pkgutil.walk_packages(av.__path__, "av."):
        if part.name not in ("av.__main__", "av.datasets"):
            importlib.import_module(part.name)
    av.logging.set_level(None)
    return av


def refuse(*_: Any, **__: Any) -> Any:
    """A file that names another one (playlists do) is not followed."""
    raise PermissionError("nothing else may be opened")


def opened(av: Any, file: Remote, formats: str, **more: Any) -> Any:
    """The file as FFmpeg's container, of these formats only. ``av`` is the module."""
    options = {
        "format_whitelist": formats,
        "protocol_whitelist": "none",  # ours is not asked for; all others would be
        "max_streams": str(STREAMS),
    }
    return av.open(file, "r", options=options, io_open=refuse, metadata_errors="replace", **more)


def look(av: Any, file: Remote, formats: str) -> dict[str, Any]:
    """What FFmpeg knows of the file."""
    with opened(av, file, formats) as container:
        return {
            "container": container.format.name,
            "duration": _seconds(container.duration, 1 / av.time_base),
            "bitrate": _bytes(container.bit_rate),
            "tracks": [_track(stream) for stream in container.streams if stream.type in ("video", "audio", "subtitle")],
            "chapters": [_chapter(chapter) for chapter in container.chapters()[:CHAPTERS]],
        }


def _track(stream: Any) -> dict[str, Any]:
    codec, flags = stream.codec_context, type(stream.disposition)
    metadata = {name.lower(): value for name, value in stream.metadata.items()}
    language = metadata.get("language", "")
    told = {
        "index": stream.index,
        "kind": "cover" if stream.disposition & flags.attached_pic else stream.type,
        "codec": "" if codec is None else codec.codec.canonical_name,
        "profile": (codec and codec.profile) or "",
        "language": "" if language == "und" else language[:WORDS],
        "title": metadata.get("title", "")[:WORDS],
        "default": bool(stream.disposition & flags.default),
        "forced": bool(stream.disposition & flags.forced),
        "bitrate": _bytes(codec and codec.bit_rate),
    }
    if codec is not None:
        told |= _picture(codec) if stream.type == "video" else _sound(codec) if stream.type == "audio" else {}
    if told["kind"] == "video" and stream.guessed_rate:
        told["frame_rate"] = round(float(stream.guessed_rate), 3)
    return told


def _picture(codec: Any) -> dict[str, Any]:
    return {"width": codec.width or None, "height": codec.height or None, "pixel_format": codec.pix_fmt or ""}


def _sound(codec: Any) -> dict[str, Any]:
    layout = codec.layout if codec.channels else None
    return {
        "channels": codec.channels or None,
        "layout": layout.name[:WORDS] if layout is not None else "",
        "sample_rate": codec.sample_rate or None,
    }


def _chapter(chapter: Any) -> dict[str, Any]:
    unit = float(chapter["time_base"])
    return {
        "start": _seconds(chapter["start"], unit),
        "end": _seconds(chapter["end"], unit),
        "title": chapter["metadata"].get("title", "")[:WORDS],
    }


def _seconds(count: int | None, unit: float) -> float | None:
    """Of a time that is not known, or is nonsense, None."""
    return None if count is None or count < 0 else round(count * unit, 3)


def _bytes(bits: int | None) -> int | None:
    """A rate in bytes per second."""
    return bits // 8 if bits and bits > 0 else None


def told(av: Any, file: Remote, formats: str, job: dict[str, Any], part: Callable[[bytes], None]) -> bytes:
    """What was found: JSON, a picture, or nothing more than was given to ``part``."""
    if not job:
        return json.dumps(look(av, file, formats)).encode()
    with opened(av, file, formats, **({"buffer_size": scribe.BUFFER} if "lines" in job else {})) as container:
        if "lines" in job:
            return scribe.write(av, container, file.torn, *job["lines"])
        if "picture" in job:
            return painter.paint(av, container, float(job["picture"]))
        if "outline" in job:
            return json.dumps(cutter.outline(av, container)).encode()
        cutter.cut(av, container, job["cut"], part)
        return b""


def main(size: int, formats: str, job: dict[str, Any]) -> None:
    """Look, tell, end."""
    channel = Channel(os.dup(0), os.dup(1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)  # what FFmpeg prints must not be taken for a message
    try:
        av = whole_av()
    except ImportError as error:
        channel.tell(LACKS, str(error).encode("utf-8", "replace")[:WORDS])
        return
    confine(MEMORY_TO_CUT if "cut" in job else MEMORY, PROCESSOR_TO_READ if "lines" in job else PROCESSOR)
    try:
        found = told(av, Remote(channel, size), formats, job, channel.part)
    except av.error.FFmpegError as error:
        channel.tell(FAILED, error.strerror.encode("utf-8", "replace"))
    except LookupError as error:
        channel.tell(FAILED, str(error).encode("utf-8", "replace"))
    except MemoryError:
        channel.tell(FAILED, b"it takes too much memory")
    else:
        channel.tell(TOLD, found)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})
