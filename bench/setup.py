"""Sets the lab up from nothing: programs of the system, the emulator, videos, torrents and, if wanted, other tools.

    python -m bench setup [--rivals]        as root, on Debian

What is there already is kept, so that an interrupted set-up goes on where it was.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from bench import media
from bench.emulator.wan import compile_emulator
from bench.paths import ROOT, WORK, Places

PACKAGES: Mapping[str, str] = {
    "gcc": "gcc",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "ffmpeg": "ffmpeg",
    "curl": "curl",
    "mpv": "mpv",
    "opentracker": "opentracker",
}
"""Programs that the lab runs, and Debian's packages of them."""
LIBRARIES = ("libc6-dev",)
ROOM = 4e9
"""Bytes of disk that videos and torrents take, and a tool's download."""


def main(argv: Sequence[str]) -> int:
    """Set up; 0 when the lab is ready."""
    parser = argparse.ArgumentParser(prog="python -m bench setup", description="Set the lab up (root, Debian).")
    parser.add_argument("--rivals", action="store_true", help="also install the tools to compare with")
    options = parser.parse_args(argv)
    places = Places(WORK)
    places.work.mkdir(parents=True, exist_ok=True)
    problem = system_problem() or room_problem(shutil.disk_usage(places.work).free)
    if problem:
        print(problem, file=sys.stderr)
        return 1
    prepare(places)
    if options.rivals:
        return int(importlib.import_module("bench.tools.install").main([]))
    print(f"The lab is ready in {places.work}.")
    return 0


def prepare(places: Places) -> None:
    """The emulator, the videos, the torrents."""
    progress = Progress()
    if compile_emulator(places.emulator):
        progress.say("emulator compiled")
    media.make_media(places, progress.say)
    media.make_torrents(places, progress.say)


class Progress:
    """Lines with the time since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, what: str) -> None:
        """One line."""
        print(f"{time.monotonic() - self._start:6.1f} s  {what}", flush=True)


def system_problem() -> str:
    """Why the lab cannot run here, "" when it can. Installs what is missing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "The lab makes network namespaces: it needs Linux, and root."
    if absent():
        subprocess.run([str(ROOT / "scripts" / "system-packages"), *PACKAGES.values(), *LIBRARIES], check=False)
    return f"Not found on PATH, and needed: {', '.join(absent())}" if absent() else ""


def room_problem(free: float) -> str:
    """The same, for the room on the disk, bytes."""
    return "" if free >= ROOM else f"The lab needs {ROOM / 1e9:.0f} GB in {WORK}; there are {free / 1e9:.1f}."


def absent() -> list[str]:
    """Programs that are not on PATH."""
    return [name for name in PACKAGES if shutil.which(name) is None]
