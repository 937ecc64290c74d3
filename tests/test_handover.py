"""`play` beside a server: a real server over a fake engine, and players that do as they are told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import pytest
from msgspec.structs import replace

from headrace import casts, sources
from headrace.casting.base import Device, OnStatus, Show, Status
from headrace.casts import Casts
from headrace.core import events
from headrace.errors import EngineError, HeadraceError, InputError, PlayerError, SwarmError
from headrace.handover import Handover, check
from headrace.http.server import Server
from headrace.http.shapes import AddTorrent, SetPosition
from headrace.keeping import Keeping
from headrace.library.library import Library
from headrace.library.presence import Present
from headrace.players.base import Media, PlayerState, Running
from headrace.players.run import Nobody
from headrace.session import Session
from headrace.settings import Settings
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

FILES = [FakeFile("S01E01.mkv", 300_000), FakeFile("S01E01.en.srt", 900), FakeFile("S01E02.mkv", 400_000)]
PACK = Content(FILES, 64 * 1024, "show")
MAGNET, TORRENT = sources.load(PACK.magnet), sources.of_bytes(PACK.torrent, "show.torrent")
FAST = FakePeer(rate=8_000_000)


class Player:
    """In place of ``launch``: notes how it was started, tells and reads what it is to, and ends when it may."""

    def __init__(self, *tells: PlayerState, code: int = 0) -> None:
        self.started: list[Media] = []
        self.tells, self.code = tells, code
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.running = AsyncMock(spec=Nobody)
        self.running.wait.side_effect = self.wait
        self.running.stop.side_effect = self.may_end.set

    async def launch(self, name: str, media: Media, on_state: Callable[[PlayerState], None]) -> Running:
        self.started.append(media)
        for state in self.tells:
            on_state(state)
        running: Running = self.running
        return running

    async def wait(self) -> int:
        await self.may_end.wait()
        return self.code


class World:
    """A server, and runs of ``play`` beside it."""

    def __init__(self, session: Session, server: Server, keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.server, self.keeping = session, server, keeping
        self.present = Present(77, server.base_url.rstrip("/"))
        self.said: list[events.Note] = []
        self._monkeypatch = monkeypatch

    async def play(self, fake: Player, source: Any = MAGNET, flags: tuple[str, ...] = (), **settings: Any) -> int:
        self.said.clear()
        self._monkeypatch.setattr("headrace.screening.launch", fake.launch)
        wish = Settings(**{"player": "vlc", "timeout": 20.0, **settings})
        return await Handover(self.present, wish, source, self.said.append, frozenset(flags)).run()

    def notes(self, kind: type[events.Note]) -> list[Any]:
        return [note for note in self.said if isinstance(note, kind)]

    def names(self) -> list[str]:
        return [note.event for note in self.said if note.event not in ("progress", "waiting", "resumed")]

    async def until(self, kind: type[events.Note], fits: Callable[[Any], object] = lambda note: True) -> None:
        async with asyncio.timeout(10):
            while not any(map(fits, self.notes(kind))):
                await asyncio.sleep(0.005)

    @property
    def torrent(self) -> Any:
        return self.session.torrents.get(PACK.info_hash)


@contextlib.asynccontextmanager
async def world(folder: Path, monkeypatch: pytest.MonkeyPatch, *peers: FakePeer) -> AsyncIterator[World]:
    engine = FakeEngine(FakeSwarm(PACK, peers))
    async with Session(Settings(dir=folder), engine=engine) as session, await Library.open(folder / "l") as library:
        keeping = Keeping(session, library)
        stage = Casts(keeping)
        server = Server(session.torrents, port=0, keeper=keeping, stage=stage)
        await server.start()
        try:
            yield World(session, server, keeping, monkeypatch)
        finally:
            await stage.aclose()
            await server.aclose()
            await keeping.aclose()


async def test_a_run_from_its_start_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        watched = (PlayerState("playing", 100.0, 5400.0), PlayerState("playing", 103.0, 5400.0))
        player = Player(*watched)
        player.may_end.clear()
        playing = asyncio.ensure_future(one.play(player))
        await one.until(events.Player)
        async with aiohttp.ClientSession() as client, client.get(player.started[0].url) as reply:
            assert await reply.read() == PACK.file_bytes(2)
        await one.until(events.Ready)
        await one.until(events.Progress, lambda note: note.position)
        player.may_end.set()
        assert await playing == 0
        names = one.names()
        assert set(names) == {"starting", "metadata", "selected", "serving", "ready", "player", "done"}
        assert (names[0], names[-1]) == ("starting", "done")
        assert names.index("metadata") < names.index("selected") < names.index("serving") < names.index("player")
        assert one.notes(events.Selected) == [events.Selected(2, "show/S01E02.mkv", 400_000)]
        assert (player.started[0].title, player.started[0].start) == ("S01E02.mkv", 0.0)
        progress = one.notes(events.Progress)[-1]
        assert (progress.position, progress.duration) == (103.0, 5400.0)
        (done,) = one.notes(events.Done)
        assert done.played_seconds == 3.0
        assert done.downloaded >= 400_000
        assert one.torrent is not None, "it stays"

        again = Player(PlayerState("playing", 104.0, 5400.0))
        assert await one.play(again, TORRENT) == 0
        assert again.started[0].start == 103.0
        assert one.notes(events.GoingOn) == [events.GoingOn(2, "show/S01E02.mkv", 103.0)]
        assert one.names().count("metadata") == one.names().count("ready") == 1
        assert one.notes(events.Metadata)[0].files[0]["kind"] == "video"
        assert one.notes(events.Done)[0].downloaded == 0
        for given in ({"resume": False}, {"start": 60.0}):
            anew = Player()
            await one.play(anew, **given)
            assert (anew.started[0].start, one.notes(events.GoingOn)) == (given.get("start", 0.0), [])


async def test_one_episode_with_its_subtitles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        player = Player()
        await one.play(player, file="S01E01", subtitles=("mine.srt",), player_args=("--fs",))
        media = player.started[0]
        assert "/0/S01E01.mkv" in media.url
        assert media.subtitles[0] == "mine.srt"
        assert media.subtitles[1].endswith("/1/S01E01.en.srt")
        assert media.extra == ("--fs",)
        assert one.notes(events.Serving)[0].url == media.url
        assert one.torrent.chosen.index == 0


async def test_a_playlist_whose_files_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        torrent, _ = await one.keeping.add(PACK.torrent, AddTorrent("-"))
        await torrent.metadata(10)
        for index in (0, 2):
            await one.keeping.set_position(torrent.file(index), SetPosition(100.0 + index, 5400.0))
        url = f"http://127.0.0.1:1/stream/{PACK.info_hash}/2/x"
        player = Player()
        player.may_end.clear()
        playing = asyncio.ensure_future(one.play(player, all=True))
        await one.until(events.GoingOn)
        async with asyncio.timeout(5):
            while not player.running.wait.called:
                await asyncio.sleep(0.005)
        monkeypatch.undo()
        media = player.started[0]
        assert (media.playlist, media.start, media.subtitles) == (True, 100.0, ())
        assert media.url.endswith(f"/playlist/{PACK.info_hash}.m3u8")
        player.may_end.set()
        assert await playing == 0
        assert one.notes(events.Selected)[0].index == 0
        told = Player(PlayerState("playing", 50.0, 5400.0, url))
        await one.play(told, all=True)
        assert (await one.keeping.position(torrent.file(2))).seconds == 50.0  # type: ignore[union-attr]


async def test_mpv_is_started_before_the_metadata_if_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        player = Player()
        await one.play(player, player="mpv", file="S01E01")
        assert "/main/" in player.started[0].url
        (added,) = player.running.add_subtitles.call_args.args
        assert [url.rsplit("/", 1)[1] for url in added] == ["S01E01.en.srt"]
        known = Player()
        await one.play(known, player="mpv")
        assert "/2/S01E02.mkv" in known.started[0].url


async def test_what_is_not_in_it_is_refused_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        for source in (MAGNET, TORRENT):
            player = Player()
            with pytest.raises(InputError, match="S09E09"):
                await one.play(player, source, player="mpv", file="S09E09")
            assert one.torrent is None
            assert player.running.stop.called == bool(player.started)
        await one.play(Player())
        with pytest.raises(InputError, match="S09E09"):
            await one.play(Player(), file="S09E09")
        assert one.torrent is not None, "it was there before"


async def test_without_metadata_or_peers_in_time_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch) as one:
        early = Player()
        with pytest.raises(SwarmError, match="No metadata within") as caught:
            await one.play(early, player="mpv", timeout=0.05)
        assert early.running.stop.called
        assert "goes on looking" in caught.value.hint
        await one.keeping.remove(one.torrent, delete_data=False)
        stays = Player()
        stays.may_end.clear()
        with pytest.raises(SwarmError, match="No peer answered"):
            await one.play(stays, TORRENT, timeout=0.05)
        assert stays.running.stop.called


async def test_how_the_player_ends_is_how_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        assert await one.play(Player(code=2)) == 6
        assert await one.play(Player(PlayerState("playing", 1.0), PlayerState("playing", 2.0), code=2)) == 0
        with pytest.raises(PlayerError, match="mpw"):
            await one.play(Player(), player="mpw")
        assert one.said == []


@pytest.mark.parametrize("ends", ["removed", "server"])
async def test_when_the_server_ends_it_the_player_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        player = Player(PlayerState("playing", 100.0, 5400.0))
        player.may_end.clear()
        playing = asyncio.ensure_future(one.play(player))
        await one.until(events.Progress)
        await one.until(events.Player)
        if ends == "removed":
            await one.keeping.remove(one.torrent, delete_data=False)
        else:
            await one.server.aclose()
        with pytest.raises(EngineError) as caught:
            await asyncio.wait_for(playing, 10)
        assert caught.value.kind == ends
        assert player.running.stop.called
        (warning,) = one.notes(events.Warning)
        assert warning.message.endswith("Positions are not kept.")
        assert one.names()[-1] == "done"


async def test_a_pause_is_the_players(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch) as one:
        handover = Handover(one.present, Settings(), MAGNET, one.said.append)
        handover._screening.state = "paused"
        handover._torrent = SimpleNamespace(told={})  # type: ignore[assignment]
        note = events.Progress("playing", None, 60.0, None, 10, 100, 0, 0, 1, 1, 1)
        assert handover._completed(note).state == "paused"
        assert handover._completed(replace(note, state="waiting")).state == "waiting"


async def test_figures_of_another_file_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        torrent, _ = await one.keeping.add(PACK.torrent, AddTorrent("-"))
        await torrent.metadata(10)
        assert torrent.chosen.index == 2
        player = Player()
        player.may_end.clear()
        one.said.clear()
        playing = asyncio.ensure_future(one.play(player, file="S01E01"))
        await one.until(events.Serving)
        torrent.say(events.Ready(77))
        await one.until(events.Progress, lambda note: note.wanted == 300_000)
        assert one.notes(events.Ready) == [], "that is the other file"
        progress = one.notes(events.Progress)[-1]
        assert (progress.share, progress.map, progress.buffered_seconds, progress.duration) == (None, "", None, None)
        player.may_end.set()
        await playing
        await one.play(Player(PlayerState("playing", 3.0, 60.0)), file="S01E01")
        assert one.notes(events.Ready) == [events.Ready(0)]


async def test_what_is_not_to_be_kept_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.handover.LET_GO", 0.05)
    async with world(tmp_path, monkeypatch, FAST) as one:
        await one.play(Player(), keep=False)
        assert one.torrent is None
        assert not (tmp_path / PACK.info_hash).exists()

        await one.play(Player())
        await one.play(Player(), keep=False)
        assert [note.message for note in one.notes(events.Warning)] == [
            "The server had this torrent before: it is kept."
        ]
        await one.keeping.remove(one.torrent, delete_data=True)

        player = Player()
        player.may_end.clear()
        one.said.clear()
        playing = asyncio.ensure_future(one.play(player, keep=False))
        await one.until(events.Serving)
        async with one.torrent.file(2).open() as reader:
            await reader.read(1)
            player.may_end.set()
            await playing
        assert "Somebody else watches it" in one.notes(events.Warning)[0].message
        assert not one.keeping._entries[PACK.info_hash].keep, "it goes at the next start"


class Television:
    """In place of a device's ``Caster``; plays from where it is told to."""

    def __init__(self) -> None:
        self.shows: list[Show] = []
        self.did: list[str] = []
        self.busy = False
        self.asked, self.closed = asyncio.Event(), asyncio.Event()
        self.may_load = asyncio.Event()
        self.may_load.set()

    async def connect(self, device: Device, tell: OnStatus) -> Any:
        self.device, self.tell = device, tell
        return self

    async def load(self, show: Show) -> None:
        if self.busy:
            raise PlayerError("TV is busy.", "End what it plays.", kind="device_busy")
        self.asked.set()
        await self.may_load.wait()
        self.shows.append(show)
        self.tell(Status("playing", show.start, 5400.0))

    async def stop(self) -> None:
        self.did.append("stop")
        self.tell(Status("ended"))

    async def aclose(self) -> None:
        self.did.append("close")
        self.closed.set()


