"""Looks into files, for all who ask.

Rules: one look at a time into a file, whoever asks; it ends when nobody waits for it any more. What was found is kept,
and so is that nothing was found, for an info-hash fixes every byte; failures of ours are not. No process is started
before there are bytes to look at.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from headrace.core.display import printable
from headrace.errors import InputError, SwarmError
from headrace.media.facts import Media
from headrace.media.probe import formats_for, not_media, probe
from headrace.streaming.reader import Reader
from headrace.streaming.torrent import File

WITHIN = 50.0
"""Seconds for the bytes to come: proxies give up after 60, and who asks again finds what came meanwhile."""
AT_ONCE = 4
"""Processes at a time; each takes some 60 MB."""
KEPT = 512
"""Files of which the answer is kept: a few kB each."""

Key = tuple[str, int]
T = TypeVar("T")
"""What a look finds."""
Look = Callable[[Reader, str], Awaitable[T]]


class _Job(Struct, Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class Looks(Generic[T]):
    """Looks of one kind. ``look`` does the work; ``kept`` answers are remembered (0: ``KEPT``)."""

    def __init__(self, look: Look[T], *, within: float = WITHIN, at_once: int = AT_ONCE, kept: int = 0) -> None:
        self._look, self._within, self._kept = look, within, kept or KEPT
        self._slots = asyncio.Semaphore(at_once)
        self._known: OrderedDict[Key, T | InputError] = OrderedDict()
        self._jobs: dict[Key, _Job[T]] = {}

    async def of(self, file: File) -> T:
        """What the file is; ``InputError`` when it is nothing that plays, ``SwarmError`` when too little of it came."""
        key = (file.torrent.info_hash, file.index)
        if key in self._known:
            self._known.move_to_end(key)
            return _told(self._known[key])
        job = self._jobs.get(key) or self._begin(key, file)
        job.waiting += 1
        try:
            return await asyncio.shield(job.task)
        finally:
            job.waiting -= 1
            if not job.waiting and not job.task.done():
                self._forget(key, job)
                job.task.cancel()

    def known(self, file: File) -> Media | None:
        """What is known already; None when that is nothing."""
        found = self._known.get((file.torrent.info_hash, file.index))
        return found if isinstance(found, Media) else None

    async def aclose(self) -> None:
        """End all looks; who waits for one is cancelled."""
        tasks = [job.task for job in self._jobs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: Key, file: File) -> _Job[T]:
        job = self._jobs[key] = _Job(asyncio.get_running_loop().create_task(self._run(key, file)))
        job.task.add_done_callback(lambda _: self._forget(key, job))
        return job

    def _forget(self, key: Key, job: _Job[T]) -> None:
        if self._jobs.get(key) is job:
            del self._jobs[key]
        if job.task.done() and not job.task.cancelled():
            job.task.exception()  # those who asked may have gone in the very moment

    async def _run(self, key: Key, file: File) -> T:
        try:
            found: T | InputError = await self._found(file)
        except InputError as error:
            found = error
        self._known[key] = found
        if len(self._known) > self._kept:
            self._known.popitem(last=False)
        return _told(found)

    async def _found(self, file: File) -> T:
        formats_for(file.name)  # raises before anything is fetched
        if not file.size:
            raise not_media(file.name, "it is empty")
        try:
            async with asyncio.timeout(self._within), file.open_aside() as reader:
                await reader.ready(1)
                async with self._slots:
                    return await self._look(reader, file.name)
        except TimeoutError:
            raise SwarmError(
                f"Too little of {printable(file.name)} came within {self._within:.0f} s to tell what is in it.",
                "Ask again: what came is kept.",
                kind="no_data",
            ) from None


class Probes(Looks[Media]):
    """The looks of one server for tracks."""

    def __init__(self, look: Look[Media] = probe, *, within: float = WITHIN, at_once: int = AT_ONCE) -> None:
        super().__init__(look, within=within, at_once=at_once)


def _told(found: T | InputError) -> T:
    if isinstance(found, InputError):
        # a new one each time: tracebacks pile up in an error that is raised again and again
        raise InputError(found.message, found.hint, kind=found.kind)
    return found
