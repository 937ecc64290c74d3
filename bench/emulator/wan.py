"""Compiles, configures and runs the emulated WAN (wan.c)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.model import Scenario
from bench.nets import Host
from bench.processes import LabFailed, Server

SOURCE = Path(__file__).with_name("wan.c")
SEED = 1
"""Of the random losses: the same for all tools."""
PATIENCE = 5.0
"""Seconds until the devices are there."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What went through the emulator. Times in seconds."""

    down_bytes: int = 0
    """Over the client's downlink, with all overhead."""
    up_bytes: int = 0
    host_drops: int = 0
    """Packets that found the queue of a peer's uplink full."""
    down_drops: int = 0
    """The same of the client's downlink."""
    up_drops: int = 0
    lost: int = 0
    """Packets that were lost on the way, as the scenario wants it."""
    write_fails: int = 0
    """Packets that the kernel did not take: the lab's own fault."""
    late: float = 0.0
    """How late packets were forwarded, on average."""
    late_most: float = 0.0


def compile_emulator(binary: Path) -> bool:
    """Unless it is newer than its source. Whether that was needed."""
    if binary.exists() and binary.stat().st_mtime > SOURCE.stat().st_mtime:
        return False
    binary.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", str(binary), str(SOURCE)], check=True)
    return True


def configuration(scenario: Scenario, hosts: Iterable[Host]) -> str:
    """What wan.c reads."""
    links = [f"down {scenario.down:g}", f"up {scenario.up:g}", f"queue {scenario.queue:g}", f"seed {SEED}"]
    return "\n".join([*links, *map(_host_line, hosts), ""])


def _host_line(host: Host) -> str:
    return f"host {host.address} {host.mbit:g} {host.delay:g} {host.loss:g} {int(host.dead)}"


def counters_from(line: str) -> Counters:
    """What wan.c says at its end."""
    return Counters(**json.loads(line))


class Emulator:
    """The running process."""

    def __init__(self, binary: Path, client: str, swarm: str) -> None:
        self._binary = binary
        self._namespaces = client, swarm
        self._server: Server | None = None

    @property
    def pid(self) -> int:
        """Its process, which is in the client's namespace. ``LabFailed`` when it does not run."""
        if self._server is None:
            raise LabFailed("the emulator does not run")
        return self._server.pid

    def start(self, configured: str, folder: Path) -> None:
        """Both devices are there when this returns. ``folder`` is for configuration and log."""
        if not self._binary.exists():
            raise LabFailed(f"no emulator at {self._binary}: run make bench-setup")
        path = folder / "wan.conf"
        path.write_text(configured)
        self._server = Server("emulator", [str(self._binary), *self._namespaces, str(path)], folder)
        self._server.line(PATIENCE)

    def stop(self) -> Counters:
        """What it counted; nothing when it had not been started or broke."""
        server, self._server = self._server, None
        if server is None:
            return Counters()
        said = server.end().strip().splitlines()
        return counters_from(said[-1]) if said and said[-1].startswith("{") else Counters()