DEVICE = "dlna:http://127.0.0.1:9/description.xml"


@pytest.fixture
def television(monkeypatch: pytest.MonkeyPatch) -> Television:
    made = Television()
    monkeypatch.setattr(casts.connect, "connect", made.connect)
    return made


async def test_a_device_is_the_servers_to_cast_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, television: Television
) -> None:
    """Told of as any player; ended by Ctrl-C; it goes on where it was, which the server has kept."""
    own = tmp_path / "mine.srt"
    own.write_text("1\n00:00:01,000 --> 00:00:02,000\nMine\n")
    async with world(tmp_path, monkeypatch, FAST) as one:
        playing = asyncio.ensure_future(one.play(Player(), player=DEVICE, start=100.0, subtitles=(str(own),)))
        await one.until(events.Player, lambda note: note.state == "playing")
        (show,) = television.shows
        assert (show.start, show.title) == (100.0, "S01E02.mkv")
        assert show.url.startswith(one.server.base_url)
        assert show.captions is not None
        assert "/subtitles/lent/" in show.captions.srt
        television.tell(Status("playing", 103.0, 5400.0))
        await one.until(events.Progress, lambda note: note.position == 103.0)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        assert television.did == ["stop", "close"]
        assert [note.state for note in one.notes(events.Player)] == ["playing", "ended"]
        assert one.notes(events.Done)[0].played_seconds == 3.0
        place = await one.keeping.position(one.torrent.file(2))
        assert place is not None
        assert place.seconds == 103.0

        one.said.clear()
        again = asyncio.ensure_future(one.play(Player(), player=DEVICE))
        await one.until(events.Player)
        assert television.shows[1].start == 103.0
        television.tell(Status("ended"))
        assert await asyncio.wait_for(again, 10) == 0

        television.busy = True
        with pytest.raises(PlayerError) as caught:
            await one.play(Player(), player=DEVICE)
        assert (caught.value.kind, caught.value.exit_code) == ("device_busy", 6)
        assert one.names()[-1] == "done"


