"""A torrent's calls to libtorrent, over a handle that writes them down; what they do is tested by the engine suite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.core.pieces import BLOCK
from headrace.engine import base
from headrace.engine.bans import TOO_MANY_CORRUPT_PIECES
from headrace.engine.base import AddRequest, Change, Event
from headrace.engine.handle import LibtorrentTorrent
from headrace.testing.clock import virtual_time

HASH, V2 = "ab" * 20, "cd" * 32
FLAGS = SimpleNamespace(sequential_download="sequential", upload_mode="upload")


class Raw:
    """A torrent_handle that takes every call."""

    query_pieces, save_info_dict = "query_pieces", "save_info_dict"

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.peers: list[Any] = []
        self.gone = False

    def get_peer_info(self) -> list[Any]:
        if self.gone:
            raise RuntimeError("invalid torrent handle used")
        return self.peers

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> None:
            if self.gone:
                raise RuntimeError("invalid torrent handle used")
            self.calls.append((name, *arguments))

        return call


class Info:
    """A torrent_info of one file."""

    def __init__(self, v1: str = HASH, v2: str = "") -> None:
        self.v1, self.v2 = v1, v2

    def name(self) -> str:
        return "film"

    def piece_length(self) -> int:
        return BLOCK

    def total_size(self) -> int:
        return 3 * BLOCK

    def layout(self) -> Any:
        return SimpleNamespace(
            num_files=lambda: 1,
            file_path=lambda _: "film.mkv",
            file_size=lambda _: 3 * BLOCK,
            file_offset=lambda _: 0,
            file_flags=lambda _: 0,
        )

    def info_hashes(self) -> Any:
        return SimpleNamespace(v1=self.v1, v2=self.v2, has_v1=lambda: bool(self.v1), has_v2=lambda: bool(self.v2))


class Made:
    def __init__(self, **request: Any) -> None:
        self.raw, self.told, self.removed = Raw(), list[Event](), list[bool]()
        self.away: list[Any] = []
        self.calm: list[bool] = []
        self.torrent = LibtorrentTorrent(
            self.raw,
            FLAGS,
            AddRequest(HASH, Path("/data"), **request),
            {},
            self._remove,
            self._tell,
            lambda _, peers: self.away.extend(peers),
            lambda _, calm: self.calm.append(calm),
        )

    def _remove(self, _: LibtorrentTorrent, delete_data: bool) -> None:
        self.removed.append(delete_data)

    def _tell(self, events: Sequence[Event]) -> None:
        self.told.extend(events)


def peer(*, choked: bool = False, interesting: bool = True, connecting: bool = False) -> Any:
    flags = 8 * choked | 16 * interesting | 2 * connecting
    bits = {"seed": 1, "connecting": 2, "handshake": 4, "remote_choked": 8, "interesting": 16}
    sources = {"tracker": 1, "dht": 2, "pex": 4, "lsd": 8}
    facts = {"client": b"x", "payload_down_speed": 0, "payload_up_speed": 0, "progress": 0.0, "pieces": []}
    return SimpleNamespace(flags=flags, source=0, ip=("10.0.0.1", 1), **bits, **sources, **facts)


@virtual_time
async def test_files_have_a_place_once_they_are_known() -> None:
    one = Made()
    assert (one.torrent.layout, one.torrent.part_file, one.torrent.have) == (None, None, b"")
    with pytest.raises(RuntimeError):
        one.torrent.path_of(0)
    layout = one.torrent.learn(Info())
    assert one.torrent.layout is layout
    assert one.torrent.path_of(0) == Path("/data/film.mkv")
    assert one.torrent.part_file == Path(f"/data/.{HASH}.parts")
    assert one.torrent.have == bytes(3)
    with pytest.raises(KeyError):
        one.torrent.path_of(1)


@virtual_time
async def test_the_part_file_of_a_hybrid_goes_by_its_newer_hash() -> None:
    one = Made()
    one.torrent.learn(Info(HASH, V2))
    assert one.torrent.part_file == Path(f"/data/.{V2[:40]}.parts")


@pytest.mark.parametrize("options", [{"seed": True}, {"metadata_only": True}])
@virtual_time
async def test_who_seeds_or_only_looks_is_not_silenced(options: dict[str, bool]) -> None:
    one = Made(**options)
    one.torrent.learn(Info())
    await asyncio.sleep(1)
    assert one.raw.calls == []


@virtual_time
async def test_wishes_reach_libtorrent() -> None:
    one = Made()
    one.torrent.learn(Info())
    one.torrent.apply(Change(want=(1,)))
    await asyncio.sleep(0)
    assert ("prioritize_pieces", [(1, 4)]) in one.raw.calls


@virtual_time
async def test_peers_and_trackers_are_added_one_by_one() -> None:
    one = Made()
    one.torrent.add_peers([("10.0.0.1", 1), ("::1", 2)])
    one.torrent.add_trackers(["udp://a", "udp://b"])
    assert one.raw.calls == [
        ("connect_peer", ("10.0.0.1", 1)),
        ("connect_peer", ("::1", 2)),
        ("add_tracker", {"url": "udp://a"}),
        ("add_tracker", {"url": "udp://b"}),
    ]


@virtual_time
async def test_going_on_clears_what_stopped_it() -> None:
    one = Made()
    one.torrent.set_paused(True)
    one.torrent.set_paused(False)
    going_on = [("clear_error",), ("unset_flags", "upload"), ("resume",)]
    assert one.raw.calls == [("pause",), *going_on, ("post_status", 0)]  # the state tells who is to be called back


@virtual_time
async def test_questions_and_state() -> None:
    one = Made()
    one.torrent.save_resume()
    assert one.raw.calls == [], "there is nothing to save before the metadata"
    one.torrent.request_stats()
    one.torrent.request_pieces()
    one.torrent.learn(Info())
    one.torrent.save_resume()
    assert one.raw.calls == [
        ("post_status", 0),
        ("post_status", "query_pieces"),
        ("save_resume_data", "save_info_dict"),
    ]


@virtual_time
async def test_blocks_are_told_as_long_as_anybody_wants_them() -> None:
    one, eager = Made(), Made(blocks=True)
    for wanted in (True, False):
        one.torrent.report_blocks(wanted)
        eager.torrent.report_blocks(wanted)
        assert one.torrent.blocks_reported is wanted
        assert eager.torrent.blocks_reported


@virtual_time
async def test_peers_are_told_when_they_are_known() -> None:
    one = Made()
    one.raw.peers = [peer()]
    one.torrent.request_peers()
    assert one.told == []
    await asyncio.sleep(1)
    (event,) = one.told
    assert isinstance(event, base.Peers)
    assert [peer.address for peer in event.peers] == ["10.0.0.1:1"]


@pytest.mark.parametrize(
    ("peers", "trimmed"),
    [
        ([peer()], True),
        ([peer(), peer(interesting=False, choked=True), peer(connecting=True, choked=True)], True),
        ([peer(), peer(choked=True)], False),
        ([peer(interesting=False)], False),
        ([], False),
    ],
)
@virtual_time
async def test_queues_are_trimmed_where_no_peer_could_keep_us_out_afterwards(peers: list[Any], trimmed: bool) -> None:
    one = Made()
    one.torrent.learn(Info())
    one.torrent.apply(Change(want=(1,)))
    await asyncio.sleep(0)
    one.raw.calls.clear()
    one.raw.peers = peers
    one.torrent.settle()
    await asyncio.sleep(1)
    assert (("prioritize_pieces", [(1, 0)]) in one.raw.calls) is trimmed
    one.raw.calls.clear()
    one.torrent.request_peers()
    await asyncio.sleep(1)
    assert one.raw.calls == [], "once"


@virtual_time
async def test_a_torrent_that_is_gone_is_asked_in_vain() -> None:
    one = Made()
    one.torrent.learn(Info())
    one.raw.gone = True
    one.torrent.request_peers()
    one.torrent.request_stats()
    one.torrent.add_peers([("10.0.0.1", 1)])
    one.torrent.set_paused(False)
    await asyncio.sleep(1)
    assert one.told == []
    one.torrent.remove(delete_data=True)
    assert one.removed == [True]


@virtual_time
async def test_letting_go_leaves_no_handle_behind() -> None:
    one, nothing = Made(), Raw()
    one.torrent.learn(Info())
    one.torrent.let_go(nothing)
    before = len(one.raw.calls)
    one.torrent.apply(Change(want=(1,)))
    one.torrent.request_stats()
    assert len(one.raw.calls) == before
    assert nothing.calls


@virtual_time
async def test_flushing_is_asked_for_while_something_passed_and_is_not_written() -> None:
    one = Made()
    one.torrent.learn(Info())
    one.torrent.flush()
    assert ("flush_cache",) not in one.raw.calls
    one.torrent.readiness.asked(0, 0)
    one.torrent.readiness.passed(0)
    one.torrent.flush()
    assert ("flush_cache",) in one.raw.calls


async def test_calm_ends_at_once() -> None:
    one = Made()
    one.torrent.set_calm(False)
    assert one.calm == [False]


@virtual_time
async def test_in_flight_is_what_was_asked_for_and_is_still_wanted() -> None:
    one = Made()
    one.torrent.learn(Info())
    one.torrent.apply(Change(want=(0, 1, 2)))
    for piece in (2, 0):
        one.torrent.readiness.asked(piece, 0)
    assert one.torrent.in_flight() == (0, 2)
    one.torrent.apply(Change(drop=(2,)))
    assert one.torrent.in_flight() == (0,)
    one.torrent.readiness.asked(2, 0)
    assert one.torrent.in_flight() == (0,), "told late: it is not wanted any more"
    one.torrent.set_paused(True)
    assert one.torrent.in_flight() == ()
    one.torrent.set_paused(False)
    assert one.torrent.in_flight() == (), "who was asked before the pause has gone"


def test_who_was_banned_is_not_called_back() -> None:
    one, peer = Made(), ("10.0.0.1", 1)
    one.torrent.hear("block_finished_alert", SimpleNamespace(endpoint=peer, piece_index=0))
    assert list(one.torrent.reunion.givers) == [peer]
    error = SimpleNamespace(value=lambda: TOO_MANY_CORRUPT_PIECES)
    one.torrent.hear("peer_disconnected_alert", SimpleNamespace(endpoint=peer, error=error))
    assert not one.torrent.reunion.givers
