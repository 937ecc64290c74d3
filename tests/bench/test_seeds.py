from __future__ import annotations

import struct
from pathlib import Path

from bench.media import File, Torrent
from bench.model import Peers, Scenario
from bench.seeds import PeerOrder, announcement, chokes, held, orders_for, read_orders, write_orders

TORRENT = Torrent(
    "key", Path("/t/key.torrent"), "magnet:?xt=urn:btih:00", "ab" * 20, None,
    (File("film", 100),), 0, 16, 7, 9.0, Path("/m"),
)  # fmt: skip


def test_orders_are_read_as_they_were_written(tmp_path: Path) -> None:
    scenario = Scenario(
        "X", "x", "key", (Peers(1, 8, leaves_after=7e5), Peers(1, 8, share=0.5, chokes_every=2)), dead=1
    )
    orders = orders_for(scenario, TORRENT, tmp_path / "blocks")
    assert orders.peers == [
        PeerOrder(0, "198.18.1.1", leaves_after=7e5),
        PeerOrder(1, "198.18.1.2", 0.5, chokes_every=2),
    ]
    assert (orders.dead, orders.routers, orders.tracker) == (["198.18.2.1"], [], True)
    write_orders(tmp_path, orders)
    assert read_orders(tmp_path / "seeds.json") == orders


def test_without_a_tracker_peers_enter_the_dht_and_nobody_dead_is_announced() -> None:
    orders = orders_for(Scenario("X", "x", "key", (Peers(1, 8),), dead=1, tracker=False), TORRENT, Path("/b"))
    assert (orders.tracker, orders.dead, orders.routers[0]) == (False, [], "198.18.101.1")


def test_a_partial_peer_has_its_share_and_the_same_each_time() -> None:
    assert sum(held(0.3, 700, 4)) == 210
    assert held(0.3, 700, 4) == held(0.3, 700, 4) != held(0.3, 700, 5)


def test_a_peer_chokes_as_long_as_it_does_not() -> None:
    times = [step / 100 for step in range(800)]
    for number in range(12):
        assert sum(chokes(at, 2, number) for at in times) == 400
    assert not chokes(1.99, 2, 0)
    assert chokes(2.01, 2, 0)
    assert not chokes(4.01, 2, 0)


def test_six_peers_never_choke_all_at_once() -> None:
    assert all(sum(chokes(step / 50, 2, number) for number in range(6)) < 6 for step in range(400))


def test_an_announcement_is_as_the_protocol_wants_it() -> None:
    message = announcement(77, "ab" * 20, "198.18.2.1")
    assert struct.unpack(">QI", message[:12]) == (77, 1)
    assert message[16:36] == bytes.fromhex("ab" * 20)
    assert len(message) == 98
    assert struct.unpack(">H", message[-2:]) == (6881,)