async def test_who_gives_up_before_the_device_has_begun_leaves_it_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, television: Television
) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        television.may_load.clear()
        playing = asyncio.ensure_future(one.play(Player(), player=DEVICE))
        await asyncio.wait_for(television.asked.wait(), 10)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        await asyncio.wait_for(television.closed.wait(), 10)
        assert (television.did, television.shows) == (["stop", "close"], [])


async def test_a_film_that_is_taken_off_the_device_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, television: Television
) -> None:
    """By whoever speaks to the server; and what goes wrong on the device is told."""
    async with world(tmp_path, monkeypatch, FAST) as one:
        playing = asyncio.ensure_future(one.play(Player(), player=DEVICE))
        await one.until(events.Player, lambda note: note.state == "playing")
        async with aiohttp.ClientSession() as client, client.get(f"{one.server.base_url}api/v1/cast") as reply:
            (cast,) = (await reply.json())["casts"]
            async with client.delete(f"{one.server.base_url}api/v1/cast/{cast['id']}") as gone:
                assert gone.status == 204
        assert await asyncio.wait_for(playing, 10) == 0

        one.said.clear()
        playing = asyncio.ensure_future(one.play(Player(), player=DEVICE))
        await one.until(events.Player, lambda note: note.state == "playing")
        television.tell(Status("failed", detail="TV does not answer any more", kind="device_gone"))
        with pytest.raises(PlayerError, match=r"TV does not answer any more\.") as caught:
            await asyncio.wait_for(playing, 10)
        assert caught.value.kind == "device_gone"


