"""Alerts by hand: the translation looks at names and attributes only. That libtorrent has them is looked at too."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import libtorrent as lt
import pytest

from headrace.core.pieces import BLOCK, Layout
from headrace.engine import base
from headrace.engine.base import Event
from headrace.engine.readiness import Readiness
from headrace.engine.translate import (
    OF_PIECES,
    OF_REMOVED,
    OF_SESSION,
    OF_TORRENT,
    PAD_FILE,
    best_hash,
    layout_of,
    peer_of,
    stats_of,
)
from headrace.testing.metainfo import encode

HASH = "ab" * 20
Told = tuple[int | None, list[Event]]
LAYOUT = Layout("t", 2 * BLOCK, 4 * BLOCK, ())


@dataclass
class Torrent:
    info_hash: str = HASH
    blocks_reported: bool = False
    readiness: Readiness = field(default_factory=Readiness)
    calls: list[str] = field(default_factory=list)

    def request_pieces(self) -> None:
        self.calls.append("request_pieces")

    def files_chosen(self) -> None:
        self.calls.append("files_chosen")


class Error:
    def __init__(self, value: int = 0, message: str = "broken") -> None:
        self._value, self._message = value, message

    def value(self) -> int:
        return self._value

    def message(self) -> str:
        return self._message


@pytest.fixture
def torrent() -> Torrent:
    made = Torrent()
    made.readiness.start(LAYOUT, {})
    return made


def alert(name: str, **attributes: Any) -> Any:
    return type(name, (), attributes)()


def saying(text: str) -> Any:
    return lambda self: text


def of_torrent(torrent: Torrent, name: str, **attributes: Any) -> list[Event]:
    events: list[Event] = []
    OF_TORRENT[name](torrent, alert(name, **attributes), events)
    return events


def of_piece(
    torrent: Torrent, name: str, piece: int, block: int = 0, peer: str = "p"
) -> tuple[int | None, list[Event]]:
    events: list[Event] = []
    made = alert(name, piece_index=piece, block_index=block, endpoint=[peer, 1])
    return OF_PIECES[name](torrent, made, events), events


def test_libtorrent_has_every_alert_that_is_translated() -> None:
    for name in (*OF_PIECES, *OF_TORRENT, *OF_SESSION, *OF_REMOVED):
        assert hasattr(lt, name), name
    assert all(hasattr(lt.block_finished_alert, one) for one in ("piece_index", "block_index", "endpoint"))
    assert lt.file_storage.flag_pad_file == PAD_FILE


def test_libtorrent_has_every_phase() -> None:
    known = {"metadata", "checking", "downloading", "finished", "seeding"}
    for name in lt.torrent_status.states.names:
        expected = "seeding" if name == "seeding" else "finished" if name == "finished" else None
        phase = stats_of(HASH, status(state=name)).phase
        assert phase == expected or (expected is None and phase in known - {"seeding", "finished"})


# pieces
def test_a_piece_is_told_when_it_passed_and_is_written(torrent: Torrent) -> None:
    for block in (0, 1):
        of_piece(torrent, "block_downloading_alert", 0, block)
    assert of_piece(torrent, "block_finished_alert", 0, 0) == (None, [])
    assert of_piece(torrent, "piece_finished_alert", 0) == (None, [])
    assert of_piece(torrent, "block_finished_alert", 0, 1) == (0, [])


def test_a_pass_that_comes_last_tells_the_piece(torrent: Torrent) -> None:
    for block in (0, 1):
        of_piece(torrent, "block_finished_alert", 1, block)
    assert of_piece(torrent, "piece_finished_alert", 1) == (1, [])


def test_taken_is_told_with_the_last_request(torrent: Torrent) -> None:
    assert of_piece(torrent, "block_downloading_alert", 1, 0) == (None, [])
    assert of_piece(torrent, "block_downloading_alert", 1, 1) == (None, [base.PiecesTaken(HASH, (1,))])


def test_a_wrong_piece_is_told_and_must_pass_again(torrent: Torrent) -> None:
    for block in (0, 1):
        of_piece(torrent, "block_finished_alert", 0, block)
    assert of_piece(torrent, "hash_failed_alert", 0) == (None, [base.PieceFailed(HASH, 0)])
    of_piece(torrent, "block_downloading_alert", 0, 1)
    assert of_piece(torrent, "piece_finished_alert", 0) == (None, [])
    assert of_piece(torrent, "block_finished_alert", 0, 1) == (0, [])


def test_blocks_are_told_only_when_they_are_asked_for(torrent: Torrent) -> None:
    assert of_piece(torrent, "block_finished_alert", 0, 0) == (None, [])
    torrent.blocks_reported = True
    assert of_piece(torrent, "block_finished_alert", 1, 0) == (None, [base.BlockArrived(HASH, 1, 0, False)])
    of_piece(torrent, "block_finished_alert", 1, 1)
    assert of_piece(torrent, "piece_finished_alert", 1) == (1, [])
    assert of_piece(torrent, "block_finished_alert", 0, 1) == (None, [base.BlockArrived(HASH, 0, 1, True)])
    assert of_piece(torrent, "block_finished_alert", 0, 1, "q")[1] == [base.BlockArrived(HASH, 0, 1, False)]


def test_the_block_that_makes_a_piece_ready_needs_no_telling(torrent: Torrent) -> None:
    torrent.blocks_reported = True
    of_piece(torrent, "block_finished_alert", 0, 0)
    of_piece(torrent, "piece_finished_alert", 0)
    assert of_piece(torrent, "block_finished_alert", 0, 1) == (0, [])


# torrents
def test_the_end_of_checking_leads_to_the_question_what_is_there(torrent: Torrent) -> None:
    assert of_torrent(torrent, "torrent_checked_alert") == []
    assert of_torrent(torrent, "file_prio_alert") == []
    assert torrent.calls == ["request_pieces", "files_chosen"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EACCES, "disk"), (errno.EIO, "disk")],
)
def test_a_full_disk_is_told_from_a_broken_one(torrent: Torrent, code: int, kind: str) -> None:
    told = of_torrent(torrent, "file_error_alert", error=Error(code, "no way"))
    assert told == [base.TorrentFailed(HASH, kind, "no way")]


def test_failures_of_a_torrent(torrent: Torrent) -> None:
    assert of_torrent(torrent, "torrent_error_alert", error=Error()) == [base.TorrentFailed(HASH, "engine", "broken")]
    assert of_torrent(torrent, "metadata_failed_alert", error=Error()) == [
        base.TorrentFailed(HASH, "metadata", "broken")
    ]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://tracker.example/0123456789abcdef0123/announce?passkey=sesame7", "http://tracker.example"),
        ("https://me:sesame7@tracker.example:443/announce", "https://tracker.example:443"),
        ("udp://tracker.example:1337/announce", "udp://tracker.example:1337"),
        ("http://tracker.example?passkey=sesame7", "http://tracker.example"),
        ("http://tracker.example#sesame7", "http://tracker.example"),
        ("udp://[2001:db8::1]:80/sesame7", "udp://[2001:db8::1]:80"),
        ("http://[broken/sesame7", "http://[broken"),
        ("http://0123456789abcdef0123.tracker.example/announce", "http://***.tracker.example"),
    ],
)
def test_of_a_trackers_url_only_the_place_is_told(torrent: Torrent, url: str, told: str) -> None:
    (event,) = of_torrent(torrent, "tracker_reply_alert", url=url, num_peers=3)
    assert event == base.TrackerReplied(HASH, told, 3, "")


def test_a_tracker_that_failed(torrent: Torrent) -> None:
    failed = {"url": "http://t.example/announce", "error": Error(message="timed out")}
    told = of_torrent(torrent, "tracker_error_alert", error_message=saying("not registered"), **failed)
    assert told == [base.TrackerReplied(HASH, "http://t.example", 0, "not registered")]
    told = of_torrent(torrent, "tracker_error_alert", error_message=saying(""), **failed)
    assert told == [base.TrackerReplied(HASH, "http://t.example", 0, "timed out")]


@pytest.mark.parametrize("key", ["0123456789abcdef", "sesame-open-7"])
def test_what_a_tracker_says_does_not_tell_the_passkey(torrent: Torrent, key: str) -> None:
    for url in (f"http://t.example/{key}/announce", f"http://t.example/announce?passkey={key}&x=1"):
        (event,) = of_torrent(
            torrent, "tracker_error_alert", url=url, error_message=saying(f"unknown passkey {key}!"), error=Error()
        )
        assert isinstance(event, base.TrackerReplied)
        assert event.error == "unknown passkey ***!"


# the session
def test_listening() -> None:
    events: list[Event] = []
    OF_SESSION["listen_succeeded_alert"](alert("listen_succeeded_alert", address="127.0.0.1", port=7), events)
    failed = alert("listen_failed_alert", address="127.0.0.1", port=7, error=Error(message="in use"))
    OF_SESSION["listen_failed_alert"](failed, events)
    assert events == [base.Listening("", "127.0.0.1", 7), base.Listening("", "127.0.0.1", 7, "in use")]


class Hashes:
    def __init__(self, v1: str = "", v2: str = "") -> None:
        self.v1, self.v2 = v1, v2

    def has_v1(self) -> bool:
        return bool(self.v1)


def test_the_hash_of_a_torrent_is_the_older_one_if_it_has_it() -> None:
    assert best_hash(Hashes("a", "b")) == "a"
    assert best_hash(Hashes("", "b")) == "b"


# facts
def status(**more: Any) -> Any:
    rates = {"download_payload_rate": 5, "upload_payload_rate": 6}
    totals = {"total_payload_download": 7, "total_payload_upload": 8}
    return SimpleNamespace(
        **{"state": "seeding", "num_peers": 2, "num_seeds": 1, "paused": 0, "progress": 1.0, **rates, **totals, **more}
    )


def test_counters() -> None:
    assert stats_of(HASH, status()) == base.Stats(HASH, "seeding", 5, 6, 7, 8, 2, 1, False)
    assert stats_of(HASH, status(state="downloading_metadata", paused=1)).phase == "metadata"
    assert stats_of(HASH, status(paused=1)).paused
    assert stats_of(HASH, status(state="checking_files", progress=0.25)).checked == 0.25
    assert stats_of(HASH, status(state="downloading", progress=0.25)).checked == 0.0


def peer(**more: Any) -> Any:
    flags = {"seed": 1, "connecting": 2, "handshake": 4, "remote_choked": 8, "interesting": 16}
    sources = {"tracker": 1, "dht": 2, "pex": 4, "lsd": 8}
    facts = {"client": b"Client\xff 1", "payload_down_speed": 3, "payload_up_speed": 4, "progress": 0.5}
    made = {**flags, **sources, **facts, "flags": 0, "source": 0, "pieces": [True, False], "ip": ("10.0.0.1", 9)}
    return SimpleNamespace(**{**made, **more})


def test_a_peers_facts() -> None:
    told = peer_of(peer(flags=8 | 16, source=2))
    assert told == base.Peer("10.0.0.1:9", "Client� 1", 3, 4, True, True, False, 0.5, b"\1\0", "dht")
    assert peer_of(peer(ip=("2001:db8::1", 9))).address == "[2001:db8::1]:9"
    assert peer_of(peer(client="text")).client == "text"
    assert [peer_of(peer(source=bit)).source for bit in (0, 1, 4, 8)] == ["peer", "tracker", "pex", "lsd"]


def test_a_seed_needs_no_map_and_who_is_not_there_yet_has_none() -> None:
    assert (peer_of(peer(flags=1)).seed, peer_of(peer(flags=1)).pieces) == (True, b"")
    for flag in (2, 4):
        assert (peer_of(peer(flags=flag, source=1)).source, peer_of(peer(flags=flag)).pieces) == ("connecting", b"")


def test_libtorrent_has_every_fact_of_a_peer() -> None:
    assert all(hasattr(lt.peer_info, name) for name in vars(peer()))


def test_layout() -> None:
    files = [
        {b"length": 20_000, b"path": [b"a.mkv"]},
        {b"attr": b"p", b"length": 12_768, b"path": [b".pad", b"12768"]},
        {b"length": 10, b"path": [b"sub", b"b.srt"]},
    ]
    info = {b"name": b"show", b"piece length": 16384, b"pieces": bytes(60), b"files": files}
    layout = layout_of(lt.load_torrent_buffer(encode({b"info": info})).ti)  # type: ignore[arg-type, dict-item]
    assert (layout.name, layout.piece_length, layout.total_size) == ("show", 16384, 32_778)
    assert [(f.path, f.size, f.offset, f.pad) for f in layout.files] == [
        ("show/a.mkv", 20_000, 0, False),
        ("show/.pad/12768", 12_768, 20_000, True),
        ("show/sub/b.srt", 10, 32_768, False),
    ]
