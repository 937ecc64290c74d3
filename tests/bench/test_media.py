from __future__ import annotations

import os
from pathlib import Path

import libtorrent as lt
import pytest
from bench import media
from bench.media import File, Recipe, Torrent, make_extras, make_torrent, read_index, without_trackers, write_index
from bench.model import read_scenarios
from bench.paths import Places

TORRENT = Torrent(
    "multi", Path("/t/multi.torrent"), "magnet:?xt=urn:btih:00", "00" * 20, None,
    (File("m/a", 10), File("m/film", 100)), 1, 16, 7, 1200.5, Path("/m"),
)  # fmt: skip


def test_every_torrent_of_the_scenarios_is_made() -> None:
    assert {scenario.torrent for scenario in read_scenarios().values()} <= media.RECIPES.keys()


def test_the_index_is_read_as_it_was_written(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.torrents.mkdir()
    write_index(places, {"multi": TORRENT})
    assert read_index(places) == {"multi": TORRENT}


def test_where_the_film_is() -> None:
    assert (TORRENT.film, TORRENT.film_offset, TORRENT.size) == (Path("/m/m/film"), 10, 110)


@pytest.mark.parametrize(
    ("magnet", "bare"),
    [
        ("magnet:?xt=urn:btih:ab&dn=a%26tr=b.mp4&tr=udp%3a%2f%2fx", "magnet:?xt=urn:btih:ab&dn=a%26tr=b.mp4"),
        ("magnet:?xt=urn:btih:ab&tr=udp%3a%2f%2fx&tr=udp%3a%2f%2fy&dn=a", "magnet:?xt=urn:btih:ab&dn=a"),
        ("magnet:?xt=urn:btih:ab", "magnet:?xt=urn:btih:ab"),
    ],
)
def test_a_magnet_link_without_trackers(magnet: str, bare: str) -> None:
    assert without_trackers(magnet) == bare


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Media of a few bytes, so that nothing is encoded."""
    monkeypatch.setattr(media, "duration_of", lambda path: 1200.0)
    places = Places(tmp_path)
    places.media.mkdir()
    places.torrents.mkdir()
    (places.media / "index-last.mp4").write_bytes(os.urandom(12_000_000))
    return places


@pytest.mark.parametrize(
    ("flags", "v1", "v2"), [(lt.create_torrent.v1_only, 1, 0), (0, 1, 1), (lt.create_torrent.v2_only, 0, 1)]
)
def test_versions_of_torrents(small: Places, flags: int, v1: int, v2: int) -> None:
    torrent = make_torrent(small, "key", Recipe("index-last.mp4", media.MIB, flags))
    assert ("xt=urn:btih:" in torrent.magnet, "xt=urn:btmh:" in torrent.magnet) == (bool(v1), bool(v2))
    assert "dn=index-last.mp4" in torrent.magnet
    assert (torrent.infohash_v2 is not None) == bool(v2)
    assert (len(torrent.infohash), torrent.pieces, torrent.files) == (40, 12, (File("index-last.mp4", 12_000_000),))


def test_the_film_among_other_files(small: Places) -> None:
    folder = small.media / "multi"
    make_extras(folder, small.media / "index-last.mp4")
    make_extras(folder, small.media / "index-last.mp4")  # what is there is kept
    torrent = make_torrent(small, "multi-1m", Recipe("multi", media.MIB, lt.create_torrent.v1_only))
    assert torrent.files[torrent.video].path == f"multi/{media.FILM}"
    assert torrent.film.samefile(small.media / "index-last.mp4")
    assert torrent.film_offset == sum(media.EXTRAS.values())
    assert torrent.film_offset % media.MIB  # the film begins inside a piece
