from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from headrace.errors import EngineError, InputError, SwarmError
from headrace.media import probes as module
from headrace.media.facts import Media, Track
from headrace.media.probes import Probes
from headrace.testing.clock import virtual_time

TRACK = Track(0, "video", "h264", "", "", "", True, False, None)
MEDIA = Media("avi", 4.0, None, (TRACK,), ())


class Torrent:
    info_hash = "ab" * 20


class File:
    """A file whose first byte comes after ``comes`` seconds; counts its readers."""

    def __init__(self, index: int = 0, name: str = "film.mkv", comes: float = 0.0, size: int = 100) -> None:
        self.torrent, self.index, self.name, self.comes, self.size = Torrent(), index, name, comes, size
        self.readers = self.opened = 0

    @contextlib.asynccontextmanager
    async def open_aside(self) -> Any:
        self.readers += 1
        self.opened += 1
        try:
            yield self
        finally:
            self.readers -= 1

    async def ready(self, _: int) -> None:
        await asyncio.sleep(self.comes)


class Looks:
    """A look that takes ``seconds``, and what it ends with."""

    def __init__(self, seconds: float = 1.0, end: Any = MEDIA) -> None:
        self.seconds, self.end = seconds, end
        self.names: list[str] = []
        self.now = self.most = 0

    async def __call__(self, _: Any, name: str) -> Media:
        self.names.append(name)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_who_asks_at_the_same_time_shares_one_look_and_later_ones_need_none() -> None:
    looks, file = Looks(), File()
    probes = Probes(looks)
    assert await asyncio.gather(*(probes.of(file) for _ in range(5))) == [MEDIA] * 5  # type: ignore[arg-type]
    assert (looks.names, now()) == (["film.mkv"], 1.0)
    assert await probes.of(File()) == MEDIA  # type: ignore[arg-type]
    assert await probes.of(File(1, "other.mkv")) == MEDIA  # type: ignore[arg-type]
    assert looks.names == ["film.mkv", "other.mkv"]
    assert (file.readers, file.opened) == (0, 1)


@virtual_time
async def test_that_nothing_was_found_is_kept_too() -> None:
    looks = Looks(end=InputError("no film", "really", kind="not_media"))
    probes = Probes(looks)
    for _ in range(3):
        with pytest.raises(InputError, match="no film really") as refused:
            await probes.of(File())  # type: ignore[arg-type]
        assert refused.value.kind == "not_media"
    assert len(looks.names) == 1


@virtual_time
async def test_a_failure_of_ours_is_not_kept() -> None:
    looks = Looks(end=EngineError("dead", kind="probe"))
    probes = Probes(looks)
    for _ in range(2):
        with pytest.raises(EngineError):
            await probes.of(File())  # type: ignore[arg-type]
    assert len(looks.names) == 2


@pytest.mark.parametrize("file", [File(name="a.srt"), File(name="a.txt"), File(size=0)])
@virtual_time
async def test_what_cannot_be_media_is_not_opened(file: File) -> None:
    looks = Looks()
    with pytest.raises(InputError) as refused:
        await Probes(looks).of(file)  # type: ignore[arg-type]
    assert (refused.value.kind, file.opened, looks.names) == ("not_media", 0, [])


@virtual_time
async def test_the_last_who_gives_up_ends_the_look() -> None:
    looks, file = Looks(), File()
    probes = Probes(looks)
    one, two = (asyncio.create_task(probes.of(file)) for _ in range(2))  # type: ignore[arg-type]
    await asyncio.sleep(0.5)
    one.cancel()
    await asyncio.sleep(0.1)
    assert (looks.now, file.readers) == (1, 1), "the other still waits"
    two.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (looks.now, file.readers) == (0, 0)
    assert await probes.of(file) == MEDIA, "and who comes later begins anew"  # type: ignore[arg-type]
    assert len(looks.names) == 2


@virtual_time
async def test_bytes_that_do_not_come_are_not_waited_for_without_an_end() -> None:
    probes, file = Probes(Looks(), within=50.0), File(comes=1e6)
    with pytest.raises(SwarmError, match="within 50 s") as failed:
        await probes.of(file)  # type: ignore[arg-type]
    assert (failed.value.kind, file.readers, now()) == ("no_data", 0, 50.0)
    file.comes = 0.0
    assert await probes.of(file) == MEDIA  # type: ignore[arg-type]


@virtual_time
async def test_so_many_processes_at_once_and_none_for_what_has_no_bytes() -> None:
    looks = Looks()
    probes = Probes(looks, at_once=2)
    stuck = [asyncio.create_task(probes.of(File(n, comes=1e6))) for n in range(5)]  # type: ignore[arg-type]
    await asyncio.sleep(1)
    await asyncio.gather(*(probes.of(File(n)) for n in range(10, 16)))  # type: ignore[arg-type]
    assert (looks.most, len(looks.names), now()) == (2, 6, 4.0)
    for task in stuck:
        task.cancel()


@virtual_time
async def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    looks = Looks()
    probes = Probes(looks)
    for index in (0, 1, 0, 2, 0, 1):
        await probes.of(File(index, str(index)))  # type: ignore[arg-type]
    assert looks.names == ["0", "1", "2", "1"], "the one that was asked for last stays"


@virtual_time
async def test_the_end_ends_all() -> None:
    looks, file = Looks(seconds=1e6), File()
    probes = Probes(looks)
    asking = asyncio.create_task(probes.of(file))  # type: ignore[arg-type]
    await asyncio.sleep(1)
    await probes.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (looks.now, file.readers) == (0, 0)


@virtual_time
async def test_an_answer_that_nobody_hears_is_no_trouble() -> None:
    """Who asks gives up in the very moment in which the look fails."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    probes = Probes(Looks(end=EngineError("dead")))
    asking = asyncio.create_task(probes.of(File()))  # type: ignore[arg-type]
    done: Callable[[], None] = asking.cancel  # type: ignore[assignment]
    asyncio.get_running_loop().call_later(1.0, done)
    with contextlib.suppress(asyncio.CancelledError, EngineError):
        await asking
    del asking
    await asyncio.sleep(1)
    assert told == []
