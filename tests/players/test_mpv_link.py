"""MpvLink against an mpv of our own making, for what the real one does only by chance."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headrace.players.base import Media, PlayerState
from headrace.players.mpv import later_subtitles
from headrace.players.mpv_link import MpvLink, address_for
from headrace.players.process import Child
from headrace.players.report import Reporter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the double listens on a unix socket")
URL = "http://h/a.mkv"
HERE_ONLY = "set start none; set file-local-options/start {}"


class FakeMpv:
    """Listens where mpv would, answers each command with ``answers``, and says what it is told to say."""

    def __init__(self) -> None:
        self.commands: list[list[Any]] = []
        self.answers: dict[str, Any] = {"path": URL, "duration": 60.0, "sid": False}
        self.refused: set[str] = {"seekable"}  # no file is loaded
        self.mute: set[str] = set()
        self.writer: asyncio.StreamWriter | None = None
        self.news = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        async for line in reader:
            if not line.startswith(b"{"):  # mpv's other syntax, as in input.conf: no answer
                self.commands.append([line.decode().strip()])
                self.news.set()
                continue
            message = json.loads(line)
            command = message["command"]
            self.commands.append(command)
            self.news.set()
            if command[0] in self.mute:
                continue
            error = "invalid" if self.refused & {str(word) for word in command} else "success"
            data = self.answers.get(command[1]) if command[0] == "get_property" else None
            self.send(error=error, request_id=message["request_id"], data=data)

    def send(self, **message: Any) -> None:
        assert self.writer
        self.writer.write(json.dumps(message).encode() + b"\n")

    def change(self, name: str, data: Any) -> None:
        self.send(event="property-change", name=name, data=data)

    def load(self) -> None:
        """A file begins to play."""
        self.send(event="start-file")
        self.send(event="file-loaded")
        self.send(event="playback-restart")

    async def asked(self, *command: Any) -> list[Any]:
        """Wait until a command begins like this."""
        async with asyncio.timeout(60):
            while True:
                for one in self.commands:
                    if one[: len(command)] == list(command):
                        return one
                self.news.clear()
                await self.news.wait()


class World:
    def __init__(self, seen: Any, media: Media) -> None:
        self.seen = seen
        self.mpv = FakeMpv()
        self.child = Child()
        self.link = MpvLink("mpv", media, Reporter(seen, lambda: 0.0), later_subtitles("mpv", media))

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self.mpv.serve, self.link.control.socket)
        self.following = asyncio.create_task(self.link.follow(self.child))
        await asyncio.wait_for(self.link.connected.wait(), 60)
        await self.mpv.asked("observe_property")

    async def end(self) -> None:
        self.server.close()
        if self.mpv.writer:
            self.mpv.writer.close()
        await asyncio.wait_for(self.following, 60)
        self.link.close()


@pytest.fixture
def media() -> Media:
    return Media(URL)


@pytest.fixture
async def world(seen: Any, media: Media) -> AsyncIterator[World]:
    made = World(seen, media)
    await made.start()
    yield made
    await made.end()


async def test_states_follow_the_properties(world: World, seen: Any) -> None:
    mpv = world.mpv
    mpv.change("time-pos", 1.0)  # before the file is shown: of no meaning
    mpv.load()
    mpv.change("time-pos", 2.0)
    assert await seen.until(lambda s: s.state == "playing") == PlayerState("playing", 2.0, 60.0, URL)
    for name, state in (("pause", "paused"), ("paused-for-cache", "buffering"), ("seeking", "buffering")):
        mpv.change(name, True)
        await seen.until(lambda s, state=state: s.state == state, after=len(seen.states) - 1)
        mpv.change(name, False)
        await seen.until(lambda s: s.state == "playing", after=len(seen.states) - 1)
    assert seen.names() == ["starting", "playing", "paused", "playing", "buffering", "playing", "buffering", "playing"]


async def test_joining_late_when_the_file_plays_already(seen: Any) -> None:
    media = Media(URL, start=3, subtitles=("http://h/a.srt",), playlist=True)
    world = World(seen, media)
    world.mpv.refused.clear()
    await world.start()
    world.mpv.change("time-pos", 4.0)
    assert await seen.until(lambda s: True) == PlayerState("playing", 4.0, 60.0, URL)
    await world.mpv.asked(HERE_ONLY.format(3))
    await world.mpv.asked("sub-add", "http://h/a.srt")
    world.mpv.send(event="file-loaded")  # it was on its way
    world.mpv.change("time-pos", 4.1)
    world.mpv.change("pause", True)
    await seen.until(lambda s: s.state == "paused")
    assert len([command for command in world.mpv.commands if command[0] == "sub-add"]) == 1
    await world.end()


async def test_a_window_kept_open_at_the_end_says_ended_and_goes_on_after_a_seek(world: World, seen: Any) -> None:
    world.mpv.load()
    world.mpv.change("time-pos", 59.9)
    world.mpv.change("eof-reached", True)
    world.mpv.change("pause", True)
    await seen.until(lambda s: s.state == "ended" and s.position == 59.9)
    world.mpv.change("eof-reached", False)
    await seen.until(lambda s: s.state == "paused")


async def test_the_next_file_never_has_the_position_of_the_one_before(world: World, seen: Any) -> None:
    mpv = world.mpv
    mpv.load()
    mpv.change("time-pos", 50.0)
    await seen.until(lambda s: s.position == 50.0)
    mpv.send(event="end-file", reason="eof")
    mpv.change("time-pos", None)
    mpv.answers["path"] = "http://h/b.mkv"
    mpv.load()
    mpv.change("time-pos", 0.0)
    await seen.until(lambda s: s.path == "http://h/b.mkv")
    assert [(s.state, s.position, s.path) for s in seen.states] == [
        ("starting", None, URL),
        ("playing", 50.0, URL),
        ("ended", 50.0, URL),
        ("starting", None, ""),
        ("playing", 0.0, "http://h/b.mkv"),
    ]


async def test_errors_and_redirects(world: World, seen: Any) -> None:
    world.mpv.send(event="start-file")
    world.mpv.send(event="end-file", reason="redirect")
    world.mpv.send(event="end-file", reason="error", file_error="loading failed")
    state = await seen.until(lambda s: s.state == "failed")
    assert state == PlayerState("failed", None, None, URL, "loading failed")
    assert seen.names() == ["starting", "failed"]


@pytest.mark.parametrize("media", [Media(URL, start=17.5, playlist=True)])
async def test_the_start_counts_for_the_first_file_of_a_playlist_only(world: World) -> None:
    world.mpv.load()
    await world.mpv.asked(HERE_ONLY.format(17.5))
    before = len(world.mpv.commands)
    world.mpv.load()
    await world.mpv.asked("get_property", "path")
    await world.link.seek(1)
    assert [c for c in world.mpv.commands[before:] if "start" in c[0]] == []


@pytest.mark.parametrize(
    "media",
    [
        Media(URL, start=17.5),  # with --length mpv would end at once: it reckons the end from the start
        Media(URL, playlist=True),
        Media(URL, start=17.5, playlist=True, extra=("--start=20",)),  # what the user says of it, holds
        Media(URL, start=17.5, playlist=True, extra=("--mpv-start=20",)),
    ],
)
async def test_a_start_that_is_no_trouble_stays(world: World) -> None:
    world.mpv.load()
    await world.mpv.asked("get_property", "path")
    await world.link.seek(1)
    assert [c for c in world.mpv.commands if "start" in c[0] or c[1:2] == ["start"]] == []


@pytest.mark.parametrize(
    ("media", "flags"),
    [
        (Media(URL, subtitles=("http://h/a.srt", "http://h/b.srt")), ["select", "auto"]),
        (Media(URL, subtitles=("/a.srt", "http://h/a.srt", "http://h/b.srt")), ["auto", "auto"]),
    ],
)
async def test_subtitles_behind_urls_are_added_once_it_plays(world: World, flags: list[str]) -> None:
    assert not [c for c in world.mpv.commands if c[0] == "sub-add"]
    world.mpv.load()
    await world.mpv.asked("sub-add", "http://h/b.srt")
    added = [c for c in world.mpv.commands if c[0] == "sub-add"]
    assert added == [["sub-add", "http://h/a.srt", flags[0]], ["sub-add", "http://h/b.srt", flags[1]]]


async def test_subtitles_that_come_before_the_video_wait_for_it(world: World) -> None:
    await world.mpv.asked("get_property", "seekable")
    assert await world.link.add_subtitles(["http://h/a.srt"])
    assert not [command for command in world.mpv.commands if command[0] == "sub-add"]
    world.mpv.load()
    assert await world.mpv.asked("sub-add") == ["sub-add", "http://h/a.srt", "select"]


@pytest.mark.parametrize(("sid", "flag"), [(False, "select"), (None, "select"), (1, "auto")])
async def test_later_subtitles_are_shown_unless_some_are(world: World, sid: Any, flag: str) -> None:
    world.mpv.load()
    await world.mpv.asked("get_property", "path")
    world.mpv.answers["sid"] = sid
    assert await world.link.add_subtitles(["/x.srt"])
    assert world.mpv.commands[-1] == ["sub-add", "/x.srt", flag]
    world.mpv.refused.add("sub-add")
    assert not await world.link.add_subtitles(["/x.srt"])


async def test_who_waits_for_an_answer_is_told_when_mpv_goes(world: World) -> None:
    world.mpv.mute.add("seek")
    asking = asyncio.create_task(world.link.seek(5))
    await world.mpv.asked("seek", 5, "absolute")
    await world.end()
    assert await asyncio.wait_for(asking, 60) is False
    assert await world.link.seek(6) is False


async def test_what_is_no_json_ends_the_link_quietly(world: World) -> None:
    assert world.mpv.writer
    world.mpv.writer.write(b"hello\n")
    await asyncio.wait_for(world.following, 60)
    assert not await world.link.seek(1)


async def test_connecting_ends_with_the_process(seen: Any) -> None:
    link = MpvLink("mpv", Media(URL), Reporter(seen, lambda: 0.0))
    child = Child()
    child.exited.set_result(1)
    await asyncio.wait_for(link.follow(child), 60)
    assert not link.connected.is_set()
    link.close()
    link.close()
    assert not Path(link.control.socket).parent.exists()


def test_the_socket_lies_in_a_folder_of_our_own() -> None:
    address, folder = address_for("/usr/bin/mpv", Media(URL), "linux", {})
    assert address == f"{folder}/mpv"
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    Path(folder).rmdir()


def test_a_long_temporary_folder_is_avoided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    address, folder = address_for("mpv", Media(URL), "darwin", {})
    assert len(address) < 100
    assert list(deep.iterdir()) == []
    Path(folder).rmdir()


def test_windows_gets_a_pipe_and_the_users_own_socket_is_used() -> None:
    address, folder = address_for("mpv.exe", Media(URL), "win32", {})
    assert address.startswith("\\\\.\\pipe\\headrace-")
    assert folder == ""
    mine = Media(URL, extra=("--input-ipc-server=/mine", "--fs"))
    assert address_for("mpv", mine, "linux", {}) == ("/mine", "")
    assert address_for("iina", Media(URL, extra=("--mpv-input-ipc-server=/m",)), "darwin", {}) == ("/m", "")
