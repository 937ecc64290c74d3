"""Torrents and single seeds, in this process."""

from __future__ import annotations

import base64
from pathlib import Path

import libtorrent as lt
import pytest

from headrace.testing.swarm import Host, SeedSpec, copy_inverted, info_hash_of, magnet_of, make_torrent, own_host

PIECE = 16 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files; the first ends in the middle of the second piece."""
    path = tmp_path / "things"
    path.mkdir()
    (path / "a.bin").write_bytes(bytes(range(256)) * 100)
    (path / "b.bin").write_bytes(b"b" * 70_000)
    return path


@pytest.mark.parametrize(
    ("version", "v1", "v2", "digits"), [("v1", True, False, 40), ("v2", False, True, 64), ("hybrid", True, True, 40)]
)
def test_versions(folder: Path, version: str, v1: bool, v2: bool, digits: int) -> None:
    torrent = make_torrent(folder, piece_length=PIECE, version=version)
    info = lt.load_torrent_buffer(torrent).ti
    assert (info.info_hashes().has_v1(), info.info_hashes().has_v2()) == (v1, v2)
    assert info.piece_length() == PIECE
    assert len(info_hash_of(torrent)) == digits


def test_options_are_in_the_torrent(folder: Path) -> None:
    trackers = ["http://127.0.0.1:1/announce", "udp://127.0.0.1:2"]
    torrent = make_torrent(folder, trackers=trackers, web_seeds=["http://127.0.0.1:3/"], private=True)
    params = lt.load_torrent_buffer(torrent)
    assert params.trackers == trackers
    assert params.tracker_tiers == [0, 1]
    assert params.url_seeds == ["http://127.0.0.1:3/"]
    assert params.ti.priv()


def test_nothing_to_share(tmp_path: Path) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        make_torrent(tmp_path)


def test_magnet_names_peers(folder: Path) -> None:
    torrent = make_torrent(folder, trackers=["http://127.0.0.1:1/announce"])
    params = lt.parse_magnet_uri(magnet_of(torrent, [("127.0.0.2", 1234), ("127.0.0.3", 99)]))
    assert params.peers == [("127.0.0.2", 1234), ("127.0.0.3", 99)]
    assert params.name == "things"
    assert params.trackers == ["http://127.0.0.1:1/announce"]
    assert str(params.info_hashes.v1) == info_hash_of(torrent)


def test_inverted_pieces_across_a_file_border(folder: Path, tmp_path: Path) -> None:
    info = lt.load_torrent_buffer(make_torrent(folder, piece_length=PIECE)).ti
    target = tmp_path / "copy"
    target.mkdir()
    copy_inverted(folder, target, info, [1])
    names = ("a.bin", "b.bin")
    right = b"".join((folder / name).read_bytes() for name in names)
    got = b"".join((target / "things" / name).read_bytes() for name in names)
    assert got[:PIECE] == right[:PIECE]
    assert got[PIECE : 2 * PIECE] == bytes(byte ^ 0xFF for byte in right[PIECE : 2 * PIECE])
    assert got[2 * PIECE :] == right[2 * PIECE :]


def test_seeds_have_addresses_of_their_own() -> None:
    hosts = [own_host(number) for number in (0, 1, 251)]
    assert len(set(hosts)) == 3 or set(hosts) == {"127.0.0.1"}


def ask(host: Host, do: str, **options: object) -> dict[str, object]:
    return host.answer({"do": do, **options})


def test_commands(folder: Path) -> None:
    host = Host()
    try:
        opened = ask(host, "open", path=str(folder), torrent="", piece_length=PIECE, version="v1")
        assert opened["info_hash"] == info_hash_of(base64.b64decode(str(opened["torrent"])))
        added = ask(host, "add", rate=0, have=1.0, corrupt=[], slots=4)
        assert added["seed"] == 0
        assert added["port"]
        assert ask(host, "stop", seed=0) == {}
        assert ask(host, "stats") == {"seeds": [{"running": False, "peers": 0, "uploaded": 0}]}
        assert ask(host, "start", seed=0) == {}
        assert ask(host, "rate", seed=0, rate=1000) == {}
        assert ask(host, "stats") == {"seeds": [{"running": True, "peers": 0, "uploaded": 0}]}
    finally:
        host.close()


@pytest.mark.parametrize("command", [{"do": "jump"}, {"do": "start", "seed": 7}, {"do": "add"}, {"do": "open"}])
def test_bad_commands_are_answered(command: dict[str, object]) -> None:
    assert "error" in Host().answer(command)


def test_defaults() -> None:
    assert SeedSpec() == SeedSpec(rate=0, have=1.0, corrupt=(), slots=100)
