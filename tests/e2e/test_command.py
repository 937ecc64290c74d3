"""The ``headrace`` command as its users meet it: exit codes, files, downloads."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from kit.command import Headrace, events, plain
from kit.films import sha256
from kit.stack import sha256_of

from headrace.testing.local_swarm import LocalSwarm
from headrace.testing.swarm import make_torrent

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
SOME_MORE = 8 * PIECE
"""Bytes that may come beyond those that are needed: pieces reach into other files, and towards the end some blocks are
asked of two peers."""
NOBODY = "magnet:?xt=urn:btih:" + "12" * 20


@pytest.fixture
def show(tmp_path: Path, films: dict[str, Path]) -> Path:
    """A folder with two episodes, subtitles and small things; nothing begins at a piece's border."""
    folder = tmp_path / "Show S01"
    (folder / "Subs").mkdir(parents=True)
    (folder / "Show.S01E01.mkv").write_bytes(films["film.mkv"].read_bytes())
    (folder / "Show.S01E02.mp4").write_bytes(films["first.mp4"].read_bytes())
    (folder / "Show.S01E01.en.srt").write_text("1\n00:00:00,000 --> 00:00:59,000\nHello\n")
    (folder / "Subs" / "Show.S01E01.de.srt").write_text("1\n00:00:00,000 --> 00:00:59,000\nHallo\n")
    (folder / "read me.txt").write_bytes(b"r" * 100_001)
    return folder


def torrent_file(folder: Path, content: Path) -> str:
    path = folder / "made.torrent"
    path.write_bytes(make_torrent(content, piece_length=PIECE))
    return str(path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("magnet:?dn=nothing", ("magnet",)),
        ("magnet:?xt=urn:btih:xyz", ("magnet",)),
        ("/nowhere/there.torrent", ("no file",)),
        ("{torn}", ("torn.torrent",)),
        ("{html}", ("web page",)),
    ],
)
async def test_bad_sources(headrace: Headrace, tmp_path: Path, source: str, words: tuple[str, ...]) -> None:
    (tmp_path / "film.bin").write_bytes(bytes(100_000))
    (tmp_path / "torn.torrent").write_bytes(make_torrent(tmp_path / "film.bin")[:-20])
    (tmp_path / "page.torrent").write_text("<!doctype html><p>Not here</p>")
    source = source.format(torn=tmp_path / "torn.torrent", html=tmp_path / "page.torrent")
    for verb in ("play", "files", "download"):
        plain(await headrace.run(verb, source), 3, *words)


async def test_a_file_that_is_not_in_the_torrent(headrace: Headrace, tmp_path: Path, show: Path) -> None:
    source = torrent_file(tmp_path, show)
    plain(await headrace.run("download", "--quiet", "--file", "S09E09", source), 3, "S09E09")
    plain(await headrace.run("play", "--quiet", "--player", "none", "--file", "77", source), 3, "77")


async def test_a_torrent_without_anything_to_play_says_what_there_is(
    headrace: Headrace, tmp_path: Path, data: Path
) -> None:
    folder = tmp_path / "Books"
    folder.mkdir()
    (folder / "one.pdf").write_bytes(b"1" * 50_000)
    (folder / "two.epub").write_bytes(b"2" * 70_000)
    source = torrent_file(tmp_path, folder)
    ended = await headrace.run("play", "--quiet", "--player", "none", "--dir", str(data), source)
    plain(ended, 3, "one.pdf", "two.epub")


async def test_nobody_answers(headrace: Headrace, tmp_path: Path, data: Path, films: dict[str, Path]) -> None:
    plain(await headrace.run("files", "--timeout", "1", NOBODY), 4)
    plain(await headrace.run("play", "--quiet", "--player", "none", "--timeout", "1", "--dir", str(data), NOBODY), 4)
    source = torrent_file(tmp_path, films["film.mkv"])
    plain(await headrace.run("download", "--quiet", "--timeout", "2", "--dir", str(data), source), 4, "peer")


