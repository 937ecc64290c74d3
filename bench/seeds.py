"""The lab's peers: one libtorrent session for each address, in a process of their own inside the swarm's namespace.

    python -m bench.seeds ORDERS.json

Rules: what a peer does is told before the start and depends on nothing but what it sent and when. Every block that a
peer hands to its network stack is logged (``bench.arrivals``) with the time that libtorrent noted, so that the loop may
look in at leisure.
"""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import libtorrent as lt

from bench import dht
from bench.arrivals import BLOCK, CHOKED, LEFT, SENT, STALLED, UNCHOKED, Block, packed
from bench.media import Torrent
from bench.model import Scenario
from bench.nets import TRACKER, dead_of, dht_of, peers_of
from bench.processes import Server, python, until_input_ends

PORT = 6881
TRACKER_PORT = 6969
LOOK_IN = 0.02
"""Seconds between two looks at what was sent: at 8 Mbit/s a peer sends less than two blocks meanwhile."""
PATIENCE = 30.0
"""Seconds until all peers are announced."""
MEETINGS = 2.0
"""Seconds between two looks into the DHT, until all peers are there."""
GOLDEN = 0.618
"""Spreads the phases of peers that choke over their whole cycle: a few peers never choke all at once."""


@dataclass(frozen=True, slots=True)
class PeerOrder:
    """One peer: the fields of ``bench.model.Peers`` that are its own doing."""

    number: int
    address: str
    share: float = 1.0
    leaves_after: float | None = None
    stalls_after: float | None = None
    chokes_every: float | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """All that the process is told."""

    torrent: str
    """Path of the .torrent."""
    content: str
    infohash: str
    blocks: str
    """Path of the log."""
    tracker: bool = True
    routers: list[str] = field(default_factory=list)
    """Where the peers enter the DHT, when there is no tracker."""
    dead: list[str] = field(default_factory=list)
    """Addresses to announce and to leave unanswered."""
    peers: list[PeerOrder] = field(default_factory=list)


def orders_for(scenario: Scenario, torrent: Torrent, blocks: Path) -> Orders:
    """What the peers of a scenario are told."""
    peers = [
        PeerOrder(
            peer.number,
            peer.host.address,
            peer.behaviour.share,
            peer.behaviour.leaves_after,
            peer.behaviour.stalls_after,
            peer.behaviour.chokes_every,
        )
        for peer in peers_of(scenario)
    ]
    routers = [host.address for host in dht_of(scenario)][: len(dht.ROUTERS)]
    dead = [host.address for host in dead_of(scenario)] if scenario.tracker else []
    return Orders(
        str(torrent.file), str(torrent.content), torrent.infohash, str(blocks), scenario.tracker, routers, dead, peers
    )


def write_orders(place: Path, orders: Orders) -> None:
    """Where ``command`` finds them."""
    (place / "seeds.json").write_text(json.dumps(asdict(orders), indent=1))


def read_orders(path: Path) -> Orders:
    """What ``write_orders`` wrote."""
    data = json.loads(path.read_text())
    data["peers"] = [PeerOrder(**peer) for peer in data["peers"]]
    return Orders(**data)


def command(place: Path) -> list[str]:
    """What runs the peers."""
    return python("bench.seeds", str(place / "seeds.json"))


def wait(server: Server) -> None:
    """Until all peers can be found. ``LabFailed`` if they cannot."""
    server.line(PATIENCE + 5)


def held(share: float, pieces: int, number: int) -> list[bool]:
    """Which pieces the peer with this number has; the same in each run."""
    chosen = set(random.Random(number).sample(range(pieces), round(share * pieces)))
    return [piece in chosen for piece in range(pieces)]


def chokes(seconds: float, every: float, number: int) -> bool:
    """Whether a peer chokes at this time after its first block: as long as not, peers not all at once."""
    return (seconds / every + 2 * number * GOLDEN) % 2 >= 1


def settings(order: PeerOrder, routers: Sequence[str]) -> lt.settings_pack:
    """Of a peer's session. Nothing but what the scenario says may hold it up."""
    category = lt.alert.category_t
    heard = (
        category.upload_notification
        | category.tracker_notification
        | category.dht_operation_notification
        | category.status_notification
        | category.error_notification
    )
    return {
        **(dht.settings(routers) if routers else {"enable_dht": False}),
        "dht_read_only": True,  # the DHT is made of its own nodes; peers only ask and announce
        "listen_interfaces": f"{order.address}:{PORT}",
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True,
        "announce_to_all_trackers": False,
        "max_out_request_queue": 500,
        "send_buffer_watermark_factor": 150,  # in % of a second's upload: a fast uplink is never idle
        "allowed_fast_set_size": 0 if order.chokes_every else 5,  # BEP 6 lets choked peers have some pieces
        "aio_threads": 1,
        "hashing_threads": 1,
        "file_pool_size": 4,
        "user_agent": "headrace-bench",
        "alert_queue_size": 20_000,  # alerts that do not fit are dropped, and with them blocks of the log
        "alert_mask": int(heard),
    }


