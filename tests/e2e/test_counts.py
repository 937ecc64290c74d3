"""What one viewing in a small real swarm costs in bytes, wishes and order: regressions that seconds would hide.

Counts only, never seconds: a loaded machine may take its time. The bounds are as wide as those in
``tests/sim/test_counts.py``, with room for what a real engine does besides; what broke them on purpose is said beside
each. Reads go to the product's own readers: the start of a player would let time pass, and with it bytes.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from kit.stack import Stack, stack

from headrace.core.events import Ready
from headrace.engine.base import Change, Event, PiecesReady
from headrace.streaming.reader import Reader
from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

KIB = 1024
PIECE = 256 * KIB
SEEDS, RATE = 4, 250_000
"""1 MB a second for a film of a quarter of that: what is in flight is a second of it, a piece for each seed."""
NEEDED = 256 * KIB
"""What is read before a picture is shown, at the start as after a seek."""
PLAYED = 16
"""Pieces that have come when the viewer seeks."""
TARGET = 0.7
Counts = dict[str, float]

BOUNDS: dict[str, tuple[float, float]] = {
    # 2 (the first and the last), or 4 when the seeds answered before the index was known. Old wishes kept: 18; the pins
    # ignored, or the rest of the film before what is needed: all 61.
    "pieces before the first picture": (2, 8),
    # Second or fourth, likewise. Nothing withheld: seventh. Old wishes kept: 18th.
    "place of the film's end in the order of arrival": (1, 5),
    # 7 or 9. Every plan told whole: 14 here, and more below.
    "changes before the first picture": (1, 25),
    # 16 or 17: START_BYTES, since no rate is known, and the index. The whole film wanted at once: 61.
    "pieces wanted at once": (2, 40),
    # 0.93 to 1: peers are equal.
    "share of pieces that came after the one before": (0.6, 1.0),
    # 3 or 4: the two that are read, and what seeds had begun to send. The old window kept: 7.
    "pieces from the seek to its picture": (1, 9),
    # 1 or 2, as each of four seeds has at most one on its way. The old window kept: 5.
    "of these, of the old place": (0, 4),
    # 5: a piece more each time that seeds were asked for all.
    "changes from the seek to its picture": (1, 16),
    # Once; twice if the head comes to the next piece before anything was read. Never, when the seek is not told of.
    "times that requests were withdrawn": (1, 2),
    # 1.01 to 1.03: blocks that two seeds sent, at the seek and at the end.
    "bytes fetched per byte of the film": (1.0, 1.2),
    # 0.84 to 1.02. Every plan told whole: 2.4. The whole film wanted at once: 0.13.
    "changes per piece": (0.2, 2.2),
    # 2.2: START_BYTES withdrawn and wanted again at each step of the index. Every plan told whole: 14.
    "priorities per piece": (1.0, 6.0),
}


def beyond(counts: Counts) -> list[str]:
    """The counts that are not within their bounds."""
    assert counts.keys() == BOUNDS.keys()
    found = ((name, count, *BOUNDS[name]) for name, count in counts.items())
    return [
        f"{name}: {count:g}, not {low:g} to {high:g}" for name, count, low, high in found if not low <= count <= high
    ]


class Told:
    """What the engine was told and what it told, from its metadata on."""

    def __init__(self, running: Stack) -> None:
        self.changes: list[Change] = []
        self.most = 0
        """Pieces that were wanted and missing at once."""
        self._wanted: set[int] = set()
        self.order: list[int] = []
        torrent = running.torrent
        self._apply, self._hear = torrent.handle.apply, torrent.handle_event
        torrent.handle.apply = self._change  # type: ignore[method-assign]
        torrent.handle_event = self._event  # type: ignore[method-assign]

    def _change(self, change: Change) -> None:
        self.changes.append(change)
        self._wanted = (self._wanted | set(change.want)) - set(change.drop)
        self.most = max(self.most, len(self._wanted))
        self._apply(change)

    def _event(self, event: Event) -> None:
        if isinstance(event, PiecesReady):
            self.order.extend(event.pieces)
            self._wanted.difference_update(event.pieces)
        self._hear(event)


async def read(reader: Reader, count: int) -> None:
    """So many bytes."""
    while count > 0:
        count -= len(await reader.read(count))


def rising(order: list[int]) -> float:
    """The share of pieces that came after the one before them in the file."""
    return sum(after > before for before, after in pairwise(order)) / (len(order) - 1)


def priorities(changes: list[Change]) -> int:
    """How often the engine was told of a piece."""
    return sum(len(change.want) + len(change.drop) for change in changes)


async def start(running: Stack, told: Told) -> Counts:
    """As a player: the index and the first bytes; and a few seconds of play."""
    last = (await running.torrent.metadata(20)).num_pieces - 1
    async with running.torrent.main_video().open() as reader:
        await running.notes.until(lambda note: isinstance(note, Ready))
        await read(reader, NEEDED)
        counts: Counts = {
            "pieces before the first picture": len(told.order),
            "place of the film's end in the order of arrival": told.order.index(last) + 1,
            "changes before the first picture": len(told.changes),
        }
        while len(told.order) < PLAYED:
            await read(reader, 64 * KIB)
    counts["pieces wanted at once"] = told.most
    played = [piece for piece in told.order if piece < last - 2]
    counts["share of pieces that came after the one before"] = rising(played)
    return counts


async def seek(running: Stack, told: Told) -> Counts:
    """To where nothing is yet, as players do: with a new request."""
    file, layout = running.torrent.main_video(), await running.torrent.metadata()
    target, had, changed = int(TARGET * file.size), len(told.order), len(told.changes)
    async with file.open(target) as reader:
        await read(reader, NEEDED)
    place, meanwhile, changes = layout.piece_at(file.entry.offset + target), told.order[had:], told.changes[changed:]
    return {
        "pieces from the seek to its picture": len(meanwhile),
        "of these, of the old place": sum(piece < place for piece in meanwhile),
        "changes from the seek to its picture": len(changes),
        "times that requests were withdrawn": sum(change.jump is not None for change in changes),
    }


async def test_a_start_a_seek_and_the_whole_film(films: dict[str, Path], data: Path) -> None:
    """Four equal seeds, the index at the end of the film."""
    film = films["last.mp4"]
    async with (
        LocalSwarm(film, seeds=SEEDS, rate=RATE, piece_length=PIECE) as swarm,
        stack(swarm.magnet, data) as running,
    ):
        told = Told(running)
        counts = await start(running, told) | await seek(running, told)
        for number in range(SEEDS):
            await swarm.set_rate(number, 0)
        await running.complete()
        downloaded = (await running.torrent.last_status()).downloaded
    pieces = len(told.order)
    counts["bytes fetched per byte of the film"] = downloaded / film.stat().st_size
    counts["changes per piece"] = len(told.changes) / pieces
    counts["priorities per piece"] = priorities(told.changes) / pieces
    print(counts)
    assert beyond(counts) == []
