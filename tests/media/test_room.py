from __future__ import annotations

import asyncio

import pytest

from headrace.media.room import Room


class Guests:
    """Tasks that hold room until they are let go; ``inside`` says which do."""

    def __init__(self, size: int) -> None:
        self.room, self.inside = Room(size), list[str]()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.doors: dict[str, asyncio.Event] = {}

    async def come(self, name: str, need: int) -> None:
        self.doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._stay(name, need))
        await turns()

    async def _stay(self, name: str, need: int) -> None:
        async with self.room.of(need):
            self.inside.append(name)
            await self.doors[name].wait()
            self.inside.remove(name)

    async def go(self, name: str) -> None:
        self.doors[name].set()
        await self.tasks[name]
        await turns()

    async def give_up(self, name: str) -> None:
        self.tasks[name].cancel()
        await asyncio.gather(self.tasks[name], return_exceptions=True)
        await turns()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_first_is_served_first() -> None:
    guests = Guests(10)
    await guests.come("a", 6)
    await guests.come("b", 5)
    await guests.come("c", 2)
    assert guests.inside == ["a"], "c would have room, but b came before"
    await guests.go("a")
    assert guests.inside == ["b", "c"]
    assert guests.room.left == 3
    await guests.go("b")
    await guests.go("c")
    assert guests.room.left == 10


@pytest.mark.parametrize("given", [False, True])
async def test_who_gives_up_leaves_nothing_behind(given: bool) -> None:
    guests = Guests(10)
    await guests.come("a", 6)
    await guests.come("b", 9)
    await guests.come("c", 4)
    if given:  # room is made in the very moment in which b gives up
        guests.doors["a"].set()
        await asyncio.sleep(0)
    await guests.give_up("b")
    assert "c" in guests.inside
    for name in ("a", "c"):
        await guests.go(name)
    assert (guests.room.left, guests.inside) == (10, [])


async def test_an_error_gives_room_back() -> None:
    room = Room(10)
    with pytest.raises(ZeroDivisionError):
        async with room.of(10):
            raise ZeroDivisionError
    assert room.left == 10


async def test_more_than_there_ever_is() -> None:
    with pytest.raises(ValueError, match="11 bytes"):
        async with Room(10).of(11):
            raise AssertionError
