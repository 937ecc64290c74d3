from __future__ import annotations

from pathlib import Path

import pytest
from bench import dht, tracker
from bench.lab import LabFailed, mounts_in, torrent_for
from bench.media import File, Torrent, write_index
from bench.model import Peers, Scenario
from bench.paths import Places

HASH = "ab" * 20
TORRENT = Torrent(
    "key", Path("/t/key.torrent"), f"magnet:?xt=urn:btih:{HASH}&tr=udp%3a%2f%2fx", HASH, None,
    (File("film", 100),), 0, 16, 7, 9.0, Path("/m"),
)  # fmt: skip


def test_a_lab_that_is_not_set_up_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LabFailed, match="bench-setup"):
        torrent_for(Scenario("X", "x", "key", (Peers(1, 8),)), Places(tmp_path))


def test_where_there_is_no_tracker_the_magnet_link_names_none(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.torrents.mkdir()
    write_index(places, {"key": TORRENT})
    assert torrent_for(Scenario("X", "x", "key", (Peers(1, 8),)), places) == TORRENT
    bare = torrent_for(Scenario("X", "x", "key", (Peers(1, 8),), tracker=False), places)
    assert bare.magnet == f"magnet:?xt=urn:btih:{HASH}"


def test_mounts_are_removed_from_the_inside() -> None:
    lines = ("fuse /runs/7/client/mnt fuse rw", "tmpfs /runs/7/client/mnt/a\\040b tmpfs rw", "fuse /runs/70/x fuse rw")
    table = "".join(f"{line} 0 0\n" for line in lines)
    assert mounts_in(Path("/runs/7"), table) == ["/runs/7/client/mnt/a b", "/runs/7/client/mnt"]


def test_the_tracker_knows_both_hashes_of_a_hybrid() -> None:
    assert tracker.listed(TORRENT) == f"{HASH}\n"
    both = Torrent(**{name: getattr(TORRENT, name) for name in TORRENT.__slots__} | {"infohash_v2": "cd" * 32})
    assert tracker.listed(both) == f"{HASH}\n{'cd' * 20}\n"
    assert "tracker.rootdir /p/tracker\n" in tracker.configuration(Path("/p/tracker"))


def test_clients_find_the_dht_by_the_names_that_they_know() -> None:
    text = dht.hosts_file([f"198.18.{100 + number}.1" for number in range(20)])
    assert "198.18.100.1 dht.libtorrent.org\n" in text
    assert text.count("\n") == 1 + len(dht.ROUTERS)
