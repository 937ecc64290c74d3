"""What plots show, as numbers: nothing here draws.

Piece arrivals are shown on a folded axis: a viewer who seeks touches a few dozen of hundreds of pieces, at four or five
places; the stretches between those places are folded away, so that each block keeps a height that can be seen. What
came from there nevertheless is shown in a narrow strip of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.arrivals import BLOCK, Block
from bench.figures import (
    FIRST_FRAME,
    NEVER,
    OURS,
    Figure,
    Measure,
    best_rival,
    figure,
    is_ours,
    is_rival,
    sound,
)
from bench.model import Limit, Row
from bench.targets import Bench

MOST_PLACES = 12
"""Stretches of a folded axis; more could not be told apart."""
AHEAD = 12_000_000
"""Bytes beyond what a player reads for one frame that still belong to the place: what tools fetch ahead first."""
ELSEWHERE = 0.12
"""Share of the axis for blocks from places that are folded away."""
LEAST_SHARE = 0.07
"""Of the axis, for a stretch however short it is: room for its label."""
GAP_SHARE = 0.02
LABEL_SHARE = 0.1
"""Of the time axis, for the label of a wait."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One tool in one panel; ``limit`` is what physics allows there."""

    tool: str
    kind: str
    figure: Figure
    limit: float | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pieces ``first`` to ``last`` and where they lie on the axis: piece p from ``base + scale * (p - first)`` on."""

    first: int
    last: int
    base: float
    scale: float


@dataclass(frozen=True, slots=True)
class Wait:
    """The viewer waits, from and until (seconds from the launch), for ranges of pieces that the player reads."""

    title: str
    begin: float
    end: float
    pieces: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A block that was sent: seconds from the launch, place in pieces, which peer."""

    at: float
    piece: float
    peer: int


def kind_of(tool: str) -> str:
    """How a tool is coloured: ours, eager, rival or mark."""
    if is_ours(tool):
        return "ours" if tool == OURS else "eager"
    return "rival" if is_rival(tool) else "mark"


def bars(bench: Bench, measure: Measure) -> list[Bar]:
    """The tools that were measured, in the order of the tables."""
    least = measure.limit(bench.limit) if bench.limit else None
    found = [(tool, figure(rows, measure)) for tool, rows in bench.tools.items()]
    return [Bar(tool, kind_of(tool), entry, least) for tool, entry in found if entry is not None]


def reach(shown: Sequence[Bar]) -> float:
    """Where the time axis ends: at the slowest, but no more than 6 times the limit (or our own median), lest one that
    is very slow hides the differences between the others."""
    finite = [bar.figure.high for bar in shown if bar.figure.high != NEVER]
    finite += [bar.figure.median for bar in shown if bar.figure.median != NEVER]
    if not finite:
        return 1.0
    base = max([bar.limit for bar in shown if bar.limit] + [b.figure.median for b in shown if b.kind == "ours"] + [0.0])
    return min(max(finite), 6 * base if 0 < base < NEVER else math.inf) * 1.05


def typical(rows: Iterable[Row]) -> Row | None:
    """The sound run with a log of blocks whose first frame is nearest the median."""
    logged = [row for row in sound(rows) if row.arrivals and row.launched is not None and row.first_frame is not None]
    middle = figure(logged, FIRST_FRAME)
    if middle is None:
        return None
    return min(logged, key=lambda row: abs((row.first_frame or 0.0) - middle.median))


def pair(bench: Bench) -> list[Row]:
    """The typical run of Headrace and, if there is one with a log, that of the best rival."""
    rival = best_rival(bench.tools, FIRST_FRAME)
    tools = [OURS] + ([rival[0]] if rival else [])
    return [row for tool in tools if (row := typical(bench.tools.get(tool, ()))) is not None]


def waits(row: Row, limit: Limit | None) -> list[Wait]:
    """When the viewer waits in a run, and for what."""
    found = []
    if row.first_frame is not None:
        found.append(Wait("first frame", 0.0, row.first_frame, _heads(limit, "start")))
    for seek in row.seeks:
        if seek.at is not None and seek.seconds is not None:
            pieces = _heads(limit, f"{seek.to:g}")
            found.append(Wait(f"to {seek.to:.0%}", seek.at, seek.at + seek.seconds, pieces))
    return found


