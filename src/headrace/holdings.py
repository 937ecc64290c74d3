"""What lies in a data folder, by torrent, and its removal.

Rules: a torrent's data is the folder that bears its info-hash, and nothing else is ever removed; links in it are
removed and not followed. What another process has claimed stays. Sizes are what the disk gives for it: files have
holes. All of it blocks.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from headrace.errors import EngineError
from headrace.store import FOLDER, Store

_INFO_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_BLOCK = 512
"""Bytes in a unit of ``st_blocks`` (stat(2)), whatever the file system's own are."""


class Holding(Struct, frozen=True):
    """One torrent's data. ``size`` in bytes on the disk; ``changed`` in seconds since 1970."""

    info_hash: str
    size: int
    changed: float
    in_use: bool
    """Some process has it open."""
    name: str
    """What lies in its folder."""


class Holdings:
    """The data in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = Store(folder / FOLDER)

    def look(self) -> tuple[Holding, ...]:
        """All torrents that have data here."""
        with contextlib.suppress(OSError):
            names = sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir(follow_symlinks=False))
            return tuple(self._holding(name) for name in names if _INFO_HASH.fullmatch(name))
        return ()

    def free(self) -> int:
        """Bytes that may still be written here."""
        place = next((each for each in (self.folder, *self.folder.parents) if each.exists()), None)
        return shutil.disk_usage(place).free if place is not None else 0

    def in_use(self, info_hash: str) -> bool:
        """Whether some process has it open, this one included."""
        return self._store.in_use(info_hash)

    def delete(self, info_hash: str, *, state: bool = False) -> int:
        """Remove a torrent's data; with ``state`` its metadata and all else that was kept for it too.

        Returns the bytes that became free; ``EngineError`` when a process has it open, or it cannot be removed.
        """
        if not _INFO_HASH.fullmatch(info_hash):
            raise ValueError("not an info-hash")
        home = self.folder / info_hash
        size = _size(home)
        lock = self._store.lock(info_hash)
        try:
            self._store.disbelieve(info_hash)  # first: what is half removed must not count as whole
            _remove(home)
            if state:
                self._store.forget(info_hash)
        except OSError as error:
            raise EngineError(f"Cannot remove {home}: {error.strerror}.", "Check its owner.", kind="disk") from None
        finally:
            lock.release()
        return size - _size(home)

    def _holding(self, info_hash: str) -> Holding:
        home = self.folder / info_hash
        seen = list(_seen(home))
        size = sum(map(_on_disk, seen))
        changed = max((each.st_mtime for each in seen), default=0.0)
        return Holding(info_hash, size, changed, self.in_use(info_hash), _name(home))


def _remove(home: Path) -> None:
    if home.is_symlink():
        home.unlink()
    elif home.exists():
        shutil.rmtree(home)


def _size(home: Path) -> int:
    return sum(map(_on_disk, _seen(home)))


def _seen(home: Path) -> Iterator[os.stat_result]:
    """Each file under a folder as it is now; files may go meanwhile."""
    for place, _, names in os.walk(home):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.lstat(os.path.join(place, name))  # noqa: PTH118 (twice as fast, and there may be thousands)


def _on_disk(seen: os.stat_result) -> int:
    return seen.st_blocks * _BLOCK if hasattr(seen, "st_blocks") else seen.st_size


def _name(home: Path) -> str:
    """A torrent's files have one name or one folder in common."""
    with contextlib.suppress(OSError):
        return next((entry.name for entry in os.scandir(home) if not entry.name.startswith(".")), "")
    return ""
