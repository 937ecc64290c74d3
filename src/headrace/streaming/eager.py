"""Blocks that are in the file before their piece is checked (``--eager``).

Rules: nothing here is verified. A reader that was handed such bytes is remembered until the piece is checked; if the
check fails it is told, so that its connection ends instead of going on with wrong bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from headrace.core.pieces import BLOCK
from headrace.streaming.waits import StreamFailed

Owner = Callable[[StreamFailed], None]


class EarlyBlocks:
    """Which unchecked blocks could be served, and to whom they were."""

    def __init__(self) -> None:
        self._any: dict[int, set[int]] = {}
        self._trusted: dict[int, set[int]] = {}
        self._served: dict[int, set[Owner]] = {}

    def arrived(self, piece: int, block: int, trusted: bool) -> None:
        """A block reached the file."""
        self._any.setdefault(piece, set()).add(block)
        if trusted:
            self._trusted.setdefault(piece, set()).add(block)

    def run(self, piece: int, offset: int, *, trusted_only: bool) -> int:
        """Bytes in a row from ``offset`` in the piece that lie in the file, unchecked (may pass a short last block)."""
        blocks = (self._trusted if trusted_only else self._any).get(piece, ())
        block = offset // BLOCK
        while block in blocks:
            block += 1
        return max(0, block * BLOCK - offset)

    def served(self, piece: int, owner: Owner) -> None:
        """Some of the piece's unchecked bytes go to ``owner``."""
        self._served.setdefault(piece, set()).add(owner)

    def proven(self, pieces: Iterable[int]) -> None:
        """These pieces were checked and right."""
        for piece in pieces:
            self.disproven(piece)

    def disproven(self, piece: int) -> set[Owner]:
        """A piece was wrong: its blocks are void; returns who was served from it."""
        self._any.pop(piece, None)
        self._trusted.pop(piece, None)
        return self._served.pop(piece, set())
