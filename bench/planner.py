"""What a new plan costs: 50 GB in 100,000 pieces, with 1, 10 and 50 readers.

    PYTHONPATH=src python bench/planner.py

The claims: a plan and its difference from the last one in under 5 ms, and under 50 MB for all that planning needs.
Time is CPU time, without tracing (so that other work on the machine does not count); memory is taken in a second run
(tracemalloc: what was allocated since, at its highest).
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

SIZE, PIECES = 50_000_000_000, 100_000
RATES = Rates(delivery=100e6, bitrate=5e6)
"""A gigabit line and a 40 Mbit/s video: the largest windows and hands that are of use."""

Scene = Callable[[random.Random, int], tuple[bytearray, list[Head]]]


def layout() -> Layout:
    """One file."""
    return Layout("film", SIZE // PIECES, SIZE, (FileEntry(0, "film", SIZE, 0),))


def _heads(rng: random.Random, count: int) -> list[Head]:
    places = [rng.randrange(SIZE) for _ in range(count)]
    return [Head(n, at, SIZE, float(n), rng.random() < 0.5, rng.random() < 0.2) for n, at in enumerate(places)]


def empty(rng: random.Random, count: int) -> tuple[bytearray, list[Head]]:
    """Nothing is there yet."""
    return bytearray(PIECES), _heads(rng, count)


def scattered(rng: random.Random, count: int) -> tuple[bytearray, list[Head]]:
    """Every second piece is there: the search for what is missing finds the least per step."""
    return bytearray([1, 0]) * (PIECES // 2), _heads(rng, count)


def nearly_whole(rng: random.Random, count: int) -> tuple[bytearray, list[Head]]:
    """Ten pieces are missing somewhere: the search goes through all that is there."""
    have = bytearray([1]) * PIECES
    for piece in rng.sample(range(PIECES), 10):
        have[piece] = 0
    return have, _heads(rng, count)


SCENES: tuple[Scene, ...] = (empty, scattered, nearly_whole)


def steps(scene: Scene, count: int, rounds: int) -> Iterator[Callable[[], Plan]]:
    """Plans to be made in a row: after each a piece comes and a reader moves on; every tenth time it seeks."""
    rng = random.Random(1)
    have, heads = scene(rng, count)
    one = layout()
    last = Plan()
    for number in range(rounds):
        world = World(one, have, tuple(heads), (Span(0, 1), Span(SIZE - 1, SIZE)), (), (range(PIECES),), RATES)

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
        far = rng.randrange(SIZE) if number % 10 == 0 else min(SIZE - 1, old.position + one.piece_length)
        heads[moved] = Head(old.id, far, SIZE, 100.0 + number, rng.random() < 0.5, number % 10 == 0)


def measure(scene: Scene, count: int, rounds: int) -> tuple[list[float], int, int]:
    """Milliseconds of CPU of each plan; pieces handed at most; bytes at most."""
    times, handed = [], 0
    for step in steps(scene, count, rounds):
        begun = time.thread_time()
        made = step()
        times.append(1000 * (time.thread_time() - begun))
        handed = max(handed, len(made.wanted))
    tracemalloc.start()
    for step in steps(scene, count, max(10, rounds // 10)):
        step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return times, handed, most


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500, help="plans of each kind (default: 500)")
    rounds = parser.parse_args().rounds
    print(f"{SIZE / 1e9:.0f} GB, {PIECES:,} pieces, {rounds} plans each; bounds: 5 ms, 50 MB\n")
    print("| have | heads | handed | median ms | 99 % ms | max ms | memory MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for scene in SCENES:
        for count in (1, 10, 50):
            times, handed, most = measure(scene, count, rounds)
            times.sort()
            figures = (statistics.median(times), times[int(0.99 * (len(times) - 1))], times[-1])
            milliseconds = " | ".join(f"{value:.2f}" for value in figures)
            print(f"| {scene.__name__} | {count} | {handed} | {milliseconds} | {most / 1e6:.2f} |")


if __name__ == "__main__":
    main()
