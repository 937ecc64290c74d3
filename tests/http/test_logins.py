"""Logins that outlive a restart and can be taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headrace.http import logins
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
