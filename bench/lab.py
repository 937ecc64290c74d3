"""One lab: a swarm behind an emulated WAN, and a namespace in which a tool and its viewers run.

    with Lab(scenario, work) as lab:
        tool = lab.client(["peerflix", lab.torrent.magnet])
        ...
        lab.received()
    counters = lab.close()          # the same after the block: what the emulator counted

Rules: needs root and Linux. However the block ends, by an exception or by SIGINT or SIGTERM, no process, namespace or
mount is left; what a killed lab left behind is removed by the next one with the same number. Two labs at once need two
numbers.
"""

from __future__ import annotations

import contextlib
import fcntl
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from bench import dht, seeds, tracker
from bench.emulator.wan import Counters, Emulator, configuration
from bench.media import Torrent, read_index, without_trackers
from bench.model import Scenario
from bench.nets import Namespaces, dht_of, enter, hosts_of, received
from bench.paths import WORK, Places
from bench.processes import LabFailed, Server, end_group, prefer

__all__ = ["Counters", "Lab", "LabFailed"]

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


class Lab:
    """A scenario's swarm and link, from ``with`` to the end of the block."""

    def __init__(self, scenario: Scenario, work: Path = WORK, number: int = 0) -> None:
        places = Places(work)
        self.scenario = scenario
        self.torrent = torrent_for(scenario, places)
        """What the tool is given: without trackers in its magnet link where the scenario has none."""
        self.place = places.run(number)
        """Logs of the lab's own processes. They stay until the next lab with this number."""
        self.folder = self.place / "client"
        """For the tool's data: fresh, and removed at the end."""
        self.blocks = self.place / "blocks"
        """Log of the blocks that peers sent, see ``bench.arrivals``; stays as the logs do."""
        self._nets = Namespaces(number)
        self._emulator = Emulator(places.emulator, self._nets.client, self._nets.swarm)
        self._clients: list[subprocess.Popen[Any]] = []
        self._counters: Counters | None = None
        self._ending = contextlib.ExitStack()
        """What is to be undone, the last first."""

    def __enter__(self) -> Lab:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def client(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program in the client's namespace, in a session and process group of its own.

        ``options`` are those of ``subprocess.Popen``. The process is the program itself, so its id is the program's.
        """
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "cwd": self.folder, "start_new_session": True, **options}
        process: subprocess.Popen[Any] = subprocess.Popen(enter(self._nets.client, self._named(argv)), **given)
        prefer(process.pid)
        self._clients.append(process)
        return process

    def received(self) -> int:
        """Bytes that came over the client's link so far, with all overhead."""
        return received(self._emulator.pid)

    def close(self) -> Counters:
        """End everything; what the emulator counted. May be called again, and says the same again."""
        with _uninterrupted():
            self._ending.close()
        return self._counters or Counters()

    def _start(self) -> None:
        self._ending.enter_context(_terminable())
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self._ending.enter_context(_alone(self.place.with_suffix(".lock")))
        self._nets.remove()
        _empty(self.place)
        self.folder.mkdir(parents=True)
        self._ending.callback(_empty, self.folder)
        self._ending.callback(self._nets.remove)
        self._nets.create()
        hosts = hosts_of(self.scenario)
        self._ending.callback(self._end_emulator)
        self._emulator.start(configuration(self.scenario, hosts), self.place)
        self._nets.connect(hosts)
        self._start_swarm()
        self._ending.callback(self._end_clients)

    def _start_swarm(self) -> None:
        nodes = [host.address for host in dht_of(self.scenario)]
        if self.scenario.tracker:
            tracker.prepare(self.place, self.torrent)
            tracker.wait(self._serve("tracker", tracker.command(self.place)))
        else:
            dht.write_names(self.place, nodes)
            dht.wait(self._serve("dht", dht.command(nodes)))
        seeds.write_orders(self.place, seeds.orders_for(self.scenario, self.torrent, self.blocks))
        seeds.wait(self._serve("seeds", seeds.command(self.place)))

    def _serve(self, name: str, argv: Sequence[str]) -> Server:
        server = Server(name, enter(self._nets.swarm, argv), self.place)
        self._ending.callback(server.end)
        return server

    def _named(self, argv: Sequence[str]) -> Sequence[str]:
        """With the names of the net's DHT routers, where those are needed: no client needs an option for the lab."""
        if self.scenario.tracker:
            return argv
        script = f'mount --bind {shlex.quote(str(dht.names(self.place)))} /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "--", "sh", "-c", script, "sh", *argv]

    def _end_clients(self) -> None:
        for process in reversed(self._clients):
            end_group(process)

    def _end_emulator(self) -> None:
        self._counters = self._emulator.stop()


def torrent_for(scenario: Scenario, places: Places) -> Torrent:
    """As the set-up made it. ``LabFailed`` when it did not."""
    try:
        torrent = read_index(places)[scenario.torrent]
    except (FileNotFoundError, KeyError) as error:
        raise LabFailed(f"no torrent {scenario.torrent} in {places.torrents}: run make bench-setup") from error
    return torrent if scenario.tracker else replace(torrent, magnet=without_trackers(torrent.magnet))


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM unwinds the program, as SIGINT does, so that labs are closed. Only the main thread can see to it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Signals that come meanwhile wait: a lab that is half closed leaves something behind."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the number of this lab: a second one would tear the first one down."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabFailed(f"a lab with the number {path.stem} is running: {path} is locked") from error
        yield


def _empty(folder: Path) -> None:
    """Remove a folder, and first what is mounted inside."""
    for mount in mounts_in(folder, Path("/proc/self/mounts").read_text()):
        subprocess.run(["umount", "--lazy", mount], check=False)
    shutil.rmtree(folder, ignore_errors=True)


def mounts_in(folder: Path, table: str) -> list[str]:
    """Mount points inside a folder, the deepest first, by the text of /proc/self/mounts (spaces are ``\\040``)."""
    points = [line.split()[1].replace("\\040", " ") for line in table.splitlines()]
    return sorted((point for point in points if Path(point).is_relative_to(folder)), key=len, reverse=True)
