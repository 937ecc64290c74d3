"""How well Headrace serves what it has: ``python -m bench serving``, or ``make bench-serving``.

Rules: Headrace and nginx in turn, in one run, on loopback, from one file; every figure of the report comes from rows
that are written beside it. Four parts: ``range`` (a verified 2 GiB range with 1, 4 and 20 clients), ``cold`` (a range
that is not in memory beside one that is), ``viewers`` (50 at 5 Mbit/s of a whole torrent) and ``growing`` (the same
while the torrent is still being fetched from seeds on this machine).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import serving_disk, serving_report, serving_servers
from bench.paths import ROOT, WORK
from bench.serving_disk import AS_IS, SPINNING, Disk
from bench.serving_rows import GIB, ColdRow, RangeRow, Row, ViewersRow, line, read_rows
from bench.serving_servers import Content, Served
from headrace.testing.swarm import LocalSwarm

SIZE = 2 * GIB
CLIENTS = (1, 4, 20)
REPETITIONS = {"range": 5, "cold": 3, "viewers": 2, "growing": 2}
HOT = (0, 256 << 20)
"""First byte and size of the range that is in memory."""
COLD = (1 << 30, 768 << 20)
COLD_SECONDS = 8.0
VIEWERS = 50
VIEWER_RATE = 5_000_000 / 8
BUFFER = 2.0
VIEW_SECONDS = 60.0
SEEDS = 4
SEED_RATE = 10_000_000
"""Bytes per second of each seed: together 1.28 times what the viewers take, so that fetching outlasts the viewing."""

Serving = contextlib.AbstractContextManager[Served]


class Bench:
    """One run: what is served, where rows go."""

    def __init__(self, work: Path, rows: Path, lock: Path) -> None:
        self.work, self._rows, self._lock = work, rows, lock
        self.made = serving_servers.content(work, SIZE)

    def keep(self, row: Row) -> None:
        """Write a row down and show it."""
        with self._rows.open("a") as file:
            file.write(line(row) + "\n")
        print(line(row), flush=True)

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Nobody else measures meanwhile, if all hold the same lock."""
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def headrace(self, program: Sequence[str] = serving_servers.HEADRACE) -> Serving:
        """Headrace, with all of the torrent."""
        return serving_servers.headrace(self.made, self.made.file.parents[1], program=program)

    def nginx(self) -> Serving:
        """nginx, with the same file."""
        return serving_servers.nginx(self.made, self.work / "nginx")


# a verified range
def ranges(bench: Bench, repetitions: int) -> None:
    """Throughput and processor time, for each number of clients in turn."""
    with bench.headrace() as ours, bench.nginx() as theirs, serving_disk.held(bench.made.file, 0, SIZE):
        check(ours, bench.made)
        for repetition in range(repetitions):
            servers = (ours, theirs) if repetition % 2 == 0 else (theirs, ours)
            with bench.quiet():
                for clients, served in itertools.product(CLIENTS, servers):
                    bench.keep(measure_range(served, clients))
                for served in servers:
                    bench.keep(measure_curl(served))


def check(served: Served, made: Content) -> None:
    """The range's bytes are those of the file."""
    url = f"http://127.0.0.1:{served.port}{served.path}"
    words = ["curl", "--silent", "--fail", "--range", f"0-{SIZE - 1}", url]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as client:
        subprocess.run(["cmp", "-", str(made.file)], stdin=client.stdout, check=True)


def measure_range(served: Served, clients: int) -> RangeRow:
    """Each client takes the whole range and throws it away unread."""
    before = served.cpu()
    found = run_client(client(served, "drain", clients=clients, count=SIZE))
    cpu = served.cpu() - before
    return RangeRow(served.name, "drain", clients, found["bytes"], found["seconds"], cpu, found["cpu"])


def measure_curl(served: Served) -> RangeRow:
    """One client that users have."""
    before, began, own = served.cpu(), time.monotonic(), os.times()
    url = f"http://127.0.0.1:{served.port}{served.path}"
    words = ["curl", "--silent", "--fail", "--output", os.devnull, "--range", f"0-{SIZE - 1}", url]
    subprocess.run(words, check=True)
    seconds, now = time.monotonic() - began, os.times()
    spent = now.children_user + now.children_system - own.children_user - own.children_system
    return RangeRow(served.name, "curl", 1, SIZE, seconds, served.cpu() - before, spent)


# a cold range
def cold(bench: Bench, repetitions: int) -> None:
    """A range that has to come from the disk, on the disk as it is and on a slow one."""
    disks = (AS_IS, SPINNING) if os.geteuid() == 0 else (AS_IS,)
    servers: tuple[Callable[[], Serving], ...] = (
        bench.headrace,
        lambda: bench.headrace(serving_servers.INSIDE),
        bench.nginx,
    )
    for _ in range(repetitions):
        with bench.quiet():
            for disk, start in itertools.product(disks, servers):
                with start() as served:
                    bench.keep(measure_cold(bench, served, disk))


