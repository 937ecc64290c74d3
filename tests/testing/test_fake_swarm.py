"""Contents and peers."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.bencode import check_bencode
from headrace.core.pieces import BLOCK
from headrace.core.spans import Span
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm
from headrace.testing.metainfo import layout_of

SMALL = Content([FakeFile("a", 3 * BLOCK + 7), FakeFile("b", 50, {0: b"HEADER", 48: b"zz"})], BLOCK, "d")
WHOLE = SMALL.read(Span(0, SMALL.layout.total_size))


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)))
def test_any_slice_is_part_of_the_whole(one: int, other: int) -> None:
    start, end = sorted((one, other))
    assert SMALL.read(Span(start, end)) == WHOLE[start:end]


def test_blocks_differ() -> None:
    content = Content(100 * BLOCK, BLOCK)
    blocks = {hashlib.sha1(content.read(Span(n * BLOCK, (n + 1) * BLOCK))).digest() for n in range(100)}
    assert len(blocks) == 100


def test_parts_lie_where_they_should() -> None:
    data = SMALL.file_bytes(1)
    assert data[:6] == b"HEADER"
    assert data[48:] == b"zz"
    assert len(data) == 50


def test_torrent_says_what_the_content_is() -> None:
    said = check_bencode(SMALL.torrent)
    assert said.info_hash == SMALL.info_hash
    assert layout_of(said.info) == SMALL.layout
    assert SMALL.info_hash in SMALL.magnet
    assert Content(10, name="x").info_hash != Content(10, name="y").info_hash


def test_large_contents_cost_nothing() -> None:
    content = Content(50 * 10**9)
    assert len(content.read(Span(49 * 10**9, 49 * 10**9 + 100))) == 100


def test_shares_are_repeatable() -> None:
    peer = FakePeer(have=0.5, address=("10.0.0.1", 1))
    assert sum(peer.pieces(20)) == 10
    assert peer.pieces(20) == peer.pieces(20)
    assert FakePeer(have=0.5, address=("10.0.0.2", 1)).pieces(20) != peer.pieces(20)
    assert FakePeer(have=frozenset({1, 3})).pieces(4) == b"\0\1\0\1"


@pytest.mark.parametrize(("now", "chokes"), [(0, False), (1, True), (1.9, True), (2, False)])
def test_chokes(now: float, chokes: bool) -> None:
    assert FakePeer(chokes=((1, 2),)).chokes_at(now) is chokes


class Watcher:
    def __init__(self) -> None:
        self.seen: list[tuple[str, FakePeer]] = []

    def peer_joined(self, peer: FakePeer) -> None:
        self.seen.append(("joined", peer))

    def peer_left(self, peer: FakePeer) -> None:
        self.seen.append(("left", peer))


def test_peers_come_and_go() -> None:
    swarm, watcher = FakeSwarm(SMALL, [FakePeer(), FakePeer()]), Watcher()
    assert len({peer.address for peer in swarm.peers}) == 2
    swarm.watchers.append(watcher)
    third = swarm.join(FakePeer())
    gone = swarm.leave_all()
    assert swarm.peers == []
    assert gone[2] == third
    assert [kind for kind, _ in watcher.seen] == ["joined", "left", "left", "left"]
    assert swarm.join(third).address == third.address
