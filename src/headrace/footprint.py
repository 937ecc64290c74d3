"""What a torrent's files looked like when their state was saved, so that changed data is found out.

Rules: the engine believes saved state of files that are there, whatever is in them now; so state counts only while its
files look as they did. After a clean end, size and time of change must be the same. A process that was killed may have
written since it last saved: then a file may have grown, and may be younger than the save, but by no more than
``SLACK``. Whatever does not fit is hashed again, never served.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

SLACK = 30.0
"""Seconds between a process's last save and its last write: saves are 5 s apart, and a busy disk takes its time."""
_CLEAN, _RUNNING = "clean", "running"


class Footprint(Struct, frozen=True):
    """``place`` names the folder; ``files`` have size in bytes and time of change in nanoseconds, by path in it."""

    place: str
    clean: bool
    files: dict[str, tuple[int, int]]

    def fits(self, folder: Path, saved_at: float) -> bool:
        """Whether what lies there now is what was described; ``saved_at`` in seconds since 1970."""
        latest = int((saved_at + SLACK) * 1e9)
        for path, described in self.files.items():
            found = _look(folder / path)
            if found is None or (self.clean and found != described):
                return False
            if not self.clean and (found[0] < described[0] or found[1] > latest):
                return False
        return True

    def dump(self) -> bytes:
        """As bytes: manner of the end, place and files, parted by zeros (which no path has)."""
        lines = [_CLEAN if self.clean else _RUNNING, self.place]
        lines += [f"{size} {changed} {path}" for path, (size, changed) in self.files.items()]
        return "\0".join(lines).encode("utf-8", "surrogateescape")


def take(place: str, folder: Path, paths: Iterable[str], *, clean: bool) -> Footprint:
    """What those of ``paths`` that are there look like now."""
    found = {path: _look(folder / path) for path in paths}
    return Footprint(place, clean, {path: seen for path, seen in found.items() if seen is not None})


def load(data: bytes) -> Footprint | None:
    """What ``dump`` gave; None when it is something else."""
    try:
        manner, place, *lines = data.decode("utf-8", "surrogateescape").split("\0")
        parts = [line.split(" ", 2) for line in lines]
        files = {path: (int(size), int(changed)) for size, changed, path in parts}
    except ValueError:
        return None
    return Footprint(place, manner == _CLEAN, files) if manner in (_CLEAN, _RUNNING) else None


def _look(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns
