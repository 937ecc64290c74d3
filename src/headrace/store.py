"""What is kept between runs: per torrent the engine's resume data (metadata, checked pieces, peers), and a lock.

Rules: it lies beside the data it describes, so that a folder can be moved or removed as a whole; a file is replaced in
one step, so that a kill at any moment leaves the old or the new one; two processes never write the same torrent.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

from headrace.errors import EngineError

FOLDER = ".headrace"


class Lock:
    """This process's claim on one torrent's data; ends with the process at the latest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def release(self) -> None:
        """Others may have it now."""
        self._file.close()


class Store:
    """Resume data in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, info_hash: str) -> bytes:
        """What was saved last; empty when there is nothing."""
        try:
            return self._path(info_hash).read_bytes()
        except OSError:
            return b""

    def save(self, info_hash: str, data: bytes) -> None:
        """Replace what was saved. An OSError is the caller's to judge."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(info_hash)
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise

    def forget(self, info_hash: str) -> None:
        """Nothing is kept of it any more."""
        for path in (self._path(info_hash), self._path(info_hash).with_suffix(".lock")):
            with contextlib.suppress(OSError):
                path.unlink()

    def lock(self, info_hash: str) -> Lock:
        """Claim the torrent's data; ``EngineError`` when another process has it or the folder cannot be written."""
        path = self._path(info_hash).with_suffix(".lock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = path.open("ab")
        except OSError as error:
            raise EngineError(
                f"Cannot write in {self.folder.parent}: {error.strerror}.",
                "Choose another folder: --dir DIR.",
                kind="disk",
            ) from None
        if not _claim(file):
            file.close()
            raise EngineError(
                "This torrent is already open in another Headrace, in the same folder.",
                "Use that one, end it, or choose another folder: --dir DIR.",
                kind="in_use",
            )
        return Lock(file)

    def _path(self, info_hash: str) -> Path:
        return self.folder / f"{info_hash}.resume"


def _claim(file: IO[bytes]) -> bool:
    """An advisory lock that the system ends with the process."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
