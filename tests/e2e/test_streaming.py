"""ffmpeg and mpv start and seek in films that are still on their way."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from kit.films import picture, seconds_of
from kit.mpv import mpv
from kit.stack import Stack, stack

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

KIB, MIB = 1024, 1024**2
SEEKS = (0.8, 0.25, 0.5)
"""Shares of the film; 80 % first, since what lies before it arrives anyway while the film is watched."""


class Case(NamedTuple):
    player: str
    film: str
    piece_length: int
    version: str
    rate: int = 400_000
    """Of each of four seeds, bytes a second: 15 MB take ten seconds."""

    def __str__(self) -> str:
        return f"{self.player}-{self.film}-{self.piece_length // KIB}K-{self.version}"


CASES = (
    Case("ffmpeg", "first.mp4", 256 * KIB, "v1"),
    Case("ffmpeg", "last.mp4", 256 * KIB, "v2"),
    Case("ffmpeg", "film.mkv", 1 * MIB, "hybrid"),
    Case("ffmpeg", "long.mkv", 8 * MIB, "v1", 1_200_000),
    Case("mpv", "first.mp4", 1 * MIB, "v2"),
    Case("mpv", "last.mp4", 1 * MIB, "v1"),
    Case("mpv", "film.mkv", 256 * KIB, "hybrid"),
    Case("mpv", "long.mp4", 8 * MIB, "hybrid", 1_200_000),
)


async def ffmpeg_watches(running: Stack, film: Path) -> None:
    for share in (0.0, *SEEKS):
        assert running.share < 1
        seconds = share * seconds_of(film.name)
        assert await picture(running.url(), seconds) == await picture(film, seconds)


async def mpv_watches(running: Stack, film: Path) -> None:
    async with mpv(running.url()) as player:
        assert await player.shown() == pytest.approx(0, abs=0.1)
        for share in SEEKS:
            assert running.share < 1
            seconds = share * seconds_of(film.name)
            assert await player.seek(seconds) == pytest.approx(seconds, abs=0.1)


WATCHES = {"ffmpeg": ffmpeg_watches, "mpv": mpv_watches}


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_players_start_and_seek_before_the_download_is_complete(
    films: dict[str, Path], data: Path, case: Case
) -> None:
    film = films[case.film]
    async with (
        LocalSwarm(film, rate=case.rate, piece_length=case.piece_length, version=case.version) as swarm,  # type: ignore[arg-type]
        stack(swarm.magnet, data) as running,
    ):
        await WATCHES[case.player](running, film)


@pytest.mark.parametrize(("version", "player"), [("v1", "mpv"), ("hybrid", "ffmpeg")])
async def test_a_film_that_begins_in_the_middle_of_a_piece(
    films: dict[str, Path], data: Path, tmp_path: Path, version: str, player: str
) -> None:
    folder = tmp_path / "Film (2024)"
    folder.mkdir()
    (folder / "a.nfo").write_bytes(bytes(700_001))
    (folder / "film.mp4").write_bytes(films["last.mp4"].read_bytes())
    (folder / "z.txt").write_bytes(b"z" * 900_000)
    async with (
        LocalSwarm(folder, rate=400_000, piece_length=MIB, version=version) as swarm,  # type: ignore[arg-type]
        stack(swarm.magnet, data) as running,
    ):
        layout = await running.torrent.metadata(20)
        begins = running.torrent.main_video().entry.offset
        assert (begins % layout.piece_length != 0) == (version == "v1")  # hybrid torrents align files by padding
        await WATCHES[player](running, folder / "film.mp4")
        for seed in range(4):
            await swarm.set_rate(seed, 0)
        await running.complete()
