"""Where the bench keeps what it makes: videos, torrents, the emulator, other people's tools, runs.

All of it is under one folder, $HEADRACE_BENCH or ~/.cache/headrace-bench, and can be made again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""
WORK = Path(os.environ.get("HEADRACE_BENCH") or "~/.cache/headrace-bench").expanduser().absolute()
TOOLS = WORK / "tools"
"""Programs to compare with, where they are not the system's."""


@dataclass(frozen=True, slots=True)
class Places:
    """The parts of a work folder."""

    work: Path = WORK

    @property
    def media(self) -> Path:
        """Videos, named as in their torrents."""
        return self.work / "media"

    @property
    def torrents(self) -> Path:
        """The .torrent files and index.json."""
        return self.work / "torrents"

    @property
    def index(self) -> Path:
        """What is known of each torrent: see ``bench.media.read_index``."""
        return self.torrents / "index.json"

    @property
    def emulator(self) -> Path:
        """The compiled emulator."""
        return self.work / "bin" / "wan"

    def run(self, number: int) -> Path:
        """Logs and data of the lab with this number; emptied when the next one is opened."""
        return self.work / "runs" / str(number)
