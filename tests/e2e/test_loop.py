"""Nothing of ours holds the event loop while much goes through it."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from asyncio.events import Handle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kit.films import sha256
from kit.stack import stack

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

SIZE = 100_000_000
FETCH = """
import hashlib, sys, time, urllib.request
began, digest = time.monotonic(), hashlib.sha256()
with urllib.request.urlopen(sys.argv[1]) as body:
    while data := body.read(1 << 20):
        digest.update(data)
print(digest.hexdigest(), time.monotonic() - began)
"""
BOUND = 0.005
"""Seconds of the processor that one callback of ours may take."""


class Longest(NamedTuple):
    wall: float
    processor: float
    what: str


class Watch:
    """Times every callback of the event loop: on a busy machine the clock also counts what others do, the processor's
    own time does not."""

    def __init__(self) -> None:
        self.longest = Longest(0.0, 0.0, "")
        self.latest = Longest(0.0, 0.0, "")
        self.count = 0

    def run(self, original: Any, handle: Handle) -> None:
        """In place of ``Handle._run``."""
        wall, processor = time.perf_counter(), time.thread_time()
        what = str(handle)
        try:
            original(handle)
        finally:
            took = Longest(time.perf_counter() - wall, time.thread_time() - processor, what)
            self.count += 1
            self.longest = max(self.longest, took, key=lambda one: one.processor)
            self.latest = max(self.latest, took)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for some seconds at full speed."""
    path = tmp_path_factory.mktemp("large") / "large.mkv"
    chance = random.Random(5)
    with path.open("wb") as file:
        for _ in range(SIZE // 1_000_000):
            file.write(chance.randbytes(1_000_000))
    return path


@pytest.fixture
def as_in_a_process_of_its_own() -> Iterator[None]:
    """What thousands of tests before left in memory is nothing that the garbage collector has to look through here:
    it takes 140 ms then, in whichever callback its turn comes."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("as_in_a_process_of_its_own")
async def test_no_callback_holds_the_loop_at_full_speed(
    large: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, original = Watch(), Handle._run  # type: ignore[attr-defined]
    async with LocalSwarm(large, seeds=3, piece_length=1 << 20) as swarm, stack(swarm.magnet, data) as running:
        monkeypatch.setattr(Handle, "_run", lambda handle: watch.run(original, handle))
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FETCH, running.url(), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(client.communicate(), 90)
        monkeypatch.undo()
    digest, seconds = out.decode().split()
    rate = SIZE / float(seconds)
    print(
        f"{rate / 1e6:.0f} MB/s, {watch.count} callbacks; longest by processor {watch.longest}, by clock {watch.latest}"
    )
    assert digest == sha256(large)
    assert rate > 10_000_000
    assert watch.longest.processor < BOUND, watch.longest
