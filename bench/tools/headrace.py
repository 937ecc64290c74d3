"""Headrace as users run it, and the sketches on the bare engine that it is compared with."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from bench import paths
from bench.tools.base import Launch, Tool, said, served

PROGRAM_VARIABLE = "HEADRACE_BENCH_PROGRAM"
WINDOW = 8_000_000
"""Bytes that ``reference-window`` wants beyond the head: about a second of a 70 Mbit/s line."""


def program() -> Path:
    """The ``headrace`` to measure: the one named by $HEADRACE_BENCH_PROGRAM, else the one beside this interpreter."""
    named = os.environ.get(PROGRAM_VARIABLE)
    return Path(named) if named else Path(sys.executable).with_name("headrace")


def announced(launch: Launch, _: int) -> str | None:
    """The URL of the event "serving", among the JSON lines that Headrace writes."""
    try:
        text = launch.output.read_text()
    except FileNotFoundError:
        return None
    for line in text.splitlines(keepends=True):
        if line.startswith("{") and '"serving"' in line and line.endswith("\n"):
            event = json.loads(line)
            if event.get("event") == "serving":
                return str(event["url"])
    return None


def headrace(name: str = "headrace", path: Path | None = None, *options: str) -> Tool:
    """Headrace with further options; ``path`` is the program, by default the one that ``program`` finds."""
    where = path or program()

    def argv(launch: Launch) -> list[str]:
        words = [str(where), "play", launch.torrent.magnet, "--player", "none", "--json"]
        words += ["--port", str(launch.port), "--dir", str(launch.data)]
        return [*words, *([] if launch.dht else ["--no-dht"]), *options]

    return Tool(
        name=name,
        argv=argv,
        find=announced,
        missing=lambda: "" if where.exists() else f"no {where}; ${PROGRAM_VARIABLE} names another",
        version=lambda: said(str(where), "--version").removeprefix("headrace "),
        stop=signal.SIGINT,
    )


def reference(name: str, *options: str) -> Tool:
    """A sketch on libtorrent alone (``bench.tools.reference``)."""

    def argv(launch: Launch) -> list[str]:
        words = [sys.executable, "-m", "bench.tools.reference", launch.torrent.magnet, str(launch.data)]
        return [*words, "--port", str(launch.port), *(["--dht"] if launch.dht else []), *options]

    return Tool(
        name=name,
        argv=argv,
        find=served(lambda _: "/"),
        missing=lambda: "",
        version=lambda: "libtorrent " + importlib.metadata.version("libtorrent"),
        environment=_importable,
    )


def _importable(_: Launch) -> Mapping[str, str]:
    return {"PYTHONPATH": str(paths.ROOT)}