class SwarmPeer:
    """One session, and what it was told to do."""

    def __init__(self, order: PeerOrder, orders: Orders) -> None:
        self._order = order
        self.announced = False
        """The tracker knows it."""
        self.found: set[str] = set()
        """Addresses of peers that it found in the DHT."""
        self._session = lt.session(settings(order, orders.routers))
        self._handle = self._session.add_torrent(_params(order, orders))
        self._sent = 0
        self._first: float | None = None
        self._choking = self._stalled = self._left = False

    def meet(self, infohash: str) -> None:
        """Announce itself in the DHT, and look for the others there."""
        self._handle.force_dht_announce()
        self._session.dht_get_peers(lt.sha1_hash(bytes.fromhex(infohash)))

    def look_in(self) -> list[Block]:
        """What happened since the last look; and do what is to be done by now."""
        happened = []
        for alert in self._session.pop_alerts():
            if isinstance(alert, lt.block_uploaded_alert):
                if not self._stalled:  # what libtorrent still takes from the disk does not leave any more
                    happened.append(self._sent_block(alert))
            elif isinstance(alert, lt.tracker_reply_alert):
                self.announced = True
            elif isinstance(alert, lt.dht_get_peers_reply_alert):
                self.found.update(address for address, _ in alert.peers())
            elif isinstance(alert, lt.tracker_error_alert | lt.listen_failed_alert | lt.file_error_alert):
                print(f"peer {self._order.number}: {alert.message()}", file=sys.stderr, flush=True)
        return happened + [self._event(flags) for flags in self._act()]

    def _sent_block(self, alert: lt.block_uploaded_alert) -> Block:
        at = time.monotonic() - (time.time() - alert.timestamp().timestamp())
        self._first = at if self._first is None else self._first
        self._sent += BLOCK
        return Block(at, self._order.number, SENT, alert.piece_index, alert.block_index)

    def _event(self, flags: int) -> Block:
        return Block(time.monotonic(), self._order.number, flags, 0, 0)

    def _act(self) -> Iterable[int]:
        order = self._order
        if order.leaves_after is not None and self._sent >= order.leaves_after and not self._left:
            self._leave()
            yield LEFT
        if order.stalls_after is not None and self._sent >= order.stalls_after and not self._stalled:
            self._stalled = True
            self._session.apply_settings({"upload_rate_limit": 1})
            yield STALLED
        if order.chokes_every is not None and self._first is not None:
            choking = chokes(time.monotonic() - self._first, order.chokes_every, order.number)
            if choking != self._choking:
                self._choking = choking
                self._session.apply_settings({"unchoke_slots_limit": 0 if choking else -1})
                yield CHOKED if choking else UNCHOKED

    def _leave(self) -> None:
        """Every connection is closed; what was sent and has not left yet is lost."""
        self._left = True
        self._session.pause()
        self._session.apply_settings({"listen_interfaces": ""})


def _params(order: PeerOrder, orders: Orders) -> lt.add_torrent_params:
    params = lt.load_torrent_file(orders.torrent)
    params.save_path = orders.content
    flags = lt.torrent_flags
    params.flags &= ~(flags.auto_managed | flags.paused | flags.apply_ip_filter)
    # By HTTP: libtorrent has one UDP connection id in a process, which the tracker refuses from the other addresses.
    params.trackers = [f"http://{TRACKER}:{TRACKER_PORT}/announce"] if orders.tracker else []
    params.flags |= flags.override_trackers
    if order.share >= 1:
        params.flags |= flags.seed_mode
        return params
    info = params.ti
    assert info is not None
    have = held(order.share, info.num_pieces(), order.number)
    params.have_pieces = have
    params.piece_priorities = [4 if piece else 0 for piece in have]  # it wants no more: no traffic among peers
    params.flags |= flags.no_verify_files
    return params


def announce_dead(address: str, infohash: str) -> None:
    """Announce an address at which nobody listens (BEP 15)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((address, 0))
        link.settimeout(3)
        link.connect((TRACKER, TRACKER_PORT))
        link.send(struct.pack(">QII", 0x41727101980, 0, 7))
        _, _, connection = struct.unpack(">IIQ", link.recv(64)[:16])
        link.send(announcement(connection, infohash, address))
        link.recv(2048)


def announcement(connection: int, infohash: str, address: str) -> bytes:
    """Of a leecher that has just started (event 2)."""
    identity = random.Random(address).randbytes(20)
    head = struct.pack(">QII20s20s", connection, 1, 8, bytes.fromhex(infohash), identity)
    return head + struct.pack(">QQQIIIiH", 0, 1 << 20, 0, 2, 0, 1, -1, PORT)


def wait_announced(peers: Sequence[SwarmPeer], orders: Orders) -> None:
    """Until a client would find every peer."""
    end, next_meeting = time.monotonic() + PATIENCE, 0.0
    while not _announced(peers, orders):
        if time.monotonic() > end:
            raise SystemExit("not all peers are announced")
        if orders.routers and time.monotonic() > next_meeting:
            next_meeting = time.monotonic() + MEETINGS
            for peer in peers:
                peer.meet(orders.infohash)
        for peer in peers:
            peer.look_in()
        time.sleep(LOOK_IN)


def _announced(peers: Sequence[SwarmPeer], orders: Orders) -> bool:
    if orders.tracker:
        return all(peer.announced for peer in peers)
    return {order.address for order in orders.peers} <= peers[0].found


def main(path: Path) -> None:
    """Serve until standard input ends."""
    orders = read_orders(path)
    peers = [SwarmPeer(order, orders) for order in orders.peers]
    for address in orders.dead:
        announce_dead(address, orders.infohash)
    wait_announced(peers, orders)
    threading.Thread(target=_leave_with_input, daemon=True).start()
    with Path(orders.blocks).open("wb", buffering=0) as log:
        print("ready", flush=True)
        serve(peers, log)


def _leave_with_input() -> None:
    until_input_ends()
    os._exit(0)  # without waiting for trackers and disks, as libtorrent's sessions do


def serve(peers: Sequence[SwarmPeer], log: IO[bytes]) -> None:
    """Look in on all peers, for ever, and log what they did."""
    while True:
        happened = [packed(block) for peer in peers for block in peer.look_in()]
        if happened:
            log.write(b"".join(happened))
        time.sleep(LOOK_IN)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
