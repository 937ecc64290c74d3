"""Who holds up a piece that a viewer waits for.

Rules: no clock; a look is taken every ``LOOK_SECONDS`` while all blocks of the piece have been asked for. Nobody is let
go at the first look, nor unless two others can take over. Every new peer is handed four blocks of what is needed first,
however slow it is: one of 60 kB/s keeps them for a second when the rest of the swarm needs a fifth of that (measured in
a mixed swarm: first frame 2.4 s, 1.85 s when such blocks are taken away; seeks 1.2 s, 0.8 s).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headrace.core.pieces import BLOCK

LOOK_SECONDS = 0.1
"""Between two looks: about a round trip."""
FAR_SLOWER = 5
"""A straggler has delivered less than this fraction of what a good peer (of the best quarter, the last one) has, both
since it was met and lately: in a swarm where all are slow, each is without a block for a second now and then."""
SILENT_SECONDS, SILENT_BLOCKS = 0.5, 4
"""Silence makes a straggler of a peer that was quick: so many seconds, and so many blocks that would have come."""
SUCCESSORS = 2
"""So many peers that can take over must be left, and they must have delivered as much as those that are let go."""


class Sender(NamedTuple):
    """One address that pieces come from. ``received`` bytes since it was met; ``rate`` in bytes per second, over the
    last seconds; ``held``: blocks of the piece that it was asked for; ``able``: it has the piece and lets us download.
    """

    address: str
    received: int
    rate: int
    held: frozenset[int]
    able: bool


class Stragglers:
    """Looks at the senders of a piece, again and again."""

    def __init__(self) -> None:
        self._piece = -1
        self._before: dict[str, Sender] = {}
        self._silent: dict[str, tuple[int, int]] = {}
        """Looks without a byte, and the rate when they began; in the first second, when the engine has measured none
        yet, what came in that second."""

    def look(self, piece: int, senders: Sequence[Sender]) -> tuple[str, ...]:
        """Addresses to let go now, so that others are asked for their blocks. Another piece: nothing of the last one
        counts."""
        if piece != self._piece:
            self._piece, self._before, self._silent = piece, {}, {}
        able = [sender for sender in senders if sender.able]
        good_rate, good_sum = _good(sender.rate for sender in able), _good(sender.received for sender in able)
        self._count_silence(senders)
        late = {sender.address for sender in senders if self._has_fallen_silent(sender)}
        late |= {one.address for one in senders if _far_less(one.rate, good_rate) and _far_less(one.received, good_sum)}
        found = tuple(sender.address for sender in senders if sender.address in late and self._keeps(sender))
        self._before = {sender.address: sender for sender in senders}
        left = [sender.received for sender in able if sender.address not in late]
        lost = sum(sender.received for sender in senders if sender.address in found)
        return found if len(left) >= SUCCESSORS and sum(left) >= lost else ()

    def _keeps(self, sender: Sender) -> bool:
        """Whether it held one of its blocks at the last look already."""
        before = self._before.get(sender.address)
        return before is not None and not sender.held.isdisjoint(before.held)

    def _count_silence(self, senders: Iterable[Sender]) -> None:
        counts = {}
        measured = any(sender.rate for sender in senders)
        for sender in senders:
            before = self._before.get(sender.address)
            if before is not None and sender.received == before.received and self._keeps(sender):
                looks, rate = self._silent.get(sender.address, (0, before.rate if measured else before.received))
                counts[sender.address] = looks + 1, rate
        self._silent = counts

    def _has_fallen_silent(self, sender: Sender) -> bool:
        looks, rate = self._silent.get(sender.address, (0, 0))
        seconds = looks * LOOK_SECONDS
        return seconds >= SILENT_SECONDS and seconds * rate >= SILENT_BLOCKS * BLOCK


def _good(figures: Iterable[int]) -> int:
    """The last of the best quarter, at least the second: one very quick peer is no measure for the others."""
    best = sorted(figures, reverse=True)
    return best[min(max(1, len(best) // 4), len(best) - 1)] if best else 0


def _far_less(figure: int, good: int) -> bool:
    """Rates are all 0 in the first second: then they say nothing."""
    return figure * FAR_SLOWER < good or good == 0
