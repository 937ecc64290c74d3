"""What the fake engine was told and what came, played back: what was wanted at any moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby

from headrace.core.pieces import Layout
from headrace.core.spans import Span
from headrace.engine.base import Change


class Ledger:
    """Wishes and arrivals of one torrent. Rules: only what the engine saw counts, never what a plan says of itself."""

    def __init__(self, layout: Layout, changes: list[tuple[float, Change]], arrivals: list[tuple[float, int]]) -> None:
        self.layout, self.changes, self.arrivals = layout, changes, arrivals

    def moments(self) -> Iterator[tuple[float, set[int], set[int]]]:
        """At the end of each instant in which something happened: when, what is wanted and missing, what is had."""
        wanted, had = set[int](), set[int]()
        happened: list[tuple[float, Change | int]] = sorted([*self.changes, *self.arrivals], key=lambda entry: entry[0])
        for at, entries in groupby(happened, key=lambda entry: entry[0]):
            for _, entry in entries:
                if isinstance(entry, Change):
                    wanted = (wanted | set(entry.want)) - set(entry.drop)
                else:
                    had.add(entry)
            yield at, wanted - had, set(had)

    def wanted_at(self, when: float) -> set[int]:
        """What was wanted and missing after all that happened until then."""
        last = set[int]()
        for at, wanted, _ in self.moments():
            if at > when:
                break
            last = wanted
        return last

    def dry(self, goal: Iterable[int]) -> list[float]:
        """When nothing was wanted although some of the goal was missing, from the first wish on."""
        goal = set(goal)
        return [at for at, wanted, had in self.moments() if not wanted and not goal <= had]

    def first_wish(self, pieces: Iterable[int]) -> float:
        """When any of these pieces was first asked for."""
        pieces = set(pieces)
        return next(at for at, change in self.changes if pieces & set(change.want))

    def came(self, piece: int) -> float:
        """When a piece was there."""
        return next(at for at, arrived in self.arrivals if arrived == piece)

    def order(self, since: float = 0.0, until: float = float("inf")) -> list[int]:
        """The pieces in the order of their arrival."""
        return [piece for at, piece in self.arrivals if since <= at <= until]

    def bytes_until(self, when: float, *, but: Iterable[Span] = ()) -> int:
        """What had arrived by then, in whole pieces, without the pieces of some spans."""
        spared = {piece for span in but for piece in self.layout.pieces_of(span)}
        count = bisect_right(self.arrivals, when, key=lambda arrival: arrival[0])
        return sum(self.layout.span_of(piece).size for _, piece in self.arrivals[:count] if piece not in spared)

    def most_wanted(self, since: float, until: float) -> int:
        """The largest number of pieces that were wanted at once in this time."""
        return max(len(wanted) for at, wanted, _ in self.moments() if since <= at <= until)
