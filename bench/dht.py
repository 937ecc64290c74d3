"""The lab's DHT, for magnet links without trackers; and the process that runs its nodes.

    python -m bench.dht ADDRESS...          inside the swarm's namespace

The first nodes have the names of the routers by which programs enter the DHT of the net: the client's namespace gets
them by its /etc/hosts, so that each tool starts as it does at home. Real latencies: the nodes are behind the emulator.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import libtorrent as lt

from bench.processes import Server, python, until_input_ends

ROUTERS = ("dht.libtorrent.org", "router.bittorrent.com", "dht.transmissionbt.com", "router.utorrent.com")
PORT = 6881
LIBTORRENT_PORT = 25401
"""Where dht.libtorrent.org answers."""
KNOWN = 10
"""Other nodes that each node must know before the DHT counts as ready."""
PATIENCE = 30.0


def names(place: Path) -> Path:
    """The client's /etc/hosts."""
    return place / "hosts"


def write_names(place: Path, nodes: Sequence[str]) -> None:
    """Write it for a DHT with these addresses."""
    names(place).write_text(hosts_file(nodes))


def hosts_file(nodes: Sequence[str]) -> str:
    """The text of the client's /etc/hosts."""
    routers = [f"{address} {name}" for address, name in zip(nodes, ROUTERS, strict=False)]
    return "\n".join(["127.0.0.1 localhost", *routers, ""])


def command(nodes: Sequence[str]) -> list[str]:
    """What runs the nodes."""
    return python("bench.dht", *nodes)


def wait(server: Server) -> None:
    """Until the nodes know one another. ``LabFailed`` if they do not."""
    server.line(PATIENCE + 5)


def settings(routers: Sequence[str]) -> lt.settings_pack:
    """Of a libtorrent session with a node. The limits by address are for a net where one party may have many."""
    return {
        "enable_dht": True,
        "dht_bootstrap_nodes": ",".join(f"{address}:{PORT}" for address in routers),
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
        "dht_prefer_verified_node_ids": False,
        "dht_upload_rate_limit": 1_000_000,
    }


def node_settings(address: str, router: bool) -> lt.settings_pack:
    """A node that is nothing else. Nodes meet by being told of each other: those that libtorrent is given to bootstrap
    from never enter its routing table."""
    ports = (PORT, LIBTORRENT_PORT) if router else (PORT,)
    return {
        **settings(()),
        "listen_interfaces": ",".join(f"{address}:{port}" for port in ports),
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "alert_mask": int(lt.alert.category_t.stats_notification | lt.alert.category_t.error_notification),
    }


def main(addresses: Sequence[str]) -> None:
    """Run the nodes until standard input ends."""
    nodes = [lt.session(node_settings(address, number < len(ROUTERS))) for number, address in enumerate(addresses)]
    for number, node in enumerate(nodes):
        for address in (*addresses[:number], *addresses[number + 1 :]):
            node.add_dht_node((address, PORT))
    end = time.monotonic() + PATIENCE
    while min(_known(nodes)) < min(KNOWN, len(nodes) - 1):
        if time.monotonic() > end:
            raise SystemExit(f"the nodes know too few others: {list(_known(nodes))}")
        time.sleep(0.2)
    print("ready", flush=True)
    until_input_ends()


def _known(nodes: Sequence[lt.session]) -> Iterator[int]:
    """How many others each node knows."""
    for node in nodes:
        node.post_session_stats()
        node.wait_for_alert(1000)
        counts = [
            alert.values["dht.dht_nodes"] for alert in node.pop_alerts() if isinstance(alert, lt.session_stats_alert)
        ]
        yield counts[-1] if counts else 0


if __name__ == "__main__":
    main(sys.argv[1:])
