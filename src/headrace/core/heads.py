"""What the planner knows of a reader: where it is, whether it waits, and since when it is there.

Rules: a head is a snapshot; a seek makes a new one at the new place, and nothing of the old place is left.
"""

from __future__ import annotations

from msgspec import Struct


class Head(Struct, frozen=True):
    """One reader's place. ``position`` and ``end`` are torrent bytes: the next one to read, and where its file ends.


    ``since`` is when it opened or sought to this place, in seconds of the caller's clock. ``fresh`` until the first
    byte from there was delivered. ``waiting``: a read is blocked on the piece at ``position``; ``hungry``: one was,
    within the last second or so.
    """

    id: int
    position: int
    end: int
    since: float
    waiting: bool = False
    fresh: bool = True
    hungry: bool = False
