"""``headrace play -p dlna`` and ``devices``: a film of a local swarm on a real renderer, found by multicast."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kit.command import Command, Headrace, events, plain
from kit.seeds import seeds_in
from kit.television import HERE, Room, room

from headrace.testing.swarm import make_torrent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(shutil.which("gmediarender") is None, reason="gmediarender is not installed"),
]

PIECE = 256 * 1024
NAME = "Living Room"


@pytest.fixture
async def living_room(headrace: Headrace, tmp_path: Path) -> AsyncIterator[Room]:
    """A network with one renderer, which is on."""
    async with room() as made:
        await made.switch_on(NAME, tmp_path / "renderer.log")
        headrace.prefix = made.prefix
        yield made


@pytest.fixture
async def source(living_room: Room, films: dict[str, Path], tmp_path: Path) -> AsyncIterator[tuple[str, ...]]:
    """A film with subtitles and who has it, as arguments."""
    folder = tmp_path / "Film"
    folder.mkdir()
    (folder / "Film.mkv").write_bytes(films["film.mkv"].read_bytes())
    (folder / "Film.en.srt").write_text("1\n00:00:00,000 --> 00:00:59,000\nHello\n")
    torrent = tmp_path / "made.torrent"
    torrent.write_bytes(make_torrent(folder, piece_length=PIECE))
    async with seeds_in(living_room.here, torrent, tmp_path, "127.0.0.1") as (address,):
        yield ("--json", "--port", "0", "--peer", address, str(torrent))


async def at(command: Command, low: float, high: float, after: float = 0) -> float:
    """Wait until the film is there; when that was."""
    told = await command.events.until(
        lambda e: e["event"] == "progress" and e["t"] >= after and low <= (e["position"] or 0) <= high, within=40
    )
    return float(told["t"])


async def plays_until_stopped(command: Command) -> None:
    """From second 20 on, until Ctrl-C."""
    first = await at(command, 19, 26)
    await at(command, 21, 30, after=first + 1.5)
    command.signal(signal.SIGINT)
    ended = await command.end(20)
    assert ended.code == 130, ended
    assert events(ended)[-1]["played_seconds"] > 1


async def test_devices_lists_it(living_room: Room, headrace: Headrace) -> None:
    ended = await headrace.run("devices", "--json")
    assert ended.code == 0, ended
    (device,) = json.loads(ended.out)["devices"]
    assert (device["name"], device["kind"], device["model"]) == (NAME, "dlna", "gmediarender")
    assert device["address"].startswith("10.202.1.2:")
    assert device["id"].startswith("uuid:")


async def test_a_film_plays_on_a_television(
    living_room: Room, headrace: Headrace, data: Path, source: tuple[str, ...]
) -> None:
    """Found by part of its name; started in the middle; its position is told and kept; Ctrl-C stops it."""
    command = await headrace.start("play", "--dir", str(data), "-p", "dlna:living", "--start", "20", *source)
    serving = await command.event("serving")
    assert serving["url"].startswith(f"http://{HERE}:")
    assert "token=" in serving["url"], "in the network only against a token"
    told = await command.event("warning", kind="casting")
    assert HERE in told["message"]
    await plays_until_stopped(command)
    command = await headrace.start("play", "--dir", str(data), "-p", "dlna", *source)
    going_on = await command.event("going_on")
    assert going_on["position"] > 20
    await at(command, going_on["position"] - 3, going_on["position"] + 10)
    await living_room.switch_off()
    ended = await command.end(40)
    plain(ended, 6, NAME, "does not answer any more")


async def test_a_server_casts_for_play(
    living_room: Room, headrace: Headrace, data: Path, source: tuple[str, ...]
) -> None:
    """One that the television reaches; one that serves this machine only says how it would."""
    folder = ("--dir", str(data))
    play = ("play", *folder, "-p", "dlna:living", *(word for word in source if word not in ("--port", "0")))
    server = await headrace.start("serve", "--json", "--quiet", "--port", "0", *folder)
    await server.event("serving")
    plain(await headrace.run(*play), 6, "serves this machine only", f"--host {HERE}")
    server.signal(signal.SIGTERM)
    assert (await server.end(10)).code == 0
    server = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--host", HERE, *folder)
    await server.event("serving")
    command = await headrace.start(*play, "--start", "20")
    await plays_until_stopped(command)


async def test_names_that_nobody_has(
    living_room: Room, headrace: Headrace, data: Path, source: tuple[str, ...]
) -> None:
    given = ("--dir", str(data), *source)
    plain(await headrace.run("play", "-p", "dlna:Kitchen", *given), 6, "no device 'Kitchen'", f"dlna:{NAME}")
    plain(await headrace.run("play", "-p", "cast", *given), 6, "No Chromecast answered", "cast:ADDRESS")
    nowhere = "dlna:http://10.202.1.2:9/description.xml"
    plain(await headrace.run("play", "-p", nowhere, *given), 6, "does not answer", "headrace devices")
