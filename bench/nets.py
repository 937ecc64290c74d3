"""The addresses of a scenario, and the two network namespaces that hold them.

    client namespace  --wan0--  emulator  --wan0--  swarm namespace
    198.19.0.2                                      198.18.0.1 tracker, 198.18.1.x peers, 198.18.2.x nobody,
                                                    198.18.101.1 and on: DHT nodes

Rules: who has which address is a pure function of the scenario. 198.18.0.0/15 is set aside for measuring networks (RFC
2544); both namespaces know no other route, so that nothing leaves the machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.model import Peers, Scenario

CLIENT = "198.19.0.2"
TRACKER = "198.18.0.1"
SWARM_NETWORK = "198.18.0.0/16"
DHT_NODES = 20
NETNS = Path("/run/netns")

BACKBONE_MBIT = 100.0
"""Uplink of those that are no peers: nobody waits for the bandwidth of a tracker."""
PACKETS = 2000
"""Length of the devices' own queues. They are longer than anything waits in them: only the emulator drops packets."""
CONGESTION = "cubic"
"""The kernel's default may be another, such as BBR, which takes losses and queues differently; peers on the net mostly
have cubic."""


@dataclass(frozen=True, slots=True)
class Host:
    """One address in the swarm."""

    address: str
    mbit: float
    delay: float
    """Seconds, one way."""
    loss: float = 0.0
    """Share of its packets, 0 to 1."""
    dead: bool = False
    """Packets to it vanish."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer that is alive."""

    number: int
    """As in the log of blocks, from 0."""
    host: Host
    behaviour: Peers


def peers_of(scenario: Scenario) -> list[Peer]:
    """The peers that are alive, in the order of the scenario."""
    alike = [group for group in scenario.peers for _ in range(group.count)]
    return [Peer(number, _peer_host(number, group, scenario), group) for number, group in enumerate(alike)]


def _peer_host(number: int, group: Peers, scenario: Scenario) -> Host:
    rtt = scenario.rtt if group.rtt is None else group.rtt
    return Host(f"198.18.1.{number + 1}", group.mbit, rtt / 2, group.loss)


def dead_of(scenario: Scenario) -> list[Host]:
    """Addresses where nobody answers."""
    return [Host(f"198.18.2.{number + 1}", 10, scenario.rtt / 2, dead=True) for number in range(scenario.dead)]


def tracker_of(scenario: Scenario) -> Host:
    """The tracker, also where the scenario has none: then nobody is told of it."""
    return Host(TRACKER, BACKBONE_MBIT, scenario.rtt / 2)


def dht_of(scenario: Scenario) -> list[Host]:
    """The DHT's nodes, for a scenario without a tracker. Each is in a /24 of its own: of nodes closer to one another,
    clients take one only (BEP 42 and libtorrent's ``dht_restrict_search_ips``)."""
    count = 0 if scenario.tracker else DHT_NODES
    return [Host(f"198.18.{101 + number}.1", BACKBONE_MBIT, scenario.rtt / 2) for number in range(count)]


def hosts_of(scenario: Scenario) -> list[Host]:
    """All addresses in the swarm's namespace."""
    alive = [peer.host for peer in peers_of(scenario)]
    return [tracker_of(scenario), *alive, *dead_of(scenario), *dht_of(scenario)]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The two namespaces of the lab with this number."""

    number: int

    @property
    def client(self) -> str:
        """Name of the tool's and its viewers' namespace."""
        return f"headrace-bench-{self.number}-client"

    @property
    def swarm(self) -> str:
        """Name of the peers' namespace."""
        return f"headrace-bench-{self.number}-swarm"

    def create(self) -> None:
        """Both, empty but for loopback."""
        for name in (self.client, self.swarm):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")

    def connect(self, hosts: Iterable[Host]) -> None:
        """Addresses and routes over the devices that the emulator has made."""
        _batch(self.swarm, [f"addr add {host.address}/32 dev wan0" for host in hosts])
        _batch(self.client, [f"addr add {CLIENT}/32 dev wan0"])
        for name, network in ((self.client, SWARM_NETWORK), (self.swarm, f"{CLIENT}/32")):
            link = f"link set wan0 up txqueuelen {PACKETS}"
            _batch(name, [link, f"route add {network} dev wan0 congctl {CONGESTION}"])

    def remove(self) -> None:
        """Both, and every process that is still inside."""
        for name in (self.client, self.swarm):
            if (NETNS / name).exists():
                for process in _inside(name):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                _ip("netns", "delete", name)


def enter(name: str, argv: Sequence[str]) -> list[str]:
    """The arguments that run ``argv`` in a namespace; the process is its own, there is none in between."""
    return ["nsenter", f"--net={NETNS / name}", "--", *argv]


def received(process: int) -> int:
    """Bytes that came over wan0 in the namespace of a process. No program is started for it: it may be asked often."""
    return received_of(Path(f"/proc/{process}/net/dev").read_text())


def received_of(table: str) -> int:
    """The same, from the text of /proc/PID/net/dev."""
    for line in table.splitlines():
        name, _, counts = line.strip().partition(":")
        if name == "wan0":
            return int(counts.split()[0])
    raise LookupError("no device wan0 in /proc/net/dev")


def _inside(name: str) -> list[int]:
    return [int(word) for word in _ip("netns", "pids", name).split()]


def _batch(name: str, commands: Sequence[str]) -> None:
    _ip("-n", name, "-batch", "-", told="\n".join(commands))


def _ip(*words: str, told: str = "") -> str:
    ran = subprocess.run(["ip", *words], input=told, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise OSError(f"ip {' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout
