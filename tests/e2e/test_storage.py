"""What a run leaves for the next one: positions, after a kill too; and what it must not leave."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from pathlib import Path

import aiohttp
import pytest
from kit.command import Command, Headrace, plain
from kit.waiting import eventually

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
MPV = ("play", "--player", "mpv", "--json", "--port", "0")
NONE = ("play", "--player", "none", "--json", "--port", "0")
QUIET = ("--", "--no-config", "--vo=null", "--ao=null")


async def first_position(command: Command) -> float:
    event = await command.events.until(lambda event: event["event"] == "progress" and event["position"] is not None)
    return float(event["position"])


async def stop(command: Command) -> None:
    command.signal(signal.SIGINT)
    await command.end(20)


async def test_a_film_goes_on_where_it_was_stopped(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with LocalSwarm(films["first.mp4"], rate=2_000_000, piece_length=PIECE) as swarm:
        where = ("--dir", str(data), swarm.magnet)
        killed = await headrace.start(*MPV, "--start", "20", *where, *QUIET)
        await killed.events.until(lambda event: (event.get("position") or 0) >= 26)
        await killed.kill()

        interrupted = await headrace.start(*MPV, *where, *QUIET)
        assert 24 <= await first_position(interrupted) < 30
        await stop(interrupted)

        anew = await headrace.start(*MPV, "--no-resume", *where, *QUIET)
        assert await first_position(anew) < 3
        await stop(anew)


async def not_to_be_kept(data: Path, info_hash: str) -> bool:
    """Whether the library says so; it is made while the film starts."""
    place, found = data / ".headrace" / "library.db", "SELECT 1 FROM torrents WHERE info_hash = ? AND NOT keep"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as library:
            return bool(library.execute(found, [info_hash]).fetchall())
    except sqlite3.OperationalError:
        return False


async def test_what_a_killed_run_was_not_to_keep_goes_at_the_next_start(
    films: dict[str, Path], data: Path, headrace: Headrace
) -> None:
    async with (
        LocalSwarm(films["first.mp4"], rate=2_000_000, piece_length=PIECE) as one,
        LocalSwarm(films["film.mkv"], rate=2_000_000, piece_length=PIECE) as other,
    ):
        killed = await headrace.start(*NONE, "--no-keep", "--dir", str(data), one.magnet)
        await killed.event("ready")
        await eventually(lambda: not_to_be_kept(data, one.info_hash))  # of what comes before, only the quota knows
        await killed.kill()
        assert (data / one.info_hash).exists()

        command = await headrace.start(*NONE, "--dir", str(data), other.magnet)
        await command.event("ready")

        async def gone() -> bool:
            return not (data / one.info_hash).exists()

        await eventually(gone)
        assert not list((data / ".headrace").glob(f"{one.info_hash}*"))
        await stop(command)
        assert (data / other.info_hash).exists()


async def test_the_quota_holds_while_data_arrives(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with (
        LocalSwarm(films["first.mp4"], rate=2_000_000, piece_length=PIECE) as one,
        LocalSwarm(films["film.mkv"], rate=2_000_000, piece_length=PIECE) as other,
    ):
        first = await headrace.start(*NONE, "--dir", str(data), one.magnet)
        await first.event("ready")
        await stop(first)
        second = await headrace.start(*NONE, "--dir", str(data), "--quota", "1", other.magnet)
        warning = await second.event("warning", kind="evicted")
        assert "first.mp4" in warning["message"]
        await second.event("ready")
        await stop(second)
        assert not (data / one.info_hash).exists()
        assert (data / other.info_hash).exists()

        again = await headrace.start(*NONE, "--dir", str(data), one.bare_magnet)  # without a peer: it is remembered
        assert (await again.event("metadata"))["name"] == "first.mp4"
        await stop(again)


async def test_a_server_that_has_the_torrent_is_named_and_its_data_stays(
    films: dict[str, Path], data: Path, headrace: Headrace, client: aiohttp.ClientSession
) -> None:
    async with LocalSwarm(films["first.mp4"], rate=2_000_000, piece_length=PIECE) as swarm:
        server = await headrace.start("serve", "--json", "--port", "0", "--dir", str(data))
        url = (await server.event("serving"))["url"]
        async with client.post(f"{url}api/v1/torrents", json={"source": swarm.magnet}) as reply:
            assert reply.status == 201
        ended = await headrace.run("cache", "rm", swarm.info_hash, "--dir", str(data))
        plain(ended, 5, f"A Headrace server (process {server.process.pid})", url.rstrip("/"))
        second = await headrace.run("serve", "--port", "0", "--dir", str(data))
        assert second.code == 5, second
        assert url.rstrip("/") in second.err
        await stop(server)
