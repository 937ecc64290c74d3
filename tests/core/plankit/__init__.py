"""A small world for the planner's tests: 200 bytes in pieces of 16, with tiers and budgets that bite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from headrace.core import planner
from headrace.core.heads import Head
from headrace.core.pieces import FileEntry, Layout
from headrace.core.planner import Rates, World

PIECE, TOTAL = 16, 200
PIECES = -(-TOTAL // PIECE)
SMALL = {
    "CRITICAL_BYTES": 24,
    "SEEK_BYTES": 40,
    "TIER1_BYTES": 48,
    "TIER1_SECONDS": 2.0,
    "TIER2_BYTES": 96,
    "TIER2_SECONDS": 6.0,
    "START_BYTES": 40,
    "FLOOR_BYTES": 32,
    "CEILING_BYTES": 112,
    "HANDED_SECONDS": 0.5,
    "READING_FACTOR": 2.0,
    "COMFORTABLE_FACTOR": 3.0,
    "ASSUMED_BITRATE": 16,
    "FRESH_SECONDS": 2.0,
    "HINT_DELAY": 4.0,
}
PLENTY = Rates(delivery=1e9)


@pytest.fixture(scope="module", autouse=True)
def small_world() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(planner, name, value)
        yield


def layout_of(total: int = TOTAL) -> Layout:
    return Layout("t", PIECE, total, (FileEntry(0, "t", total, 0),))


def world(have: Iterable[int] = (), heads: Iterable[Head] = (), total: int = TOTAL, **more: object) -> World:
    layout = layout_of(total)
    there = set(have)
    return World(layout, bytearray(p in there for p in range(layout.num_pieces)), tuple(heads), **more)  # type: ignore[arg-type]


def head(position: int, *, since: float = 0.0, id: int = 1, fresh: bool = False, **more: bool) -> Head:
    return Head(id, position, TOTAL, since, fresh=fresh, **more)