def labels(found: Sequence[Wait], end: float) -> list[tuple[float, str]]:
    """Where to write what about waits that begin before ``end``; those too near one another share a label."""
    groups: list[list[Wait]] = []
    for wait in sorted(found, key=lambda one: one.begin):
        if wait.begin >= end:
            continue
        if groups and wait.begin - groups[-1][0].begin < LABEL_SHARE * end:
            groups[-1].append(wait)
        else:
            groups.append([wait])
    return [(group[0].begin, _label(group)) for group in groups]


def _label(group: Sequence[Wait]) -> str:
    between = "\n" if len(group) == 1 else " "
    return "\n".join(f"{wait.title}{between}{wait.end - wait.begin:.2f} s" for wait in group)


def extent(row: Row) -> float:
    """Seconds from the launch that a diagram shows: until a second after the last frame that was waited for."""
    return max((wait.end for wait in waits(row, None)), default=0.0) + 1.0


def _heads(limit: Limit | None, name: str) -> tuple[tuple[float, float], ...]:
    """The ranges that the player reads, in pieces and parts of them."""
    if limit is None or not limit.piece_length:
        return ()
    spans = limit.heads.get(name, [])
    return tuple(((limit.offset + a) / limit.piece_length, (limit.offset + b) / limit.piece_length) for a, b in spans)


def dots(blocks: Iterable[Block], launched: float, piece_length: int, until: float) -> list[Dot]:
    """Blocks that were sent until ``until`` seconds after the launch."""
    share = BLOCK / piece_length
    return [
        Dot(block.at - launched, block.piece + block.block * share, block.peer)
        for block in blocks
        if 0 <= block.at - launched <= until
    ]


def thin(shown: Sequence[Dot], most: int) -> list[Dot]:
    """At most ``most`` dots, evenly chosen."""
    step = max(1, math.ceil(len(shown) / most))
    return list(shown[::step])


def fold(pieces: Iterable[int]) -> list[Stretch]:
    """Stretches of the axis that hold all these pieces, in at most ``MOST_PLACES``; the axis goes from 0 to 1."""
    runs = _runs(sorted(set(pieces)))
    if not runs:
        return []
    gaps = GAP_SHARE * (len(runs) - 1)
    total = sum(last - first + 1 for first, last in runs)
    wished = [max((last - first + 1) / total, LEAST_SHARE) for first, last in runs]
    room = (1 - gaps) / sum(wished)
    stretches, base = [], 0.0
    for (first, last), share in zip(runs, wished, strict=True):
        height = share * room
        stretches.append(Stretch(first, last, base, height / (last - first + 1)))
        base += height + GAP_SHARE
    return stretches


def _runs(pieces: Sequence[int]) -> list[tuple[int, int]]:
    """First and last pieces of what belongs together: parted at the widest gaps, of at least four pieces."""
    gaps = sorted(((b - a, index) for index, (a, b) in enumerate(pairwise(pieces))), reverse=True)
    cuts = sorted(index + 1 for width, index in gaps[: MOST_PLACES - 1] if width > 4)
    borders = [0, *cuts, len(pieces)]
    return [(pieces[a], pieces[b - 1]) for a, b in pairwise(borders) if b > a]


def place(stretches: Sequence[Stretch], piece: float) -> float | None:
    """Where a piece, or a point in it, lies on the folded axis; None if it is folded away."""
    for stretch in stretches:
        if stretch.first <= piece <= stretch.last + 1:
            return stretch.base + stretch.scale * (piece - stretch.first)
    return None


def touched(limit: Limit, last: int) -> set[int]:
    """The pieces that the player reads at any of its places, and those ahead; none beyond ``last``."""
    ahead = AHEAD // limit.piece_length
    spans = [span for name in limit.heads for span in _heads(limit, name)]
    found = {piece for a, b in spans for piece in range(int(a), math.ceil(b) + ahead)}
    return {piece for piece in found if piece <= last}


def axis_of(limit: Limit, shown: Sequence[Sequence[Dot]]) -> list[Stretch]:
    """The folded axis for several runs: the places that the player reads; all pieces that came, if most of what the
    first run fetched lies elsewhere (it plays on)."""
    came = {int(dot.piece) for found in shown for dot in found}
    read = touched(limit, max(came, default=0))
    first = shown[0] if shown else ()
    elsewhere = sum(1 for dot in first if int(dot.piece) not in read)
    return fold(read if 2 * elsewhere <= len(first) else came | read)
