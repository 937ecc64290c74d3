"""The subtitles inside a film, as cues, of the part that is there.

Rules: nothing is fetched for them and nothing waited for: a line lies beside the pictures that it belongs to, so who
watches has both. The file is read by the process that looks into strangers' files (``worker``); what it tells is
believed once its shape was checked. Two processes at a time.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, NamedTuple

import msgspec

from headrace.core.cues import PLAIN, Cue, cue
from headrace.errors import InputError
from headrace.media.probe import Limits, Source, ask, failed, formats_for
from headrace.media.there import Gapped
from headrace.media.webvtt import styles_in
from headrace.streaming.torrent import File

PART_BYTES = 256 << 20
"""Bytes that one part may cost to read: a minute of 30 Mbit/s. What is left is told when it is asked for."""
STORY = 8 << 20
"""Bytes that the child may tell: scribe.MOST characters, as JSON."""
SECONDS = 10_000_000.0
"""Longer than any film."""
UNKNOWN = 4.0
"""Seconds that a line shows for which the file does not say it, at most: until the next one."""
AT_ONCE = 2

_Moment = Annotated[float, msgspec.Meta(ge=-SECONDS, le=10 * SECONDS)]


class _Told(msgspec.Struct):
    header: Annotated[str, msgspec.Meta(max_length=1 << 20)]
    lines: list[tuple[_Moment, _Moment | None, Annotated[str, msgspec.Meta(max_length=4000)]]]
    until: _Moment


class Part(NamedTuple):
    """Cues of a part of a film; they are all that there are until this second."""

    cues: list[Cue]
    until: float


class Embedded:
    """Reads subtitles for one server."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def part(self, file: File, track: int, start: float, end: float) -> Part:
        """What a track says between two seconds, as far as that is there. ``InputError`` when it is no such track."""
        return await self._read(Gapped(file, PART_BYTES), file.name, track, start, end)

    async def whole(self, file: File, track: int) -> list[Cue]:
        """All of a track, of a file that is there; as above."""
        found = await self._read(Gapped(file, file.size * 4 + PART_BYTES), file.name, track, 0.0, SECONDS)
        if found.until < SECONDS:
            raise InputError("The file broke off in the middle.", "It may be damaged.", kind="subtitles")
        return found.cues

    async def _read(self, source: Source, name: str, track: int, start: float, end: float) -> Part:
        formats_for(name)  # raises before anything is started
        limits = Limits(size=1 << 62, story=STORY)
        async with self._slots:
            raw = await ask(source, name, {"lines": [track, start, end]}, limits)
        try:
            told = msgspec.json.decode(raw, type=_Told)
        except (ValueError, RecursionError) as error:
            raise failed(name, "it told nonsense") from error
        return await asyncio.to_thread(_part, told, start)


def _part(told: _Told, start: float) -> Part:
    styles, height = styles_in(told.header)
    lines = sorted(told.lines, key=lambda line: line[0])
    found: dict[Cue, None] = {}
    for number, (begin, stop, line) in enumerate(lines):
        fields = line.split(",", 8)  # ReadOrder, Layer, Style, Name, three margins, Effect, Text
        if len(fields) < 9:
            continue
        later = next((other for other, _, _ in lines[number + 1 :] if other > begin), begin + UNKNOWN)
        end = min(later, begin + UNKNOWN) if stop is None else stop
        made = cue(begin, end, fields[8], styles.get(fields[2], PLAIN), height)
        if made is not None and made.end > start:
            found[made] = None
    return Part(list(found), told.until)
