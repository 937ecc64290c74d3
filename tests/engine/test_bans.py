from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from headrace.engine.bans import PATIENCE, TOO_MANY_CORRUPT_PIECES, Bans

A, B, C = ("127.0.0.2", 1), ("127.0.0.3", 1), ("127.0.0.4", 1)


@pytest.fixture
def bans() -> Bans:
    return Bans()


def wrong(bans: Bans, piece: int, senders: list[tuple[str, int]], banned: list[tuple[str, int]]) -> list[Any]:
    for peer in senders:
        bans.sent(piece, peer)
    for peer in banned:
        bans.banned(peer)
    return bans.failed(piece)


def test_peers_that_shared_one_wrong_piece_are_met_again(bans: Bans) -> None:
    assert wrong(bans, 9, [A, B, C, A], [C, A]) == [A, C]


def test_who_sent_a_wrong_piece_alone_stays_banned(bans: Bans) -> None:
    assert wrong(bans, 9, [A, A], [A]) == []


def test_who_had_a_part_in_many_stays_banned(bans: Bans) -> None:
    for piece in range(PATIENCE - 1):
        assert wrong(bans, piece, [A, B], [A] if piece else []) == ([A] if piece else [])
    assert wrong(bans, 8, [A, C], [A, C]) == [C]


def test_right_pieces_and_bans_of_others_do_not_count(bans: Bans) -> None:
    bans.sent(1, C)
    bans.passed(1)
    assert wrong(bans, 1, [A, B], [C]) == []
    assert wrong(bans, 2, [A, C], []) == []


def test_alerts_are_heard(bans: Bans) -> None:
    for peer in (A, B):
        assert bans.hear("block_finished_alert", SimpleNamespace(piece_index=3, endpoint=peer)) == []
    for peer, code in ((A, TOO_MANY_CORRUPT_PIECES), (B, 1)):
        error = SimpleNamespace(value=lambda code=code: code)
        assert bans.hear("peer_disconnected_alert", SimpleNamespace(error=error, endpoint=peer)) == []
    assert bans.hear("block_downloading_alert", None) == []
    assert bans.hear("hash_failed_alert", SimpleNamespace(piece_index=3)) == [A]
    assert bans.hear("block_finished_alert", SimpleNamespace(piece_index=4, endpoint=A)) == []
    assert bans.hear("piece_finished_alert", SimpleNamespace(piece_index=4)) == []
    assert bans.hear("hash_failed_alert", SimpleNamespace(piece_index=4)) == []


def test_the_number_is_libtorrents() -> None:
    lt = pytest.importorskip("libtorrent")
    assert lt.error_code(TOO_MANY_CORRUPT_PIECES, lt.libtorrent_category()).message() == "too many corrupt pieces"
