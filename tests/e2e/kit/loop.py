"""Times every callback of the event loop while a film goes through it at full speed, in a process of its own.

One that has run thousands of tests has their objects for the garbage collector to look through, in whichever callback
its turn comes.

    python -m kit.loop FILM FOLDER
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.events import Handle
from pathlib import Path
from typing import Any, NamedTuple

from headrace.testing.local_swarm import LocalSwarm
from kit.stack import stack

FETCH = """
import hashlib, sys, time, urllib.request
began, digest = time.monotonic(), hashlib.sha256()
with urllib.request.urlopen(sys.argv[1]) as body:
    while data := body.read(1 << 20):
        digest.update(data)
print(digest.hexdigest(), time.monotonic() - began)
"""


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


async def measure(film: Path, folder: Path) -> dict[str, Any]:
    """Digest and seconds of the client; how many callbacks there were, and the longest ones."""
    watch, original = Watch(), Handle._run  # type: ignore[attr-defined]
    async with LocalSwarm(film, seeds=3, piece_length=1 << 20) as swarm, stack(swarm.magnet, folder) as running:
        Handle._run = lambda handle: watch.run(original, handle)  # type: ignore[attr-defined]
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FETCH, running.url(), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(client.communicate(), 90)
        Handle._run = original  # type: ignore[attr-defined]
    digest, seconds = out.decode().split()
    return {
        "digest": digest,
        "seconds": float(seconds),
        "callbacks": watch.count,
        "longest": watch.longest._asdict(),
        "latest": watch.latest._asdict(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1]), Path(sys.argv[2])))))
