"""What a server has devices play, on a device that does as a test says."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from headrace import casts
from headrace.casting.base import Device, OnStatus, Show, Status
from headrace.errors import InputError, PlayerError
from headrace.http.shapes import ChangeCast

TV = Device("uuid:1", "TV", "dlna", "127.0.0.1:80")
SHOW = Show("http://10.0.0.2/x", "Film", "video/mp4")
FILE: Any = SimpleNamespace(index=3, torrent=SimpleNamespace(info_hash="ab" * 20))


class Caster:
    def __init__(self, tell: OnStatus) -> None:
        self.tell, self.did = tell, []  # type: tuple[OnStatus, list[str]]
        self.refuses = False

    async def load(self, show: Show) -> None:
        if self.refuses:
            raise PlayerError("No.", kind="refused")
        self.tell(Status("starting"))

    def __getattr__(self, name: str) -> Any:
        async def do(*arguments: object) -> None:
            self.did.append(" ".join(map(str, (name, *arguments))))

        return do


class Keeper:
    def __init__(self) -> None:
        self.kept: list[tuple[int, float]] = []

    async def set_position(self, file: Any, place: Any) -> None:
        self.kept.append((file.index, place.seconds))


class World:
    def __init__(self) -> None:
        self.keeper, self.told = Keeper(), []  # type: tuple[Keeper, list[Cast]]
        self.casters: list[Caster] = []
        self.casts = casts.Casts(self.keeper)  # type: ignore[arg-type]
        self.casts.subscribe(self.told.append)
        self.refuses = False

    async def connect(self, device: Device, tell: OnStatus) -> Caster:
        self.casters.append(Caster(tell))
        self.casters[-1].refuses = self.refuses
        return self.casters[-1]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(casts.connect, "connect", made.connect)
    return made


async def test_one_is_steered_told_and_kept(world: World) -> None:
    begun = await world.casts.begin(TV, SHOW, FILE)
    assert (begun.device, begun.index, begun.state) == ("uuid:1", 3, "starting")
    (caster,) = world.casters
    caster.tell(Status("playing", 400.04, 3600.0, 0.5, False))
    assert (world.told[-1].state, world.told[-1].position, world.told[-1].volume) == ("playing", 400.0, 0.5)
    await world.casts.change(begun.id, ChangeCast(paused=True, position=9.0, volume=0.1, muted=True))
    assert caster.did == ["set_volume 0.1", "set_muted True", "seek 9.0", "pause"]
    await world.casts.change(begun.id, ChangeCast(paused=False))
    assert caster.did[-1] == "play"
    await world.casts.stop(begun.id)
    assert caster.did[-2:] == ["stop", "aclose"]
    assert world.keeper.kept == [(3, 400.04)]
    assert world.casts.listed() == []


async def test_one_that_is_over_is_gone(world: World) -> None:
    begun = await world.casts.begin(TV, SHOW, FILE)
    world.casters[0].tell(Status("failed", detail="TV does not answer any more", kind="device_gone"))
    assert world.told[-1].message == "TV does not answer any more"
    assert world.casts.listed() == []
    with pytest.raises(InputError):
        await world.casts.change(begun.id, ChangeCast(paused=True))
    await world.casts.aclose()
    assert world.casters[0].did[-1] == "aclose"


async def test_another_film_ends_the_first(world: World) -> None:
    first = await world.casts.begin(TV, SHOW, FILE)
    second = await world.casts.begin(TV, SHOW, FILE)
    assert [cast.id for cast in world.casts.listed()] == [second.id] != [first.id]
    assert world.casters[0].did == ["stop", "aclose"]


async def test_a_refusal_leaves_nothing(world: World) -> None:
    world.refuses = True
    with pytest.raises(PlayerError):
        await world.casts.begin(TV, SHOW, FILE)
    assert world.casts.listed() == []
    assert world.casters[0].did[-1] == "aclose"


async def test_the_end_ends_all(world: World) -> None:
    await world.casts.begin(TV, SHOW, FILE)
    await world.casts.aclose()
    assert world.casters[0].did == ["stop", "aclose"]


async def test_searches_are_shared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def search() -> list[Device]:
        asked.append(1)
        await asyncio.sleep(0)
        return [TV]

    monkeypatch.setattr(casts.discover, "search", search)
    assert await asyncio.gather(world.casts.devices(), world.casts.devices()) == [[TV], [TV]]
    assert len(asked) == 1


async def test_devices_are_named_as_players_are(world: World) -> None:
    assert (await world.casts.find("cast:10.0.0.7")).address == "10.0.0.7:8009"
    assert (await world.casts.find("dlna:http://10.0.0.7/d.xml")).kind == "dlna"


async def test_who_was_met_is_not_looked_for_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def search() -> list[Device]:
        return [replace(TV, address="127.0.0.2:80")]

    monkeypatch.setattr(casts.discover, "search", search)
    await world.casts.begin(TV, SHOW, FILE)
    assert await world.casts.find("uuid:1") == TV
    await world.casts.devices()
    assert (await world.casts.find("uuid:1")).address == "127.0.0.2:80", "where it answered last"
    direct = await world.casts.find("cast:10.0.0.7")
    await world.casts.begin(direct, SHOW, FILE)
    assert await world.casts.find(direct.id) == direct, "what a cast calls its device"
