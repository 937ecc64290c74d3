"""qBittorrent with a careful player: it is told to download in order, and bytes are handed out only of pieces that it
says it has. (A player on the growing file itself would read zeros where nothing is yet.)

    python -m bench.tools.careful MAGNET FOLDER --infohash HASH --profile FOLDER --port 8890 --web-port 8081
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.tools import http_file

HAVE = 2
"""State of a piece that is there and verified, in qBittorrent's list."""
POLL = 0.1
"""Seconds between two looks at the states of pieces."""


@dataclass(frozen=True, slots=True)
class Web:
    """qBittorrent's web interface."""

    port: int

    def ask(self, path: str, **form: str) -> bytes:
        """One request; with fields it is a POST. Raises OSError."""
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v2/{path}", data, timeout=5) as answer:
            return bytes(answer.read())

    def json(self, path: str) -> Any:
        """The answer as data, None while there is none."""
        try:
            return json.loads(self.ask(path))
        except (OSError, ValueError):
            return None

    def until(self, path: str) -> Any:
        """The first answer that is not empty."""
        while not (answer := self.json(path)):
            time.sleep(0.05)
        return answer


class Film:
    """The largest file of the torrent, as a source for ``http_file``."""

    def __init__(self, web: Web, infohash: str, folder: Path) -> None:
        files = web.until(f"torrents/files?hash={infohash}")
        properties = web.until(f"torrents/properties?hash={infohash}")
        video = max(range(len(files)), key=lambda index: int(files[index]["size"]))
        self.size = int(files[video]["size"])
        self.changed = threading.Condition()
        self._web = web
        self._infohash = infohash
        self._offset = sum(int(file["size"]) for file in files[:video])
        self._piece_length = int(properties["piece_size"])
        self._names = [folder / (files[video]["name"] + ending) for ending in ("", ".!qB")]
        self._states: list[int] = []
        self._file = -1
        others = "|".join(str(index) for index in range(len(files)) if index != video)
        if others:
            web.ask("torrents/filePrio", hash=infohash, id=others, priority="0")
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while True:
            self._states = self._web.json(f"torrents/pieceStates?hash={self._infohash}") or self._states
            with self.changed:
                self.changed.notify_all()
            time.sleep(POLL)

    def ready(self, position: int) -> int:
        """To the end of the piece, if it is there."""
        piece = (self._offset + position) // self._piece_length
        if piece >= len(self._states) or self._states[piece] != HAVE:
            return 0
        return (piece + 1) * self._piece_length - self._offset - position

    def read(self, position: int, count: int) -> bytes:
        """From the file, under either of the names that it has while it grows."""
        if self._file < 0:
            self._file = os.open(next(name for name in self._names if name.exists()), os.O_RDONLY)
        return os.pread(self._file, count, position)

    def waits(self, reader: int, position: int | None) -> None:
        """qBittorrent cannot be told."""


def main() -> None:
    """Start qBittorrent, add the torrent, and serve until ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("magnet")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--infohash", required=True)
    parser.add_argument("--profile", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8890)
    parser.add_argument("--web-port", type=int, default=8081)
    options = parser.parse_args()
    words = ["qbittorrent-nox", f"--profile={options.profile}", f"--webui-port={options.web_port}"]
    client = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def end(*_: object) -> None:
        client.terminate()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    web = Web(options.web_port)
    web.until("app/buildInfo")
    web.ask(
        "torrents/add",
        urls=options.magnet,
        savepath=str(options.folder),
        sequentialDownload="true",
        firstLastPiecePrio="true",
        paused="false",
    )
    film = Film(web, options.infohash, options.folder)
    http_file.serve(film, options.port)
    client.wait()


if __name__ == "__main__":
    main()
