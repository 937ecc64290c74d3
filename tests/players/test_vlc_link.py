"""VlcLink against a double of VLC's HTTP interface."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web

from headrace.players import vlc_link
from headrace.players.base import Media, PlayerState
from headrace.players.process import Child
from headrace.players.report import Reporter
from headrace.players.vlc_link import VlcLink, free_port, position_of, uri_of

URL = "http://h/a.mkv?token=t"
PLAYLIST = {"type": "node", "children": [{"type": "node", "children": [{"type": "leaf", "id": "4", "uri": URL}]}]}


class FakeVlc:
    """Answers status.json from a script of statuses, the last one for ever; keeps the commands."""

    def __init__(self, statuses: list[dict[str, Any]]) -> None:
        self.statuses = statuses
        self.commands: list[dict[str, str]] = []
        self.playlist: dict[str, Any] = PLAYLIST
        self.password = ""

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("", self.password):
            return web.Response(status=401)
        if request.path.endswith("playlist.json"):
            return web.json_response(self.playlist, content_type="text/plain")  # VLC has no JSON type either
        if request.query:
            self.commands.append(dict(request.query))
            return web.json_response({})
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.json_response(status, content_type="text/plain")


class World:
    def __init__(self, seen: Any, media: Media | None = None) -> None:
        self.vlc = FakeVlc([{"state": "stopped", "currentplid": -1}])
        self.child = Child()
        self.link = VlcLink("vlc", media or Media(URL), Reporter(seen, lambda: 0.0))
        self.vlc.password = self.link.control.password

    async def start(self, *statuses: dict[str, Any]) -> None:
        self.vlc.statuses = list(statuses) or self.vlc.statuses
        app = web.Application()
        app.router.add_get("/requests/{name}", self.vlc.answer)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.link.control.port).start()
        self.following = asyncio.create_task(self.link.follow(self.child))
        await asyncio.wait_for(self.link.connected.wait(), 60)

    async def end(self) -> None:
        if not self.child.exited.done():
            self.child.exited.set_result(0)
        await asyncio.wait_for(self.following, 60)
        self.link.close()
        await self.runner.cleanup()


@pytest.fixture
async def world(seen: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(vlc_link, "EACH", 0.01)
    monkeypatch.setattr(vlc_link, "RETRY", 0.01)
    made = World(seen)
    yield made
    await made.end()


def status(state: str, time: int, *, entry: int = 4, length: int = 60) -> dict[str, Any]:
    return {"state": state, "time": time, "length": length, "position": time / length, "currentplid": entry}


async def test_states_and_positions(world: World, seen: Any) -> None:
    await world.start(status("playing", 0), status("playing", 5), status("paused", 5), status("playing", 9))
    await seen.until(lambda s: s.state == "buffering")
    assert seen.states == [
        PlayerState("playing", 5.0, 60.0, URL),
        PlayerState("paused", 5.0, 60.0, URL),
        PlayerState("playing", 9.0, 60.0, URL),
        PlayerState("buffering", 9.0, 60.0, URL),
    ]


async def test_two_still_answers_are_buffering_and_one_is_not(world: World, seen: Any) -> None:
    answers = [5, 6, 6, 7, 7, 7, 8]
    await world.start(*[status("playing", time) for time in answers])
    await seen.until(lambda s: s.position == 8.0)
    told = [(s.state, s.position) for s in seen.states]
    assert next(one for one in told if one[0] == "buffering") == ("buffering", 7.0)


async def test_a_pause_is_no_buffering_however_long(world: World, seen: Any) -> None:
    await world.start(status("playing", 5), *[status("paused", 5)] * 9, status("playing", 6))
    await seen.until(lambda s: s.position == 6.0)
    assert seen.names() == ["playing", "paused", "playing"]


async def test_stopping_in_its_window_is_an_end_and_playing_again_a_start(world: World, seen: Any) -> None:
    stopped = {"state": "stopped", "currentplid": -1}
    await world.start(status("playing", 5), stopped, stopped, status("playing", 1))
    await seen.until(lambda s: s.position == 1.0)
    assert [(s.state, s.position) for s in seen.states[:3]] == [("playing", 5.0), ("ended", 5.0), ("playing", 1.0)]


async def test_the_next_entry_of_a_playlist(seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vlc_link, "EACH", 0.01)
    leaves = [{"type": "leaf", "id": "4", "uri": "a"}, {"type": "leaf", "id": "5", "uri": "b"}]
    world = World(seen, Media(URL, start=30, playlist=True))
    world.vlc.playlist = {"type": "node", "children": leaves}
    await world.start(
        status("playing", 1), status("playing", 59), status("playing", 0, entry=5), status("playing", 1, entry=5)
    )
    await seen.until(lambda s: s.path == "b")
    told = [(s.state, s.position, s.path) for s in seen.states]
    assert told[:4] == [("playing", 1.0, "a"), ("playing", 59.0, "a"), ("ended", 59.0, "a"), ("playing", 1.0, "b")]
    assert world.vlc.commands == [{"command": "seek", "val": "30"}]  # once, not for the second entry
    await world.end()


async def test_subtitles_are_added_once_it_plays_the_first_of_them_last(
    seen: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vlc_link, "EACH", 0.01)
    world = World(seen, Media(URL, subtitles=("/a.srt", server.url("clip.en.srt"))))
    await world.start(status("playing", 0))
    assert await world.link.add_subtitles(["/b.srt"])
    assert world.vlc.commands == []
    world.vlc.statuses = [status("playing", 1), status("playing", 2)]
    async with asyncio.timeout(5):
        while len(world.vlc.commands) < 3:
            await asyncio.sleep(0.01)
    assert [Path(command["val"]).name for command in world.vlc.commands] == ["b.srt", "clip.en.srt", "a.srt"]
    await world.end()


async def test_commands(world: World, seen: Any, tmp_path: Path) -> None:
    await world.start(status("playing", 1))
    await seen.until(lambda s: True)
    assert await world.link.seek(12.9)
    assert await world.link.add_subtitles([str(tmp_path / "a b.srt")])
    await world.link.ask_to_quit()
    assert world.vlc.commands == [
        {"command": "seek", "val": "12"},
        {"command": "addsubtitle", "val": str(tmp_path / "a b.srt")},
        {"command": "in_play", "input": "vlc://quit"},
    ]


async def test_subtitles_behind_a_url_are_fetched_under_their_name(world: World, seen: Any, server: Any) -> None:
    await world.start(status("playing", 1))
    await seen.until(lambda s: True)
    assert await world.link.add_subtitles([server.url("clip.en.srt")])
    path = Path(world.vlc.commands[0]["val"])
    assert path.name == "clip.en.srt"
    assert path.read_bytes() == server.files["clip.en.srt"]
    await world.end()
    assert not path.exists()
    assert not path.parent.parent.exists()


async def test_subtitles_that_cannot_be_had_are_refused(world: World, seen: Any, server: Any, tmp_path: Path) -> None:
    await world.start(status("playing", 1))
    await seen.until(lambda s: True)
    assert not await world.link.add_subtitles([server.url("nosuch.srt"), str(tmp_path / "b.srt")])
    assert [command["val"] for command in world.vlc.commands] == [str(tmp_path / "b.srt")]
    assert not await world.link.add_subtitles([f"http://127.0.0.1:{free_port()}/x.srt"])


async def test_commands_fail_quietly_when_vlc_has_gone(world: World) -> None:
    await world.start()
    await world.runner.cleanup()
    assert not await world.link.seek(1)
    assert not await VlcLink("vlc", Media(URL), Reporter(lambda s: None, lambda: 0.0)).seek(1)


def test_a_free_port_is_free_and_each_run_has_its_own_password() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
    one, two = (VlcLink("vlc", Media(URL), Reporter(lambda s: None, lambda: 0.0)).control for _ in range(2))
    assert one.password != two.password
    assert len(one.password) >= 16


@pytest.mark.parametrize(
    ("time", "length", "share", "expected"),
    [
        (5, 20, 0.29, 5.8),
        (5, 20, 0.31, 5.0),
        (5, 0, 0.5, 5.0),
        (0, 20, 0.0, 0.0),
        (-1, 20, 0.0, 0.0),
        (15, 20, 0.75, 15.0),
    ],
)
def test_the_finer_position_counts_when_both_agree(time: int, length: int, share: float, expected: float) -> None:
    assert position_of({"time": time, "length": length, "position": share}) == expected


def test_the_uri_of_an_entry() -> None:
    assert uri_of(PLAYLIST, 4) == URL
    assert uri_of(PLAYLIST, 5) == ""
    assert uri_of({}, 4) == ""
