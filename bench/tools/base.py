"""What a measured program is: how to start it, how its URL becomes known, how to end it.

Rules: a tool is a record of pure functions of a ``Launch`` (its argument vector is tested as a table); what looks at
the machine (``find``, ``prepare``, ``clean``, ``missing``) does so at once and never waits. Waiting is the runner's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bench import paths

if TYPE_CHECKING:
    from bench.media import Torrent

PORT = 8890
"""On which a tool is to serve. The client's namespace has no other server there."""
TCP_LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a tool is given."""

    torrent: Torrent
    folder: Path
    """Of this run alone. It is kept between the two launches of a warm start."""
    port: int = PORT
    dht: bool = False
    """Whether peers can only be found in the DHT."""

    @property
    def data(self) -> Path:
        """Where the tool is to put the film."""
        return self.folder / "data"

    @property
    def home(self) -> Path:
        """Home folder of the tool: nobody's settings, and nothing left by an earlier run."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """For ``TMPDIR``."""
        return self.folder / "tmp"

    @property
    def output(self) -> Path:
        """What the tool writes on standard output."""
        return self.folder / "output"

    @property
    def errors(self) -> Path:
        """What the tool writes on standard error."""
        return self.folder / "errors"

    @property
    def handed(self) -> Path:
        """Where the player's stand-in (fakebin/mpv) puts the URL that a tool hands to it."""
        return self.folder / "url"

    @property
    def mount(self) -> Path:
        """Where a file system is to appear."""
        return self.folder / "mount"

    @property
    def film(self) -> Path:
        """Path of the film inside the torrent."""
        return Path(self.torrent.files[self.torrent.video].path)

    def make_folders(self) -> None:
        """Make those that are a tool's to use, as far as they are missing."""
        for folder in (self.data, self.home, self.temporary, self.mount):
            folder.mkdir(parents=True, exist_ok=True)


Find = Callable[[Launch, int], str | None]
"""From a launch and the process's id to the URL (or path) of the film, None while it is not offered."""


def _nothing(_: Launch) -> None:
    pass


def _no_variables(_: Launch) -> Mapping[str, str]:
    return {}


def _no_requests(_: Launch) -> list[list[str]]:
    return []


def _no_version() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Tool:
    """One program that streams."""

    name: str
    argv: Callable[[Launch], list[str]]
    find: Find
    missing: Callable[[], str]
    """Why it cannot be run here, "" when it can."""
    version: Callable[[], str] = _no_version
    """For the report."""
    environment: Callable[[Launch], Mapping[str, str]] = _no_variables
    """Variables beside those that all tools get."""
    requests: Callable[[Launch], list[list[str]]] = _no_requests
    """Arguments of curl: what a player's plug-in asks of a server before there is a film. Each is repeated until it
    succeeds; the time counts."""
    prepare: Callable[[Launch], None] = _nothing
    """Before each launch, when the folders are there."""
    clean: Callable[[Launch], None] = _nothing
    """After the tool was ended."""
    stop: signal.Signals = signal.SIGTERM
    """What ends it politely."""


def variables(tool: Tool, launch: Launch, base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a tool. Python's modules are to be compiled, as they are when a package is installed; no
    settings of whoever runs the bench reach the tool."""
    kept = {
        name: value
        for name, value in base.items()
        if not name.startswith(("PYTHON", "HEADRACE_", "XDG_", "RQBIT_", "TS_"))
    }
    places = {"HOME": str(launch.home), "TMPDIR": str(launch.temporary)}
    return {**kept, **places, **tool.environment(launch)}


def listening(table: str, port: int) -> bool:
    """Whether a socket listens on ``port``, by the text of /proc/PID/net/tcp or tcp6."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[3] == TCP_LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            return True
    return False


def port_open(process: int, port: int) -> bool:
    """Whether somebody listens on ``port`` in the network namespace of a process."""
    for name in ("tcp", "tcp6"):
        try:
            table = Path(f"/proc/{process}/net/{name}").read_text()
        except OSError:
            continue
        if listening(table, port):
            return True
    return False


def served(path: Callable[[Launch], str]) -> Find:
    """The URL is known beforehand: it counts as offered when the port is open. ``path`` begins with a slash."""

    def find(launch: Launch, process: int) -> str | None:
        return f"http://127.0.0.1:{launch.port}{path(launch)}" if port_open(process, launch.port) else None

    return find


def written(launch: Launch, _: int) -> str | None:
    """The URL that the tool handed to a player."""
    try:
        return launch.handed.read_text().replace("//localhost", "//127.0.0.1") or None
    except FileNotFoundError:
        return None


def mounted(launch: Launch, _: int) -> str | None:
    """The path of the film in a file system that the tool mounts."""
    path = launch.mount / launch.film
    return str(path) if os.path.ismount(launch.mount) and path.exists() else None


def first_of(*names: str) -> str:
    """The first of these programs that is there: in the bench's own folder, or on PATH; "" for none."""
    for name in names:
        own = paths.TOOLS / "bin" / name
        found = str(own) if own.exists() else shutil.which(name)
        if found:
            return found
    return ""


def needs(*names: str) -> Callable[[], str]:
    """For ``Tool.missing``: one of these programs."""
    return lambda: "" if first_of(*names) else f"no {' or '.join(names)} on PATH"


def said(*words: str) -> str:
    """First line that a program prints, for versions; "" when it cannot be run."""
    try:
        ran = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (ran.stdout or ran.stderr).splitlines()
    return lines[0].strip() if lines else ""


def asked(launch: Launch, path: str, *options: str) -> list[str]:
    """Arguments of curl for one request to the tool; ``path`` begins with a slash."""
    return [*options, f"http://127.0.0.1:{launch.port}{path}"]


def quoted(magnet: str) -> str:
    """A magnet link as a value in a query."""
    return quote(magnet, safe="")