async def test_a_port_that_is_taken(headrace: Headrace, tmp_path: Path, data: Path, films: dict[str, Path]) -> None:
    source = torrent_file(tmp_path, films["film.mkv"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await headrace.run("play", "--quiet", "--player", "none", "--port", port, "--dir", str(data), source)
    plain(ended, 5, port)


@pytest.mark.parametrize("verb", ["play", "download"])
async def test_a_folder_that_cannot_be_written(
    headrace: Headrace, tmp_path: Path, films: dict[str, Path], verb: str
) -> None:
    source = torrent_file(tmp_path, films["film.mkv"])
    player = ["--player", "none"] if verb == "play" else []
    plain(await headrace.run(verb, "--quiet", *player, "--dir", "/proc/headrace", source), 5, "/proc/headrace")


async def test_a_player_that_nobody_knows(headrace: Headrace, tmp_path: Path, films: dict[str, Path]) -> None:
    source = torrent_file(tmp_path, films["film.mkv"])
    plain(await headrace.run("play", "--player", "winamp", source), 6, "winamp")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_while_it_waits_and_while_it_serves(
    headrace: Headrace, data: Path, films: dict[str, Path], number: signal.Signals
) -> None:
    waits = await headrace.start("download", "--json", "--dir", str(data), NOBODY)
    await waits.event("starting")
    waits.signal(number)
    plain(await waits.end(10), 130, "Interrupted")
    async with LocalSwarm(films["film.mkv"], rate=500_000) as swarm:
        for moment in ("serving", "metadata", "ready"):
            serves = await headrace.start("play", "--player", "none", "--json", "--port", "0", swarm.magnet)
            await serves.event(moment)
            serves.signal(number)
            ended = await serves.end(10)
            plain(ended, 130, "Interrupted")
            assert events(ended)[-1]["event"] == "done"


async def test_terminated_at_any_moment_it_ends_in_order(headrace: Headrace) -> None:
    """Also before there is an event loop; which moment that is depends on the machine."""
    for moment in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
        command = await headrace.start("download", "--timeout", "20", NOBODY)
        await asyncio.sleep(moment)
        command.signal(signal.SIGTERM)
        ended = await command.end(10)
        # by a signal: before Python runs our first line, or where it takes our KeyboardInterrupt for unhandled
        assert ended.code in (130, -signal.SIGTERM, -signal.SIGINT)
        assert "Traceback" not in ended.err


async def test_files(headrace: Headrace, show: Path) -> None:
    async with LocalSwarm(show, piece_length=PIECE) as swarm:
        listed = await headrace.run("files", swarm.magnet)
        found = await headrace.run("files", "--json", swarm.magnet)
        uploaded = sum(seed["uploaded"] for seed in await swarm.stats())
    assert (listed.code, found.code) == (0, 0)
    assert "Show.S01E02.mp4" in listed.out
    described = json.loads(found.out)
    assert described["infohash"] == swarm.info_hash
    assert {(file["path"], file["size"]) for file in described["files"]} == {
        (f"Show S01/{path.relative_to(show)}", path.stat().st_size) for path in show.rglob("*") if path.is_file()
    }
    assert uploaded == 0, "metadata only"


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
async def test_download_of_one_file_leaves_that_file_alone(
    headrace: Headrace, show: Path, data: Path, version: str
) -> None:
    async with LocalSwarm(show, piece_length=PIECE, version=version) as swarm:  # type: ignore[arg-type]
        ended = await headrace.run("download", "--json", "--dir", str(data), "-f", "S01E02", swarm.magnet)
        assert ended.code == 0, ended
        assert [path.name for path in data.rglob("*") if path.is_file()] == ["Show.S01E02.mp4"]
        fetched = data / "Show S01" / "Show.S01E02.mp4"
        assert sha256(fetched) == sha256(show / "Show.S01E02.mp4")
        told = events(ended)
        assert [event["event"] for event in told][:3] == ["starting", "metadata", "selected"]
        size = fetched.stat().st_size
        assert size <= told[-1]["downloaded"] <= size + SOME_MORE

        rest = await headrace.run("download", "--json", "--dir", str(data), "--all", swarm.magnet)
        assert rest.code == 0, rest
        for path in show.rglob("*"):
            if path.is_file():
                assert sha256(data / "Show S01" / path.relative_to(show)) == sha256(path), path
        total = sum(path.stat().st_size for path in show.rglob("*") if path.is_file())
        assert events(rest)[-1]["downloaded"] <= total - size + SOME_MORE, "what was there is kept"
        assert not list(data.rglob("*.parts"))


async def test_a_download_that_is_done_needs_nobody(headrace: Headrace, films: dict[str, Path], data: Path) -> None:
    async with LocalSwarm(films["film.mkv"], piece_length=PIECE) as swarm:
        assert (await headrace.run("download", "--quiet", "--dir", str(data), swarm.magnet)).code == 0
    ended = await headrace.run("download", "--json", "--timeout", "3", "--dir", str(data), swarm.bare_magnet)
    assert ended.code == 0, ended
    assert events(ended)[-1]["downloaded"] == 0


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Path]:
    """A folder with room for six megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    await run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder))
    yield folder
    await run("umount", "--lazy", str(folder))


async def run(*argv: str) -> None:
    process = await asyncio.create_subprocess_exec(*argv)
    assert await process.wait() == 0, argv


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_a_full_disk_ends_a_download(headrace: Headrace, films: dict[str, Path], small: Path) -> None:
    async with LocalSwarm(films["film.mkv"], piece_length=PIECE) as swarm:
        ended = await headrace.run("download", "--quiet", "--dir", str(small), swarm.magnet)
    plain(ended, 5, "space", "--dir")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_a_full_disk_makes_a_stream_wait_until_there_is_room(
    headrace: Headrace, films: dict[str, Path], small: Path, client: aiohttp.ClientSession
) -> None:
    film = films["film.mkv"]
    async with LocalSwarm(film, piece_length=PIECE) as swarm:
        command = await headrace.start(
            *("play", "--player", "none", "--json", "--port", "0", "--dir", str(small), swarm.magnet)
        )
        url = (await command.event("serving"))["url"]
        body = asyncio.create_task(sha256_of(url, client))
        await command.event("waiting", reason="disk")
        await run("mount", "-o", "remount,size=60m", str(small))
        assert await body == sha256(film)
        await command.event("resumed")
        command.signal(signal.SIGINT)
        await command.end(10)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_on_a_full_disk_what_was_watched_longest_ago_makes_room(
    headrace: Headrace, films: dict[str, Path], small: Path, client: aiohttp.ClientSession
) -> None:
    film = films["film.mkv"]
    old = small / ("0a" * 20)
    old.mkdir()
    (old / "old.mkv").write_bytes(os.urandom(4 << 20))
    await run("mount", "-o", f"remount,size={(film.stat().st_size >> 20) + 3}m", str(small))
    async with LocalSwarm(film, piece_length=PIECE) as swarm:
        command = await headrace.start(
            *("play", "--player", "none", "--json", "--port", "0", "--quota", "none", "--dir", str(small), swarm.magnet)
        )
        assert await sha256_of((await command.event("serving"))["url"], client) == sha256(film)
        await command.event("warning", kind="evicted")
        assert not old.exists()
        command.signal(signal.SIGINT)
        await command.end(10)
