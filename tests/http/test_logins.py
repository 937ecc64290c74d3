"""Logins that outlive a restart and can be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headrace.core.events import Ready
from headrace.http import logins
from headrace.http.auth import COOKIE
from headrace.http.logins import KEPT, Derived, Logins
from headrace.library.library import Library

TOKEN = "a token of 24 characters"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def library(tmp_path: Path, clock: Clock) -> AsyncIterator[Library]:
    async with await Library.open(tmp_path, clock) as made:
        yield made


async def loaded(library: Library, clock: Clock, token: str = TOKEN) -> Logins:
    made = Logins(token, library, clock)
    await made.load()
    return made


async def test_a_cookie_is_good_until_it_is_ended(library: Library, clock: Clock) -> None:
    one = await loaded(library, clock)
    mine, other = await one.begin("Firefox"), await one.begin("a phone\x1b[31m\n" + "x" * 500)
    assert one.knows(mine)
    assert one.knows(other)
    assert not any(map(one.knows, ("", "x", TOKEN, mine + "x", mine[:-1])))
    again = await loaded(library, clock)
    assert again.knows(mine), "after a restart too"
    await again.end(mine)
    assert (again.knows(mine), again.knows(other)) == (False, True)
    assert not (await loaded(library, clock)).knows(mine)
    await again.end("whatever")


async def test_the_list_tells_which_is_which_and_nothing_secret(library: Library, clock: Clock) -> None:
    one = await loaded(library, clock)
    mine = await one.begin("Firefox")
    clock.now += 5
    other = await one.begin("a phone\x1b[31m\n" + "x" * 500)
    first, second = one.listed(mine)
    assert (first["label"], first["created"], first["expires"], first["current"]) == (
        "Firefox", 1000.0, 1000.0 + KEPT, True,
    )  # fmt: skip
    assert (second["label"].isprintable(), len(second["label"]), second["current"]) == (True, 120, False)
    assert not any(one.knows(each["id"]) for each in (first, second))
    assert mine not in str(first)
    assert await one.revoke(second["id"])
    assert not one.knows(other)
    assert not await one.revoke(second["id"])
    assert not await one.revoke("")
    assert [each["id"] for each in one.listed(mine)] == [first["id"]]


async def test_all_others_are_ended(library: Library, clock: Clock) -> None:
    one = await loaded(library, clock)
    mine, *others = [await one.begin(name) for name in ("Firefox", "a phone", "a tablet")]
    assert await one.revoke_others(mine) == 2
    assert [one.knows(cookie) for cookie in (mine, *others)] == [True, False, False]
    assert await one.revoke_others(mine) == 0
    again = await loaded(library, clock)
    assert [again.knows(cookie) for cookie in (mine, *others)] == [True, False, False], "after a restart too"
    assert await again.revoke_others("") == 1, "a program with the token ends all"
    assert not again.knows(mine)


async def test_what_is_on_the_disk_lets_nobody_in(library: Library, clock: Clock) -> None:
    one = await loaded(library, clock)
    secret = await one.begin("Firefox")
    (kept,) = await library.tokens()
    assert secret not in str(kept)
    assert not one.knows(kept.digest)
    assert not (await loaded(library, clock, "another token, also long")).knows(secret)


async def test_another_token_ends_all_for_good(library: Library, clock: Clock) -> None:
    secret = await (await loaded(library, clock)).begin("Firefox")
    assert (await loaded(library, clock, "another token, also long")).listed("") == []
    assert await library.tokens() == ()
    assert not (await loaded(library, clock)).knows(secret)


async def test_logins_expire(library: Library, clock: Clock) -> None:
    one = await loaded(library, clock)
    secret = await one.begin("Firefox")
    clock.now += KEPT - 1
    assert one.knows(secret)
    clock.now += 1
    assert not one.knows(secret)
    assert one.listed(secret) == []
    assert not (await loaded(library, clock)).knows(secret)


async def test_so_many_and_no_more(library: Library, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "MOST", 2)
    one = await loaded(library, clock)
    cookies = [await one.begin(str(number)) for number in range(3)]
    assert [one.knows(cookie) for cookie in cookies] == [False, True, True]
    assert len(await library.tokens()) == 2


async def test_what_a_login_asked_for_ends_with_it(
    library: Library, clock: Clock, world: Any, video: bytes, v1: str
) -> None:
    logins = await loaded(library, clock)
    mine, other = await logins.begin("Firefox"), await logins.begin("a phone")
    torrent = world.add([("film.mkv", video)])
    world.verify(0)
    await world.start(token=TOKEN, logins=logins)

    async def opened(path: str, *headers: str) -> Any:
        wire = await world.connect()
        await wire.send("GET", path, *headers)
        assert (await wire.head()).status == 200
        return wire

    film = await opened(f"/stream/{v1}/0/x?token={TOKEN.replace(' ', '+')}", f"Cookie: {COOKIE}={other}")
    told, waits = [await opened("/api/v1/events", f"Cookie: {COOKIE}={each}") for each in (other, mine)]
    player = await opened(f"/stream/{v1}/0/x?token={TOKEN.replace(' ', '+')}")
    for wire in (film, player):
        await wire.body(64 * 1024)
    assert world.heads == 2
    (name,) = [each["id"] for each in logins.listed(other) if each["current"]]
    reply = await world.ask("DELETE", f"/api/v1/logins/{name}", f"Authorization: Bearer {TOKEN}", "Content-Length: 0")
    assert reply.status == 204
    for wire in (film, told):
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(wire.reader.read(), 60)
    assert world.heads == 1
    world.verify()
    assert await player.body(len(video) - 64 * 1024) == video[64 * 1024 :], "who has the token goes on"
    torrent.say(Ready(1))
    assert await asyncio.wait_for(waits.reader.readuntil(b"buffered_bytes"), 60)
    waits.close()
    await world.until(lambda: not logins._waiting)


async def test_who_waits_for_the_end_of_a_login_is_told_once(library: Library, clock: Clock) -> None:
    one, told = await loaded(library, clock), []
    secret = await one.begin("Firefox")
    forgets = [one.when_ended(secret, lambda name=name: told.append(name)) for name in "abc"]
    forgets[1]()
    await one.end(secret)
    await one.end(secret)
    assert told == ["a", "c"]
    forgets[0]()
    one.when_ended("nobody's", lambda: told.append("x"))()
    assert not one._waiting


async def test_without_a_library_there_is_one_cookie_that_follows_from_the_token() -> None:
    one = Derived(TOKEN)
    cookie = await one.begin("Firefox")
    assert cookie == await one.begin("Chrome")
    assert one.knows(cookie)
    assert Derived(TOKEN).knows(cookie), "after a restart too"
    await one.end(cookie)
    assert not any(map(one.knows, ("", TOKEN, cookie[:-1], "ü")))
    assert not Derived("another").knows(cookie)
    assert (one.listed(cookie), await one.revoke("x"), await one.revoke_others(cookie)) == ([], False, 0)
