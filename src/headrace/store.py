"""What is kept between runs: per torrent the engine's resume data (metadata, checked pieces, peers), what its files
looked like then, the part file of a download that ended, and a lock.

Rules: it lies beside the data it describes, so that a folder can be moved or removed as a whole; a file is replaced in
one step, so that a kill at any moment leaves the old or the new one; two processes never write the same torrent.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec.structs

from headrace import footprint
from headrace.errors import EngineError
from headrace.locks import claim, held

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
        self._replace(self._path(info_hash), data)

    def describe(self, info_hash: str, folder: Path, paths: Iterable[str], *, clean: bool) -> None:
        """Keep what the files at these paths in ``folder`` look like; ``clean``: nobody writes to them any more."""
        found = footprint.take(self._place(folder), folder, paths, clean=clean)
        self._replace(self._path(info_hash, "files"), found.dump())

    def undisturbed(self, info_hash: str, folder: Path) -> bool:
        """Whether the files in ``folder`` are as they were when their state was saved. From now on they may change."""
        try:
            found = footprint.load(self._path(info_hash, "files").read_bytes())
            if found is None or found.place != self._place(folder):
                return False
            self._unpark(info_hash, folder, found)
            if not found.fits(folder, self._path(info_hash).stat().st_mtime):
                return False
            os.utime(self._path(info_hash))
            self._replace(self._path(info_hash, "files"), msgspec.structs.replace(found, clean=False).dump())
        except OSError:
            return False
        return True

    def park(self, info_hash: str, part_file: Path) -> None:
        """Take the engine's part file out of the user's folder until the next run."""
        with contextlib.suppress(OSError):
            _move(part_file, self._path(info_hash, "parts"))

    def _unpark(self, info_hash: str, folder: Path, found: footprint.Footprint) -> None:
        parked = self._path(info_hash, "parts")
        for path in found.files:
            if is_part_file(path) and parked.exists():
                _move(parked, folder / path)

    def forget(self, info_hash: str) -> None:
        """Nothing is kept of it any more."""
        for kind in ("resume", "files", "parts", "lock"):
            with contextlib.suppress(OSError):
                self._path(info_hash, kind).unlink()

    def disbelieve(self, info_hash: str) -> None:
        """The data goes: what is known of it counts no more, but for the metadata."""
        for kind in ("files", "parts"):
            self._path(info_hash, kind).unlink(missing_ok=True)

    def in_use(self, info_hash: str) -> bool:
        """Whether some process has claimed the torrent's data, this one included."""
        try:
            with self._path(info_hash, "lock").open("rb") as file:
                return held(file)
        except OSError:
            return False

    def _replace(self, path: Path, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f"{path.suffix}.{os.getpid()}")
        try:
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise

    def _place(self, folder: Path) -> str:
        """The folder as seen from here: it stays the same when both are moved together."""
        try:
            return os.path.relpath(folder, self.folder)
        except ValueError:  # another drive of Windows
            return str(folder)

    def lock(self, info_hash: str) -> Lock:
        """Claim the torrent's data; ``EngineError`` when another process has it or the folder cannot be written."""
        path = self._path(info_hash, "lock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = path.open("ab")
        except OSError as error:
            raise EngineError(
                f"Cannot write in {self.folder.parent}: {error.strerror}.",
                "Choose another folder: --dir DIR.",
                kind="disk",
            ) from None
        if not claim(file):
            file.close()
            raise EngineError(
                "This torrent is already open in another Headrace, in the same folder.",
                "Use that one, end it, or choose another folder: --dir DIR.",
                kind="in_use",
            )
        return Lock(file)

    def _path(self, info_hash: str, kind: str = "resume") -> Path:
        return self.folder / f"{info_hash}.{kind}"


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError:  # another file system
        import shutil

        shutil.move(source, target)


def is_part_file(path: str) -> bool:
    """Whether that is the name of an engine's part file, not of a torrent's file."""
    return path.startswith(".") and path.endswith(".parts") and "/" not in path
