"""Which "all is written" of libtorrent's is about what.

Rules: libtorrent's alert does not say whose wish it answers, and libtorrent flushes by itself whenever a torrent is
finished. Answers come in the order of the wishes, so that the last of as many answers as can be due, and one more, is
about what was there when that one was asked for. One question at a time; nothing is proved too early, ever: what was
fetched after a flush began may not be in the file when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable


class Flushes:
    """One torrent's flushes, and the pieces that they are about."""

    def __init__(self) -> None:
        self._due = 0
        """Answers that may come still."""
        self._needed = 0
        """Of these, until the question is answered."""
        self._pieces: set[int] = set()
        self.again = False
        """Somebody asked while a question was open."""

    def engines_own(self) -> None:
        """libtorrent begins one by itself."""
        self._due += 1

    def ask(self, pieces: Iterable[int]) -> int:
        """Are these written? How often libtorrent is to be asked to flush now; 0 with another question open."""
        if self._needed:
            self.again = True
            return 0
        self.again, self._pieces = False, set(pieces)
        if self._pieces:
            self._needed = self._due + 1
            self._due += self._needed
        return self._needed

    def answered(self) -> set[int]:
        """An answer came; the pieces that are written by it."""
        self._due = max(0, self._due - 1)
        if self._needed:
            self._needed -= 1
        if self._needed:
            return set()
        pieces, self._pieces = self._pieces, set()
        return pieces

    def forget(self, piece: int) -> None:
        """It is fetched anew: the question is not about that."""
        self._pieces.discard(piece)
