"""Pictures of films, for who looks at a library.

Rules: nothing is fetched for a picture: it is made of what is there, from some way into the film if that is there, else
from its start. One process at a time; what was made is kept in memory. When too little is there, that is said at once,
and nothing is tried again before noticeably more came.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from headrace.errors import InputError
from headrace.media.probe import Source, picture
from headrace.media.there import There
from headrace.streaming.torrent import File

SHARES = (0.2, 0.0)
"""Where to look, the best place first: past titles, before what gives the end away."""
KEPT = 200
"""Pictures of 20 to 60 kB each."""
MORE = 1.25
"""How many times as many pieces there must be before a picture is tried again."""

Key = tuple[str, int]
Paint = Callable[[Source, str, float], Awaitable[bytes]]


def absent(file: File) -> InputError:
    """What is said while there is no picture."""
    return InputError(f"Too little of {file.name} is there for a picture.", "Ask again later.", kind="no_picture")


class Posters:
    """The pictures of one server. ``paint`` does the work: ``probe.picture``."""

    def __init__(self, paint: Paint = picture) -> None:
        self._paint = paint
        self._one = asyncio.Semaphore(1)
        self._known: OrderedDict[Key, bytes] = OrderedDict()
        self._failed: dict[Key, int] = {}

    async def of(self, file: File) -> bytes:
        """A JPEG; ``InputError`` when there is none, or none yet."""
        key, had = (file.torrent.info_hash, file.index), _pieces_of(file)
        if key in self._known:
            return self._known[key]
        self._check(file, key, had)
        async with self._one:
            if key not in self._known:
                self._check(file, key, had)
                self._known[key] = await self._made(file, key, had)
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return self._known[key]

    def _check(self, file: File, key: Key, had: int) -> None:
        if not had or had < self._failed.get(key, 0) * MORE:
            raise absent(file)

    async def _made(self, file: File, key: Key, had: int) -> bytes:
        for share in SHARES:
            try:
                return await self._paint(There(file, absent), file.name, share)
            except InputError:
                continue
        self._failed[key] = had
        raise absent(file)


def _pieces_of(file: File) -> int:
    """How many of the file's pieces are there."""
    layout, have = file.torrent.layout, file.torrent.handle.have
    if layout is None or not have or not file.size:
        return 0
    pieces = layout.pieces_of(file.entry.span)
    return have.count(1, pieces.start, pieces.stop)
