from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from headrace.errors import EngineError, InputError
from headrace.library.library import Library, peek
from headrace.library.records import Change, Entry, Token
from headrace.library.schema import FILE

if TYPE_CHECKING:
    from conftest import Clock

A, B, V2 = "a" * 40, "b" * 40, "c" * 64


async def test_what_was_put_is_there_for_the_next_who_opens_it(tmp_path: Path, clock: Clock) -> None:
    async with await Library.open(tmp_path, clock) as library:
        kept = await library.put(Entry(A, "Film", magnet="magnet:?xt=…"), torrent=b"d4:infoe")
        await library.set_position(A, 2, 754.0, 5400.0)
        await library.set_setting("quota", 5)
        assert kept.added == clock.now
    async with await Library.open(tmp_path, clock) as library:
        assert [entry.name for entry in await library.torrents()] == ["Film"]
        assert await library.metainfo(A.upper()) == b"d4:infoe"
        position = await library.position(A, 2)
        assert position is not None
        assert (position.seconds, position.duration, position.resume) == (754.0, 5400.0, 754.0)
        assert await library.position(A, 1) is None
        assert await library.settings() == {"quota": 5}


async def test_put_again_it_keeps_the_time_of_its_adding_and_its_positions(library: Library, clock: Clock) -> None:
    await library.put(Entry(A, "Film"))
    await library.set_position(A, 0, 100.0)
    clock.now += 500
    again = await library.put(Entry(A, "Film, once more"))
    assert again.added == clock.now - 500
    assert await library.position(A, 0) is not None


async def test_fields_are_changed_by_name(library: Library, clock: Clock) -> None:
    await library.put(Entry(A, info_hash_v2=V2))
    clock.now += 5
    assert (await library.touch(V2)).watched == clock.now
    assert (await library.pin(A)).pinned
    assert not (await library.pin(A, False)).pinned
    changed = await library.update(A.upper(), paused=True, files=(1, 2), trackers=("udp://t.example:1",))
    assert changed == await library.torrent(V2)
    assert (changed.paused, changed.files, changed.trackers) == (True, (1, 2), ("udp://t.example:1",))
    with pytest.raises(TypeError, match="colour"):
        await library.update(A, colour="red")


async def test_what_is_not_there_cannot_be_changed(library: Library) -> None:
    for work in (library.touch(A), library.pin(A), library.set_position(A, 0, 1.0)):
        with pytest.raises(InputError) as caught:
            await work
        assert caught.value.kind == "no_torrent"
    assert not await library.forget(A)
    assert await library.torrent(A) is None
    assert await library.positions(A) == ()
    assert await library.torrents() == ()


@pytest.mark.parametrize(
    ("index", "seconds", "duration"),
    [(-1, 1.0, None), (0, -1.0, None), (0, float("nan"), None), (0, float("inf"), 9.0), (0, 1.0, float("nan"))],
)
async def test_a_position_that_cannot_be_is_refused(
    library: Library, index: int, seconds: float, duration: float | None
) -> None:
    await library.put(Entry(A))
    with pytest.raises(InputError):
        await library.set_position(A, index, seconds, duration)
    assert await library.positions() == ()


async def test_a_position_counts_as_watching_and_remembers_the_duration(library: Library, clock: Clock) -> None:
    await library.put(Entry(A))
    await library.set_position(A, 0, 10.0, 100.0)
    clock.now += 60
    position = await library.set_position(A, 0, 96.0)
    assert (position.duration, position.finished, position.resume) == (100.0, True, 0.0)
    entry = await library.torrent(A)
    assert entry is not None
    assert entry.watched == position.updated == clock.now
    assert await library.drop_position(A, 0)
    assert not await library.drop_position(A, 0)


async def test_what_is_forgotten_takes_its_positions_along(library: Library) -> None:
    await library.put(Entry(A, info_hash_v2=V2))
    await library.set_position(A, 0, 10.0)
    assert await library.forget(V2)
    await library.put(Entry(A))
    assert await library.positions(A) == ()


async def test_changes_are_told_when_they_are_done(library: Library) -> None:
    heard: list[Change] = []
    end = library.subscribe(heard.append)
    await library.put(Entry(A))
    await library.put(Entry(A, "Film"))
    await library.set_position(A, 1, 10.0)
    await library.set_setting("quota", 5)
    await library.forget(A)
    await library.forget(A)
    end()
    await library.put(Entry(B))
    assert heard == [
        Change("added", A),
        Change("changed", A),
        Change("position", A, 1),
        Change("setting", name="quota"),
        Change("forgotten", A),
    ]


async def test_tokens_end_with_their_time(library: Library, clock: Clock) -> None:
    await library.put_token(Token("11", "laptop", clock.now))
    await library.put_token(Token("22", "phone", clock.now, clock.now + 10))
    assert [token.digest for token in await library.tokens()] == ["11", "22"]
    clock.now += 10
    assert [token.digest for token in await library.tokens()] == ["11"]
    assert await library.drop_token("11")
    assert not await library.drop_token("11")


async def test_two_see_what_the_other_writes(library: Library, tmp_path: Path) -> None:
    async with await Library.open(tmp_path) as other:
        await library.put(Entry(A))
        await other.update(A, name="Film")
        entry = await library.torrent(A)
        assert entry is not None
        assert entry.name == "Film"
        await asyncio.gather(*(each.put(Entry(f"{n:040}")) for n in range(40) for each in (library, other)))
        assert len(await library.torrents()) == 41


async def test_who_does_not_wait_for_a_write_does_not_undo_it(library: Library) -> None:
    task = asyncio.ensure_future(library.put(Entry(A)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await library.set_setting("behind", "it")
    assert await library.torrent(A) is not None


async def test_a_damaged_library_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 200)
    with pytest.raises(EngineError, match=FILE):
        await Library.open(tmp_path)


async def test_a_library_that_cannot_be_opened_can_be_looked_into(tmp_path: Path) -> None:
    assert peek(tmp_path) == ()
    async with await Library.open(tmp_path) as library:
        await library.put(Entry(A, "Film", pinned=True))
        assert peek(tmp_path) is None  # part of it may stand in the journal
    found = peek(tmp_path)
    assert found is not None
    assert [(entry.name, entry.pinned) for entry in found] == [("Film", True)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE]
    (tmp_path / FILE).write_bytes(b"")
    assert peek(tmp_path) == ()
    (tmp_path / FILE).write_bytes(b"no database" * 200)
    assert peek(tmp_path) is None
