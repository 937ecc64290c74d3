"""What the library holds, as frozen records.

Times are seconds since 1970, sizes bytes, positions seconds from the beginning of a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from headrace.core.resume import resume_at


@dataclass(frozen=True, slots=True)
class Entry:
    """One torrent. ``info_hash`` is the one that it is known by: 40 hex digits, or 64 for a torrent that is v2 only."""

    info_hash: str
    name: str = ""
    info_hash_v2: str = ""
    magnet: str = field(default="", repr=False)
    """The link that it came from, with its trackers; empty for a .torrent, which the library keeps then
    (``Library.metainfo``). Trackers carry passkeys: never to be shown as it is."""
    trackers: tuple[str, ...] = field(default=(), repr=False)
    """Those that were added to the source's own."""
    selector: str = ""
    """What was chosen, in the words of ``--file``; empty: the main video."""
    files: tuple[int, ...] | None = None
    """Files to fetch whole, by index; None: only what is watched, while it is watched."""
    size: int = 0
    """Of all files together; 0 before the metadata."""
    added: float = 0.0
    watched: float | None = None
    """When somebody watched last."""
    pinned: bool = False
    """Its data is never evicted."""
    paused: bool = False
    keep: bool = True
    """False: it goes, with its data, when it is closed, or at the next start after a crash."""
    evicted: bool = False
    """Its data went to make room for others'; it is fetched again when somebody wants it."""
    down_limit: int = 0
    """Bytes a second; 0: none of its own."""
    up_limit: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where somebody stopped in one file."""

    info_hash: str
    index: int
    seconds: float
    duration: float | None
    """None while unknown."""
    updated: float
    finished: bool
    """Watched through, but for the credits."""

    @property
    def resume(self) -> float:
        """Where to go on; 0.0 at the beginning, also of what was watched through."""
        return 0.0 if self.finished else resume_at(self.seconds, self.duration)


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that was given to somebody, by its SHA-256 in hex; the secret itself is not kept."""

    digest: str
    label: str
    created: float
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something in the library is different now; it is on the disk already.

    ``info_hash`` is empty for settings and tokens; ``index`` is a position's file; ``name`` a setting's.
    """

    kind: Literal["added", "changed", "forgotten", "position", "setting", "token"]
    info_hash: str = ""
    index: int | None = None
    name: str = ""
