"""When may a piece be read from its file?

Rules: libtorrent says that a piece is finished when its hash was right, which may be before its blocks are written
(measured: with the default settings 10 of 31 pieces read wrong at that moment). A block's own "finished" comes after
its write. So a piece is ready when it passed *and* every block was written since it was last asked for. Blocks that
hold nothing but padding (BEP 47) are never asked for, nor written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from headrace.core.pieces import BLOCK, Layout, missing_in
from headrace.engine.flushes import Flushes


class Readiness:
    """The blocks written of pieces that are on their way. ``have`` is one byte per piece, 1 when ready."""

    def __init__(self) -> None:
        self.have = bytearray()
        self._layout: Layout | None = None
        self._pads: list[tuple[int, int]] = []
        self._written: dict[int, int] = {}
        self._requested: dict[int, int] = {}
        self._passed: set[int] = set()
        self._flushes = Flushes()
        self._doubtful: set[int] = set()
        """Right by their hash when a write failed: that everything was flushed says nothing of them."""
        self._asked: set[int] | None = set()  # until what lay on the disk is known
        self._senders: dict[int, set[object]] = {}
        self._good: set[object] = set()
        self._bad: set[object] = set()

    def start(self, layout: Layout, on_disk: Mapping[int, Sequence[bool]]) -> None:
        """The metadata is there; ``on_disk`` are the blocks of unfinished pieces that saved state says were written."""
        self._layout = layout
        self.have.extend(bytes(layout.num_pieces))
        # libtorrent takes no notice of padding that does not reach to the end of a piece
        self._pads = sorted(
            (entry.offset, entry.span.end)
            for entry in layout.files
            if entry.pad and (entry.span.end % layout.piece_length == 0 or entry.span.end == layout.total_size)
        )
        for piece, blocks in on_disk.items():
            self._written[piece] = sum(1 << block for block, there in enumerate(blocks) if there)

    def asked(self, piece: int, block: int) -> bool:
        """A block is requested: what the file holds there is void, and so is a hash that was right before.

        (libtorrent fetches a piece anew when writing it failed.) True when it was the piece's last block to be asked
        for.
        """
        if self._asked is not None:
            self._asked.add(piece)
        self._forget_hash(piece)
        written, requested = self._written.get(piece, 0), self._requested.get(piece, 0)
        if written >> block & 1:
            self._written[piece] = written & ~(1 << block)
        self._requested[piece] = requested | 1 << block
        whole = self._all_blocks(piece)
        return requested | written != whole == self._requested[piece] | written

    def withdrawn(self, pieces: Iterable[int]) -> None:
        """Requests for these pieces may have been taken back."""
        for piece in pieces:
            self._requested.pop(piece, None)

    def in_flight(self) -> tuple[int, ...]:
        """Pieces of which something was requested."""
        return tuple(self._requested)

    def written(self, piece: int, block: int, sender: object = None) -> bool:
        """A block was written; True when that makes its piece ready."""
        self._written[piece] = self._written.get(piece, 0) | 1 << block
        if sender is not None:
            self._senders.setdefault(piece, set()).add(sender)
        return piece in self._passed and self._settle(piece)

    def passed(self, piece: int) -> bool:
        """The piece's hash was right; True when that makes it ready."""
        self._passed.add(piece)
        self._doubtful.discard(piece)
        return self._settle(piece)

    def failed(self, piece: int) -> None:
        """The piece's hash was wrong: some block of it will be asked for again."""
        self._forget_hash(piece)
        self._requested.pop(piece, None)
        self._bad |= self._senders.pop(piece, set())

    def trusted(self, sender: object) -> bool:
        """Whether the sender's pieces so far were right, and there was one."""
        return sender in self._good and sender not in self._bad

    def found(self, pieces: Iterable[int]) -> list[int]:
        """What lay on the disk when checking ended; returns those now ready (not what was asked for meanwhile)."""
        asked, self._asked = self._asked or set(), None
        ready = [piece for piece in pieces if piece not in asked and not self.have[piece]]
        for piece in ready:
            self.have[piece] = 1
            self._written.pop(piece, None)
            self._passed.discard(piece)
        return ready

    @property
    def all_passed(self) -> bool:
        """Whether every piece is ready or was right: libtorrent tells of no block any more then."""
        return all(piece in self._passed for piece in missing_in(self.have, range(len(self.have))))

    def finished(self) -> None:
        """libtorrent has all that is wanted, and flushes by itself."""
        self._flushes.engines_own()

    def flush_begins(self) -> int:
        """How often the engine is to be asked to write all that it holds: 0 when nothing is waited for, or when it was
        asked a moment ago."""
        return self._flushes.ask(self._passed)

    @property
    def flush_again(self) -> bool:
        """Whether to ask once more, now that an answer came."""
        return self._flushes.again

    def disk_failed(self) -> None:
        """Some write failed: of what passed and was not written yet, any block may be missing."""
        self._doubtful |= self._passed

    @property
    def in_doubt(self) -> bool:
        """Whether libtorrent thinks that it has all, while some of it may not have reached the disk: nothing more
        comes by itself then."""
        return not all(self.have[piece] for piece in self._doubtful) and self.all_passed

    def checks_anew(self) -> None:
        """The files are about to be looked at: ``found`` tells what is there, and the rest is fetched."""
        for piece in self._passed | self._doubtful:
            self._forget_hash(piece)
        self._written.clear()
        self._requested.clear()
        self._asked = set()  # what comes before the answer is not what was found

    def flushed(self) -> list[int]:
        """The engine has written what it held when it was asked, or began by itself; returns the pieces that are ready
        by that."""
        pieces = sorted(self._flushes.answered() & self._passed - self._doubtful)
        for piece in pieces:
            self._written[piece] = self._all_blocks(piece)
        return [piece for piece in pieces if self._settle(piece)]

    def _forget_hash(self, piece: int) -> None:
        self._passed.discard(piece)
        self._flushes.forget(piece)
        self._doubtful.discard(piece)

    def _settle(self, piece: int) -> bool:
        if self.have[piece] or self._written.get(piece, 0) != self._all_blocks(piece):
            return False
        self.have[piece] = 1
        self._written.pop(piece, None)
        self._requested.pop(piece, None)
        self._passed.discard(piece)
        self._good |= self._senders.pop(piece, set())
        return True

    def _all_blocks(self, piece: int) -> int:
        assert self._layout is not None
        span = self._layout.span_of(piece)
        end = span.end
        before = bisect_left(self._pads, (end,)) - 1
        if before >= 0 and self._pads[before][1] >= end:
            end = max(span.start, self._pads[before][0])
        return (1 << -(-(end - span.start) // BLOCK)) - 1
