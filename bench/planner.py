"""What a new plan costs: pieces of 500 kB, 100,000 of them (50 GB), with 1, 10 and 50 readers.

    PYTHONPATH=src python bench/planner.py

The claims: a plan and its difference from the last one in under 5 ms, and under 50 MB for all that planning needs.
Time is CPU time, without tracing (so that other work on the machine does not count); memory is taken in a second run
(tracemalloc: what was allocated since, at its highest, the have-map of one byte per piece included).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator

from headrace.core.heads import Head
from headrace.core.pieces import FileEntry, Layout
from headrace.core.planner import Plan, Rates, World, diff, plan
from headrace.core.spans import Span

PIECE, PIECES = 500_000, 100_000
HEADS = (1, 10, 50)
RATES = Rates(delivery=100e6, bitrate=5e6)
"""A gigabit line and a 40 Mbit/s video: the largest windows and hands that are of use."""

Scene = Callable[[random.Random, int], bytearray]


def layout(pieces: int) -> Layout:
    """One file."""
    size = pieces * PIECE
    return Layout("film", PIECE, size, (FileEntry(0, "film", size, 0),))


def _heads(rng: random.Random, count: int, size: int) -> list[Head]:
    return [Head(n, _place(rng, size), size, float(n), rng.random() < 0.5, rng.random() < 0.2) for n in range(count)]


def _place(rng: random.Random, size: int) -> int:
    """Somewhere. As a share of the size: so torrents of all sizes have their heads at the same places."""
    return int(rng.random() * size)


def empty(_: random.Random, pieces: int) -> bytearray:
    """Nothing is there yet."""
    return bytearray(pieces)


def scattered(_: random.Random, pieces: int) -> bytearray:
    """Every second piece is there: the search for what is missing finds the least per step."""
    return bytearray([1, 0]) * (pieces // 2)


def nearly_whole(rng: random.Random, pieces: int) -> bytearray:
    """Ten pieces are missing somewhere: the search goes through all that is there."""
    have = bytearray([1]) * pieces
    for _ in range(10):
        have[int(rng.random() * pieces)] = 0
    return have


SCENES: tuple[Scene, ...] = (empty, scattered, nearly_whole)


def steps(scene: Scene, pieces: int, count: int, rounds: int) -> Iterator[Callable[[], Plan]]:
    """Plans to be made in a row: after each a piece comes and a reader moves on; every tenth time it seeks."""
    rng = random.Random(1)
    one = layout(pieces)
    size = one.total_size
    have, heads = scene(random.Random(1), pieces), _heads(rng, count, size)
    last = Plan()
    for number in range(rounds):
        world = World(one, have, tuple(heads), (Span(0, 1), Span(size - 1, size)), (), (range(pieces),), RATES)

        def step(world: World = world, last: Plan = last, now: float = 100.0 + number) -> Plan:
            new = plan(world, now)
            diff(last, new, world.have)
            return new

        yield step
        last = step()
        for piece in last.wanted[:1]:
            have[piece] = 1
        moved = rng.randrange(count)
        old = heads[moved]
        far = _place(rng, size)  # drawn each time, so that all torrents draw alike
        near = min(size - 1, old.position + PIECE)
        sought = number % 10 == 0
        heads[moved] = Head(old.id, far if sought else near, size, 100.0 + number, rng.random() < 0.5, sought)


def times(scene: Scene, pieces: int, count: int, rounds: int) -> tuple[list[float], int]:
    """Milliseconds of each of that many plans with that many heads; the most pieces that one of them handed."""
    taken, handed = [], 0
    for step in steps(scene, pieces, count, rounds):
        begun = time.thread_time()
        made = step()
        taken.append(1000 * (time.thread_time() - begun))
        handed = max(handed, len(made.wanted))
    return taken, handed


def memory(scene: Scene, pieces: int, count: int, rounds: int) -> int:
    """The most bytes at once while that many plans are made."""
    tracemalloc.start()
    for step in steps(scene, pieces, count, rounds):
        step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def nearly_most(figures: list[float]) -> float:
    """What 99 of 100 do not exceed."""
    return sorted(figures)[int(0.99 * (len(figures) - 1))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500, help="plans of each kind (default: 500)")
    parser.add_argument("--pieces", type=int, default=PIECES, help="of the torrent (default: 100000)")
    given = parser.parse_args()
    size = given.pieces * PIECE / 1e9
    print(f"{size:g} GB, {given.pieces:,} pieces, {given.rounds} plans each; bounds: 5 ms, 50 MB\n")
    print("| have | heads | handed | median ms | 99 % ms | max ms | memory MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for scene in SCENES:
        for count in HEADS:
            taken, handed = times(scene, given.pieces, count, given.rounds)
            most = memory(scene, given.pieces, count, max(10, given.rounds // 10))
            figures = (statistics.median(taken), nearly_most(taken), max(taken))
            milliseconds = " | ".join(f"{value:.2f}" for value in figures)
            print(f"| {scene.__name__} | {count} | {handed} | {milliseconds} | {most / 1e6:.2f} |")


if __name__ == "__main__":
    main()
