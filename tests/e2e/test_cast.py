"""``headrace play -p cast``: a film of a local swarm on a Chromecast that really fetches it."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from kit.command import Headrace, events, plain
from kit.films import SECONDS
from kit.waiting import eventually

from headrace.testing.fake_cast import FakeCast
from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024


@pytest.fixture
async def swarm(films: dict[str, Path], tmp_path: Path) -> AsyncIterator[LocalSwarm]:
    """A film with subtitles beside it."""
    folder = tmp_path / "Film"
    folder.mkdir()
    (folder / "Film.mp4").write_bytes(films["first.mp4"].read_bytes())
    (folder / "Film.en.srt").write_text("1\n00:00:00,000 --> 00:00:59,000\nHello\n")
    async with LocalSwarm(folder, rate=2_000_000, piece_length=PIECE) as made:
        yield made


def play(data: Path, chromecast: FakeCast, *more: str) -> tuple[str, ...]:
    return ("play", "--json", "--port", "0", "--dir", str(data), "--player", f"cast:{chromecast.address}", *more)


async def test_a_film_is_cast_to_its_end(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace
) -> None:
    ended = await headrace.run(*play(data, chromecast, "--start", str(SECONDS - 4)), swarm.magnet)
    assert ended.code == 0, ended
    states = [event["state"] for event in events(ended) if event["event"] == "player"]
    assert (states[0], states[-1]) == ("starting", "ended")
    assert "playing" in states
    (load,) = chromecast.loads
    assert load["media"]["streamType"] == "BUFFERED"
    assert load["media"]["contentType"] == "video/mp4"
    assert load["currentTime"] == SECONDS - 4
    (track,) = load["media"]["tracks"]
    assert track["trackContentId"].endswith(".vtt")
    assert (track["language"], load["activeTrackIds"]) == ("en", [1])
    assert not [event for event in events(ended) if event["event"] == "warning"]


async def test_it_goes_on_where_the_chromecast_was(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace
) -> None:
    command = await headrace.start(*play(data, chromecast, "--start", "30"), swarm.magnet)
    await command.events.until(lambda event: event["event"] == "progress" and (event["position"] or 0) > 31)
    command.signal(signal.SIGINT)
    assert (await command.end(20)).code == 130
    assert chromecast.idle, "Ctrl-C stops the device"
    command = await headrace.start(*play(data, chromecast), swarm.magnet)
    going_on = await command.event("going_on")
    assert going_on["position"] == pytest.approx(31, abs=2)
    await command.event("player", state="playing")
    assert chromecast.loads[-1]["currentTime"] == pytest.approx(going_on["position"], abs=0.1)
    command.signal(signal.SIGINT)
    assert (await command.end(20)).code == 130


async def test_what_a_chromecast_cannot_play_is_sent_as_hls(
    chromecast: FakeCast, films: dict[str, Path], data: Path, headrace: Headrace, tmp_path: Path
) -> None:
    own = tmp_path / "mine.srt"
    own.write_text("1\n00:00:00,000 --> 00:00:59,000\nMine\n")
    async with LocalSwarm(films["film.mkv"], rate=2_000_000, piece_length=PIECE) as swarm:
        command = await headrace.start(*play(data, chromecast, "--subtitles", str(own)), swarm.magnet)
        told = await command.event("warning", kind="casting")
        assert told["message"] == "Sent as HLS: Chromecasts do not play Matroska."
        await command.events.until(lambda event: event["event"] == "progress" and (event["position"] or 0) > 1)
        command.signal(signal.SIGINT)
        assert (await command.end(20)).code == 130
    (load,) = chromecast.loads
    assert load["media"]["contentType"] == "application/x-mpegURL"
    assert load["media"]["hlsVideoSegmentFormat"] == "fmp4"
    assert "/subtitles/lent/" in load["media"]["tracks"][0]["trackContentId"]


async def test_a_device_that_vanishes_ends_it(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace
) -> None:
    command = await headrace.start(*play(data, chromecast), swarm.magnet)
    await command.event("player", state="playing")
    await chromecast.vanish()
    ended = await command.end(40)
    plain(ended, 6, "does not answer any more")
    assert events(ended)[-1]["kind"] == "device_gone"


async def test_somebody_else_takes_the_device(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace
) -> None:
    command = await headrace.start(*play(data, chromecast), swarm.magnet)
    await command.event("player", state="playing")
    await chromecast.launch_other()
    assert (await command.end(20)).code == 0
    assert not chromecast.idle, "and keeps it"


async def test_a_device_that_is_busy_is_told(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace
) -> None:
    chromecast.busy = True
    plain(await headrace.run(*play(data, chromecast), swarm.magnet), 6, "busy", "not allowed")


async def test_media_that_the_device_refuses(
    chromecast: FakeCast, data: Path, headrace: Headrace, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"no film at all " * 50_000)
    async with LocalSwarm(film, rate=2_000_000, piece_length=PIECE) as swarm:
        ended = await headrace.run(*play(data, chromecast), swarm.magnet)
    plain(ended, 6, "cannot play this", "--player mpv")


async def test_nobody_at_that_address(swarm: LocalSwarm, data: Path, headrace: Headrace) -> None:
    nobody = ("--player", "cast:127.0.0.1:1", "--port", "0", "--dir", str(data), "--quiet")
    plain(await headrace.run("play", *nobody, swarm.magnet), 6, "127.0.0.1:1", "does not answer", "headrace devices")


@pytest.mark.parametrize(
    ("more", "word"), [(("--all",), "one file at a time"), (("--", "--fullscreen"), "takes no arguments")]
)
async def test_what_a_device_cannot_do_is_refused(
    swarm: LocalSwarm, data: Path, headrace: Headrace, more: tuple[str, ...], word: str
) -> None:
    plain(await headrace.run("play", "-p", "cast:127.0.0.1", "--dir", str(data), swarm.magnet, *more), 6, word)


async def test_a_server_casts(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    """Begun, heard by events, steered and ended over the API; the position is kept."""
    command = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(data))
    api = (await command.event("serving"))["url"] + "api/v1"
    async with client.post(f"{api}/torrents", json={"source": swarm.magnet}) as reply:
        assert reply.status == 201
    files = f"{api}/torrents/{swarm.info_hash}/files"

    async def known() -> bool:
        async with client.get(files) as reply:
            return bool((await reply.json())["files"])

    await eventually(known)
    async with client.get(f"{api}/events") as events:
        wish = {"device": f"cast:{chromecast.address}", "infohash": swarm.info_hash, "start": 30}
        async with client.post(f"{api}/cast", json=wish) as reply:
            assert reply.status == 201, await reply.text()
            begun = await reply.json()
        assert (begun["state"], begun["hls"]) == ("starting", False)
        one = f"{api}/cast/{begun['id']}"
        async for line in events.content:
            told = json.loads(line[6:]) if line.startswith(b"data: ") else {}
            if told.get("event") == "cast" and (told["position"] or 0) > 31:
                break
        assert (told["id"], told["state"], told["kind"]) == (begun["id"], "playing", "chromecast")
        async with client.patch(one, json={"paused": True, "volume": 0.25}) as reply:
            assert reply.status == 200
        async for line in events.content:
            if line.startswith(b"data: ") and json.loads(line[6:]).get("state") == "paused":
                break
    assert chromecast.volume["level"] == 0.25
    async with client.delete(one) as reply:
        assert reply.status == 204
    assert chromecast.idle
    async with client.get(f"{files}/{begun['index']}/position") as reply:
        assert (await reply.json())["seconds"] == pytest.approx(32, abs=2)
    async with client.post(f"{api}/cast", json=wish | {"device": "cast:127.0.0.1:1"}) as reply:
        assert (reply.status, (await reply.json())["error"]["kind"]) == (404, "no_device")
    command.signal(signal.SIGTERM)
    assert (await command.end(10)).code == 0


async def test_beside_a_server_the_server_casts(
    chromecast: FakeCast, swarm: LocalSwarm, data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    """As if ``play`` did it: begun, told, stopped by Ctrl-C, gone on with; what goes wrong ends it."""
    server = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(data))
    url = (await server.event("serving"))["url"]
    device = ("play", "--json", "--dir", str(data), "--player", f"cast:{chromecast.address}")
    command = await headrace.start(*device, "--start", "30", swarm.magnet)
    assert (await command.event("serving"))["url"].startswith(url)
    await command.events.until(lambda event: event["event"] == "progress" and (event["position"] or 0) > 31)
    assert not chromecast.idle
    command.signal(signal.SIGINT)
    ended = await command.end(20)
    assert ended.code == 130, ended
    assert events(ended)[-1]["played_seconds"] > 0
    assert chromecast.idle, "Ctrl-C stops the device"
    async with client.get(f"{url}api/v1/cast") as reply:
        assert (await reply.json())["casts"] == []

    command = await headrace.start(*device, swarm.magnet)
    going_on = await command.event("going_on")
    assert going_on["position"] == pytest.approx(31, abs=2)
    await command.event("player", state="playing")
    assert chromecast.loads[-1]["currentTime"] == pytest.approx(going_on["position"], abs=0.1)
    await chromecast.launch_other()
    assert (await command.end(20)).code == 0
    assert not chromecast.idle, "who took it keeps it"

    chromecast.busy = True
    plain(await headrace.run(*device, swarm.magnet), 6, "busy", "not allowed")
    chromecast.busy = False
    nobody = (*device[:-1], "cast:127.0.0.1:1")
    plain(await headrace.run(*nobody, swarm.magnet), 6, "127.0.0.1:1", "does not answer")

    command = await headrace.start(*device, swarm.magnet)
    await command.event("player", state="playing")
    await chromecast.vanish()
    ended = await command.end(40)
    plain(ended, 6, "does not answer any more")
    assert events(ended)[-1]["kind"] == "device_gone"
