"""A device of a server's, as a player: begun, heard, ended, refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace import relay
from headrace.core import events
from headrace.core.pieces import FileEntry
from headrace.errors import EngineError, InputError, PlayerError
from headrace.settings import Settings

BEGUN = {"id": "ours", "hls": False, "note": ""}
ENTRY = FileEntry(3, "show/film.mkv", 1000, 0)
URL = "http://127.0.0.1:1/stream/x/3/film.mkv"


class Far:
    """In place of ``Distant``."""

    def __init__(self) -> None:
        self.wishes: list[dict[str, Any]] = []
        self.did: list[tuple[str, object]] = []
        self.hearers: list[Callable[[events.Note], None]] = []
        self.answer: dict[str, Any] | BaseException = BEGUN
        self.before: list[events.Note] = []
        """What is told before the answer is there."""
        self.may_end = asyncio.Event()
        self.may_end.set()

    def subscribe(self, hear: Callable[[events.Note], None]) -> Callable[[], None]:
        self.hearers.append(hear)
        return lambda: self.hearers.remove(hear) if hear in self.hearers else None

    def tell(self, state: str, position: float | None = None, *, cast: str = "ours", **more: str) -> None:
        note = events.Cast(cast, "uuid:1", "TV", "dlna", "ab" * 20, 3, state, position, 60.0, **more)  # type: ignore[arg-type]
        for hear in tuple(self.hearers):
            hear(note)

    async def cast(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.wishes.append(wish)
        for note in self.before:
            self.hearers[0](note)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    async def steer(self, cast: str, change: dict[str, Any]) -> None:
        self.did.append((cast, change))

    async def end_cast(self, cast: str) -> None:
        self.did.append((cast, "end"))
        await self.may_end.wait()


class World:
    def __init__(self) -> None:
        self.far, self.said, self.states = Far(), [], []  # type: tuple[Far, list[events.Note], list[PlayerState]]

    async def cast(self, **settings: Any) -> relay.Relay:
        wish = Settings(**{"player": "dlna:TV", **settings})
        return await relay.cast(self.far, wish, ENTRY, URL, 12.5, self.said.append, self.states.append)  # type: ignore[arg-type]


@pytest.fixture
async def world() -> World:
    return World()


async def test_it_is_begun_heard_and_comes_to_its_end(world: World) -> None:
    world.far.before = [
        events.Cast("other", "uuid:2", "Radio", "dlna", "ab" * 20, 3, "playing", 5.0),
        events.Cast("ours", "uuid:1", "TV", "dlna", "ab" * 20, 3, "starting"),
    ]
    one = await world.cast()
    assert world.far.wishes == [{"device": "dlna:TV", "index": 3, "start": 12.5}]
    waiting = asyncio.ensure_future(one.wait())
    world.far.tell("playing", 13.0)
    world.far.tell("playing", 99.0, cast="other")
    world.far.tell("ended", cast="other")
    world.far.hearers[0](events.Ready(1))
    world.far.tell("paused", 14.0)
    assert not waiting.done()
    world.far.tell("ended")
    assert await waiting == 0
    assert [(each.state, each.position) for each in world.states] == [
        ("starting", None),
        ("playing", 13.0),
        ("paused", 14.0),
        ("ended", 14.0),
    ]
    assert {each.path for each in world.states} == {URL}
    assert world.far.did == []
    assert world.far.hearers == []
    assert not await one.seek(3)


async def test_what_fails_is_an_error_with_its_kind(world: World) -> None:
    one = await world.cast()
    world.far.tell("failed", message="TV does not answer any more", reason="device_gone")
    with pytest.raises(PlayerError, match=r"^TV does not answer any more\.") as caught:
        await one.wait()
    assert (caught.value.kind, caught.value.exit_code) == ("device_gone", 6)
    await one.stop()
    assert world.far.did == [], "it had ended"


async def test_who_ends_it_ends_the_device(world: World) -> None:
    one = await world.cast()
    assert await one.seek(30)
    assert not await one.add_subtitles(["x"])
    waiting = asyncio.ensure_future(one.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await one.stop()
    assert world.far.did == [("ours", {"position": 30}), ("ours", "end")]
    assert [each.state for each in world.states] == ["ended"]
    assert await one.wait() == 0


async def test_a_server_that_says_nothing_keeps_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay.Relay, "stopped_within", 0.01)
    one = await world.cast()
    world.far.may_end.clear()
    await asyncio.wait_for(one.stop(), 5)
    assert await one.wait() == 0


@pytest.mark.parametrize("kind", sorted(relay.ABOUT_DEVICES))
async def test_refusals_about_the_device_are_the_devices(world: World, kind: str) -> None:
    for error in (InputError, EngineError):
        world.far.answer = error("No.", "Try.", kind=kind)
        with pytest.raises(PlayerError) as caught:
            await world.cast()
        assert (caught.value.message, caught.value.hint, caught.value.kind) == ("No.", "Try.", kind)
    assert world.far.hearers == []


async def test_other_refusals_stay_what_they_are(world: World) -> None:
    world.far.answer = EngineError("It does not answer.", kind="server")
    with pytest.raises(EngineError, match="does not answer"):
        await world.cast()
    assert world.far.hearers == []


@pytest.mark.parametrize(
    ("hls", "said"), [(True, "Sent as HLS: no Matroska."), (False, "It may not play: no Matroska.")]
)
async def test_the_form_is_told(world: World, hls: bool, said: str) -> None:
    world.far.answer = BEGUN | {"hls": hls, "note": "no Matroska"}
    await world.cast()
    assert world.said == [events.Warning("casting", said)]


async def test_ones_own_subtitles_go_along(world: World, tmp_path: Path) -> None:
    own = tmp_path / "mine.srt"
    own.write_text("1\n00:00:01,000 --> 00:00:02,000\nMine\n")
    await world.cast(subtitles=(str(own), "another.srt"))
    assert world.far.wishes[0]["captions"].startswith("WEBVTT")
    assert "Mine" in world.far.wishes[0]["captions"]
    with pytest.raises(InputError, match=r"missing\.srt cannot be read"):
        await world.cast(subtitles=(str(tmp_path / "missing.srt"),))


def test_the_kinds_are_the_servers() -> None:
    from headrace.http import cast

    assert set(cast._STATUS) == relay.ABOUT_DEVICES
