"""The lab's tracker: opentracker, over UDP and HTTP.

Debian's opentracker serves listed torrents only, and reads its list inside the folder that it is confined to.
"""

from __future__ import annotations

import time
from pathlib import Path

from bench.media import Torrent
from bench.nets import TRACKER
from bench.processes import Server
from bench.tools.base import port_open

PORT = 6969
LISTED = "whitelist"
PATIENCE = 5.0
"""Seconds until it listens."""


def configuration(folder: Path) -> str:
    """What opentracker reads; ``folder`` is the one that it is confined to."""
    lines = (
        f"listen.tcp_udp {TRACKER}:{PORT}",
        f"access.whitelist /{LISTED}",
        f"tracker.rootdir {folder}",
        "tracker.user nobody",
    )
    return "\n".join(lines) + "\n"


def listed(torrent: Torrent) -> str:
    """The info-hashes by which trackers know a torrent: a hybrid has two; v2's is cut short (BEP 52)."""
    hashes = [torrent.infohash, *([torrent.infohash_v2[:40]] if torrent.infohash_v2 else [])]
    return "".join(f"{name}\n" for name in dict.fromkeys(hashes))


def prepare(place: Path, torrent: Torrent) -> None:
    """Write what it reads."""
    folder = place / "tracker"
    folder.mkdir()
    folder.chmod(0o755)  # it reads the list as nobody
    (folder / LISTED).write_text(listed(torrent))
    (place / "tracker.conf").write_text(configuration(folder))


def command(place: Path) -> list[str]:
    """What runs it."""
    return ["opentracker", "-f", str(place / "tracker.conf")]


def wait(server: Server) -> None:
    """Until it listens. ``LabFailed`` if it does not."""
    end = time.monotonic() + PATIENCE
    while not port_open(server.pid, PORT):
        if not server.running or time.monotonic() > end:
            raise server.failure("does not listen")
        time.sleep(0.02)