def measure_cold(bench: Bench, served: Served, disk: Disk) -> ColdRow:
    """One client takes the cold range, one the hot one, one probes."""
    share = serving_disk.drop(bench.made.file, *COLD)
    with serving_disk.held(bench.made.file, *HOT), serving_disk.slowed(disk, bench.made.file, served.pid):
        began, faults = time.monotonic(), serving_servers.faults_of(served.pid)
        running = [
            client(served, "drain", first=COLD[0], count=COLD[1], seconds=COLD_SECONDS),
            client(served, "drain", "--again", first=HOT[0], count=HOT[1], seconds=COLD_SECONDS),
            client(served, "probe", path="/healthz", seconds=COLD_SECONDS),
        ]
        taken, hot, probed = (run_client(process) for process in running)
        ended = time.monotonic()
    return ColdRow(
        served.name,
        disk.name,
        share,
        taken["bytes"] / taken["seconds"],
        hot["bytes"] / hot["seconds"],
        hot["gap"],
        probed["probes"],
        probed["median"],
        probed["high"],
        probed["worst"],
        longest_stall(served, began, ended),
        serving_servers.faults_of(served.pid) - faults,
    )


def longest_stall(served: Served, began: float, ended: float) -> float | None:
    """Of the event loop, as a server that watches its own said; None for one that does not."""
    if served.said is None or not served.watched:
        return None
    late = serving_servers.events(served.said, "late")
    return max((event["seconds"] for event in late if began <= event["at"] <= ended), default=0.0)


# viewers
def viewers(bench: Bench, repetitions: int) -> None:
    """Many places of a torrent that is there whole."""
    with bench.headrace() as ours:
        for _ in range(repetitions):
            with bench.quiet():
                bench.keep(measure_viewers(ours, "whole"))


def growing(bench: Bench, repetitions: int) -> None:
    """Many places of a torrent that is being fetched."""
    for _ in range(repetitions):
        with bench.quiet():
            bench.keep(asyncio.run(_growing(bench)))


async def _growing(bench: Bench) -> ViewersRow:
    folder = bench.work / "growing"
    shutil.rmtree(folder, ignore_errors=True)
    torrent = bench.made.torrent.read_bytes()
    async with LocalSwarm(bench.made.file, seeds=SEEDS, rate=SEED_RATE, torrent=torrent) as swarm:
        with serving_servers.headrace(bench.made, folder, peers=swarm.peers) as served:
            row = await asyncio.to_thread(measure_viewers, served, f"fetched from {SEEDS} seeds of {SEED_RATE:,} B/s")
    shutil.rmtree(folder)
    return row


def measure_viewers(served: Served, situation: str) -> ViewersRow:
    """All of them play for a minute."""
    had, before = served.state()["progress"], served.cpu()
    running = client(
        served, "viewers", clients=VIEWERS, size=SIZE, rate=VIEWER_RATE, buffer=BUFFER, seconds=VIEW_SECONDS
    )
    found = run_client(running)
    return ViewersRow(
        served.name,
        situation,
        VIEWERS,
        VIEWER_RATE,
        VIEW_SECONDS,
        cpu=served.cpu() - before,
        had=had,
        had_at_end=served.state()["progress"],
        **found,
    )


# clients
def client(served: Served, kind: str, *flags: str, path: str = "", **options: float) -> subprocess.Popen[bytes]:
    """Start a client (see ``bench.serving_clients``)."""
    words = [sys.executable, "-m", "bench.serving_clients", kind, "127.0.0.1", str(served.port), path or served.path]
    words += flags
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT)


def run_client(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a client saw, when it has ended."""
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a client failed: {process.args!r}")
    found: dict[str, Any] = json.loads(output)
    return found


PARTS: dict[str, Callable[[Bench, int], None]] = {
    "range": ranges,
    "cold": cold,
    "viewers": viewers,
    "growing": growing,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, then write the report from all rows."""
    words = sys.argv[1:] if argv is None else list(argv)
    given = _arguments(words)
    if os.geteuid() == 0 and not given.here:
        return apart(words)
    given.out.mkdir(parents=True, exist_ok=True)
    rows = given.out / "serving.jsonl"
    if not given.add:
        rows.unlink(missing_ok=True)
    bench = Bench(given.work, rows, given.lock or given.work / "lock")
    for part in given.parts.split(","):
        PARTS[part](bench, given.reps or REPETITIONS[part])
    page = given.out / "serving.md"
    page.write_text(serving_report.page(read_rows(rows.read_text().splitlines()), serving_report.machine()))
    print(f"Written: {page}")
    return 0


def apart(words: Sequence[str]) -> int:
    """Run once more in a network namespace: a loopback of its own, with the congestion control that Linux has."""
    change = "route replace local {} dev lo proto kernel scope host src 127.0.0.1 table local congctl cubic"
    steps = ["link set lo up", *(change.format(place) for place in ("127.0.0.0/8", "127.0.0.1"))]
    script = " && ".join([*(f"ip {step}" for step in steps), 'exec "$@"'])
    again = [sys.executable, "-m", "bench.serving", "--here", *words]
    return subprocess.run(["unshare", "--net", "sh", "-c", script, "sh", *again], cwd=ROOT, check=False).returncode


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench serving", description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", default=",".join(PARTS), help="which, and in which order (default: all)")
    parser.add_argument("--reps", type=int, help=f"repetitions of each part (default: {REPETITIONS})")
    parser.add_argument("--add", action="store_true", help="keep the rows that are there and add to them")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks", help="where rows and report go")
    parser.add_argument("--work", type=Path, default=WORK / "serving", help="where the torrent goes, 2 GiB")
    parser.add_argument("--here", action="store_true", help="not in a network namespace of its own")
    parser.add_argument("--lock", type=Path, help="file to lock while something is measured")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