async def test_what_does_nothing_here_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path, monkeypatch, FAST) as one:
        await one.play(Player(), flags=("port", "down_limit", "file", "timeout"), port=9, down_limit=5)
        (warning,) = one.notes(events.Warning)
        assert warning.message == f"--port, --down-limit do nothing here: the server at {one.present.url} streams this."
        await one.play(Player(), flags=("eager",))
        assert one.notes(events.Warning)[0].message.startswith("--eager does nothing here")


def test_traffic_goes_the_way_that_was_asked_for_or_not_at_all() -> None:
    tunnel = Settings(interface="tun0", proxy="socks5://u:secret@h:1", dht=False, blocklist="a.txt")
    check(Present(1, "", network=tunnel.network), tunnel)
    check(Present(1, "", network=tunnel.network), Settings())
    assert Settings().network == {}
    assert "secret" not in str(tunnel.network)
    for wish, flags in (
        (tunnel, "--interface, --proxy, --blocklist, --no-dht"),
        (Settings(interface="tun1"), "--interface"),
        (Settings(dht=False), "--no-dht"),
    ):
        with pytest.raises(EngineError, match=f"not started with the same {flags}\\.") as caught:
            check(Present(1, "", network=Settings(interface="tun0").network if wish is not tunnel else {}), wish)
        assert (caught.value.kind, caught.value.exit_code) == ("in_use", 5)


async def test_a_server_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[events.Note] = []
    with pytest.raises(HeadraceError, match="does not answer"):
        await Handover(Present(1, "http://127.0.0.1:1"), Settings(player="none"), MAGNET, said.append).run()
    assert [note.event for note in said] == ["starting", "done"]
