"""Cold pages and slow disks.

Rules: only the given file's pages are dropped, never the machine's whole page cache; only the given process is slowed
down, by a control group of its own that is removed afterwards.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
NAME = "headrace-bench"
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that gives so many bytes and answers so many reads a second; 0: as fast as it is."""

    name: str
    rate: int = 0
    reads: int = 0


AS_IS = Disk("as it is")
SPINNING = Disk("slow (40 MB/s, 120 reads/s)", 40_000_000, 120)
"""What a spinning disk gives that other programs use too."""


def drop(path: Path, first: int, count: int) -> float:
    """Have the kernel forget pages of a file; the share of them that it forgot."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), first, count, os.POSIX_FADV_DONTNEED)
        return 1.0 - _resident(file.fileno(), first, count)


@contextlib.contextmanager
def held(path: Path, first: int, count: int) -> Iterator[bool]:
    """Have a range in memory and keep it there (mlock(2)); whether it may be kept: ordinary users may lock little.

    Some systems take unused pages away all the time (DAMON): without the lock, "in memory" would not stay true.
    """
    with path.open("rb") as file, _mapped(file.fileno(), first, count) as address:
        os.posix_fadvise(file.fileno(), first, count, os.POSIX_FADV_WILLNEED)
        locked = _libc.mlock(address, ctypes.c_size_t(count)) == 0
        if not locked:
            _read(path, first, count)
        yield locked


def _read(path: Path, first: int, count: int) -> None:
    with path.open("rb", buffering=0) as file:
        file.seek(first)
        buffer = bytearray(1 << 20)
        for _ in range(0, count, len(buffer)):
            file.readinto(buffer)


@contextlib.contextmanager
def _mapped(fd: int, first: int, count: int) -> Iterator[ctypes.c_void_p]:
    """Where a range of a file is mapped; not to be written to. mmap(2) itself, for Python's tells no address."""
    _libc.mmap.restype = ctypes.c_void_p
    address = _libc.mmap(None, ctypes.c_size_t(count), mmap.PROT_READ, mmap.MAP_SHARED, fd, ctypes.c_long(first))
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")
    try:
        yield ctypes.c_void_p(address)
    finally:
        _libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(count))


def _resident(fd: int, first: int, count: int) -> float:
    """Share of the pages that are in memory (mincore(2)); reading a byte would fetch its neighbours."""
    pages = (ctypes.c_ubyte * (count // mmap.PAGESIZE))()
    with _mapped(fd, first, count) as address:
        if _libc.mincore(address, ctypes.c_size_t(count), pages):
            raise OSError(ctypes.get_errno(), "mincore")
    return sum(page & 1 for page in pages) / len(pages)


@contextlib.contextmanager
def slowed(disk: Disk, path: Path, pid: int, root: Path = CGROUPS) -> Iterator[None]:
    """Let a process read ``path``'s disk no faster than ``disk`` is. Needs root and control groups (v1 or v2)."""
    if not disk.rate:
        yield
        return
    unified = (root / "cgroup.controllers").exists()
    home = root if unified else root / "blkio"
    if unified:
        (root / "cgroup.subtree_control").write_text("+io")
    group = home / NAME
    group.mkdir(exist_ok=True)
    for name, text in limits(disk, device_of(path), unified=unified):
        (group / name).write_text(text)
    (group / "cgroup.procs").write_text(str(pid))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            (home / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def limits(disk: Disk, device: str, *, unified: bool) -> list[tuple[str, str]]:
    """Files of a control group and what is written to them."""
    if unified:
        return [("io.max", f"{device} rbps={disk.rate} riops={disk.reads}")]
    return [
        ("blkio.throttle.read_bps_device", f"{device} {disk.rate}"),
        ("blkio.throttle.read_iops_device", f"{device} {disk.reads}"),
    ]


def device_of(path: Path) -> str:
    """The disk that a file is on, as ``major:minor``. A partition counts as its disk, where limits are set."""
    number = path.stat().st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    place = Path("/sys/dev/block", device).resolve()
    return (place.parent / "dev").read_text().strip() if (place / "partition").exists() else device
