"""The page about serving: rows in, Markdown out.

Rules: every figure comes from rows; a target that was missed is said to be missed.
"""

from __future__ import annotations

import math
import statistics
import subprocess
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypeVar

from bench.machine import describe, version_of
from bench.paths import ROOT
from bench.serving_rows import GIB, ColdRow, RangeRow, Row, ViewersRow
from headrace import __version__

RATE_AT_LEAST = 0.8
"""Of nginx's throughput, with one client."""
CPU_AT_MOST = 2.0
"""Times nginx's processor seconds."""
STALL_UNDER = 0.050
R = TypeVar("R", RangeRow, ColdRow, ViewersRow)


def page(rows: Sequence[Row], facts: Sequence[str]) -> str:
    """The whole page."""
    ranges = [row for row in rows if isinstance(row, RangeRow)]
    colds = [row for row in rows if isinstance(row, ColdRow)]
    views = [row for row in rows if isinstance(row, ViewersRow)]
    parts = ["# Serving", *facts, "Medians, with the least and the most in brackets. Rows: `serving.jsonl`."]
    parts.append(_verdicts(ranges, colds, views))
    if ranges:
        parts += ["## A verified range of 2 GiB, in memory", RANGE_NOTE, _range_table(ranges)]
    if colds:
        parts += ["## A range that has to come from the disk", COLD_NOTE, _cold_table(colds)]
    if views:
        parts += ["## Many viewers of one torrent", VIEW_NOTE, _view_table(views)]
    return "\n\n".join(parts) + "\n"


RANGE_NOTE = (
    "Each client takes all 2 GiB, so that 20 take 40 GiB. Before, the bytes that Headrace sends are compared with the "
    "file. nginx: one worker, sendfile, no log; with several clients Headrace has the better of it, since its threads "
    "send on all processors. `drain` is one process that throws the bytes away inside the kernel (MSG_TRUNC), so that "
    "it costs little; its share of a processor stands beside it. `curl -o /dev/null` "
    "copies all bytes once more. Processor seconds are those of the server with all its threads; sending over loopback "
    "does the receiver's TCP work too, for both servers alike."
)
COLD_NOTE = (
    "The pages of 768 MiB are dropped (posix_fadvise; the share that was really gone is counted with mincore). One "
    "client takes these, another one takes 256 MiB that are in memory again and again as fast as it can, and a third "
    "asks for `/healthz` every 5 ms on one connection. *Loop* is the longest time by which a ticker inside Headrace's "
    "own process was late; only rows of a process that has this ticker have it. *Gap* is the longest time without a "
    "byte for the client whose range is in memory. The slow disk is this disk with the server in a control group that "
    "may read so much (blkio.throttle or io.max). nginx without threads shows what a blocked loop looks like. "
    "*Faults*: how often the serving thread waited for pages of its own program, which some systems take away when "
    "they are not used for a while."
)
VIEW_NOTE = (
    "Each viewer starts at another place, has a buffer of 2 s that it fills first, and then plays 5 Mbit/s for the "
    "rest of 60 s; a stall is an empty buffer. Its socket takes 128 KiB, so that the kernel is no second buffer. "
    "*Least in the buffer* is the worst moment of the worst viewer."
)


def _verdicts(ranges: Sequence[RangeRow], colds: Sequence[ColdRow], views: Sequence[ViewersRow]) -> str:
    lines: list[Sequence[str]] = []
    for client in ("drain", "curl"):
        for clients in sorted({row.clients for row in ranges if row.client == client}):
            lines += _against_nginx(ranges, client, clients)
    ours = [row for row in colds if row.server == "headrace"]
    for disk in dict.fromkeys(row.disk for row in ours):
        there = [row for row in ours if row.disk == disk]
        for what, figures in (
            ("longest stall of the loop", [row.loop for row in there if row.loop is not None]),
            ("longest answer to a probe", [row.worst for row in there]),
        ):
            if figures:
                kept = max(figures) < STALL_UNDER
                lines.append(_verdict(f"cold, disk {disk}: {what}", "< 50 ms", f"{1000 * max(figures):.1f} ms", kept))
    for situation in dict.fromkeys(row.situation for row in views):
        rows = [row for row in views if row.situation == situation]
        stalls = sum(row.stalls for row in rows)
        lines.append(_verdict(f"{rows[0].viewers} viewers, {situation}", "no stall", f"{stalls} stalls", not stalls))
    return _table(("what", "target", "measured", ""), 4, lines)


def _against_nginx(rows: Sequence[RangeRow], client: str, clients: int) -> list[Sequence[str]]:
    def ratio(value: Callable[[RangeRow], float]) -> float:
        ours, theirs = (
            statistics.median(
                value(row) for row in rows if (row.server, row.client, row.clients) == (name, client, clients)
            )
            for name in ("headrace", "nginx")
        )
        return ours / theirs if theirs else math.inf

    rate, cpu = ratio(lambda row: row.rate), ratio(lambda row: row.cpu_per_gib)
    what = f"{clients} × {client}" if clients > 1 else client
    # The target of throughput is one for a single client; beyond, both servers share two processors with the clients.
    aim = f"≥ {RATE_AT_LEAST}" if clients == 1 else ""
    return [
        _verdict(f"throughput, {what}", f"{aim} of nginx's".strip(), f"{rate:.2f}", rate >= RATE_AT_LEAST or not aim),
        _verdict(f"processor time, {what}", f"≤ {CPU_AT_MOST:g} × nginx's", f"{cpu:.2f}", cpu <= CPU_AT_MOST),
    ]


def _verdict(what: str, target: str, measured: str, kept: bool) -> Sequence[str]:
    return what, target, measured, "kept" if kept else "**missed**"


def _table(heads: Sequence[str], texts: int, lines: Iterable[Sequence[str]]) -> str:
    """The first ``texts`` columns hold text, the others figures."""
    rule = ["---"] * texts + ["--:"] * (len(heads) - texts)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *lines))


def _range_table(rows: Sequence[RangeRow]) -> str:
    heads = ("client", "server", "clients", "GiB/s", "processor s/GiB", "client's processors", "runs")
    lines = [
        (
            client,
            server,
            str(clients),
            spread([row.rate / GIB for row in same], 2),
            spread([row.cpu_per_gib for row in same], 3),
            f"{statistics.median(row.client_cpu / row.seconds for row in same):.2f}",
            str(len(same)),
        )
        for (client, clients, server), same in grouped(rows, lambda row: (row.client, row.clients, row.server))
    ]
    return _table(heads, 2, lines)


def _cold_table(rows: Sequence[ColdRow]) -> str:
    heads = (
        *("disk", "server", "cold MB/s", "hot MB/s", "really cold"),
        *("probe: median ms", "99.9 % ms", "worst ms", "gap ms", "loop ms", "faults", "runs"),
    )
    lines = []
    groups = grouped(rows, lambda row: (row.disk, row.server + (", watched" if row.loop is not None else "")))
    for (disk, server), same in groups:
        loops = [1000 * row.loop for row in same if row.loop is not None]
        cells = (
            f"{statistics.median(row.cold_rate for row in same) / 1e6:.0f}",
            f"{statistics.median(row.hot_rate for row in same) / 1e6:.0f}",
            f"{100 * min(row.cold_share for row in same):.0f} %",
            f"{1000 * statistics.median(row.median for row in same):.2f}",
            spread([1000 * row.high for row in same], 1),
            spread([1000 * row.worst for row in same], 1),
            spread([1000 * row.hot_gap for row in same], 1),
            spread(loops, 1) if loops else "",
            str(sum(row.faults for row in same)),
            str(len(same)),
        )
        lines.append((disk, server, *cells))
    return _table(heads, 2, lines)


def _view_table(rows: Sequence[ViewersRow]) -> str:
    heads = (
        *("torrent", "viewers", "stalls", "seconds stood still", "least in the buffer, s", "slowest start, s"),
        *("MB/s taken", "processors", "there at start, end", "runs"),
    )
    lines = [
        (
            situation,
            str(same[0].viewers),
            str(sum(row.stalls for row in same)),
            f"{sum(row.stalled for row in same):.1f}",
            spread([row.lowest for row in same], 2),
            spread([row.slowest_start for row in same], 2),
            f"{statistics.median(row.took / row.seconds for row in same) / 1e6:.1f}",
            f"{statistics.median(row.cpu / row.seconds for row in same):.2f}",
            f"{100 * same[0].had:.0f} %, {100 * same[0].had_at_end:.0f} %",
            str(len(same)),
        )
        for situation, same in grouped(rows, lambda row: row.situation)
    ]
    return _table(heads, 1, lines)


K = TypeVar("K")


def grouped(rows: Iterable[R], key: Callable[[R], K]) -> list[tuple[K, list[R]]]:
    """Rows of the same key, in the order in which keys first come."""
    found: dict[K, list[R]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return list(found.items())


def spread(figures: Sequence[float], digits: int) -> str:
    """Median, least and most."""
    middle, least, most = (f"{value:.{digits}f}" for value in (statistics.median(figures), min(figures), max(figures)))
    return f"{middle} ({least}–{most})" if len(figures) > 1 else middle


def machine() -> list[str]:
    """Where, when, with what and how this was measured."""
    facts = describe()
    parts = ", ".join(f"{name} {version(name)}" for name in ("libtorrent", "aiohttp"))
    nginx = version_of(("/usr/sbin/nginx", "-v")) or "not there"
    words = ("git", "describe", "--always", "--dirty")
    revision = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip()
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {facts['cores']} × {facts['processor']}, {facts['memory']}, "
        f"{facts['kernel']}. Headrace {__version__} at {revision or 'no revision'}, "
        f"Python {facts['Python']}, {parts}, nginx {nginx}.",
        "Written by `make bench-serving` (`python -m bench serving`), on loopback in a network namespace of its own, "
        "with TCP CUBIC (as root; else as the machine has it: with BBR, which paces, all figures are a third as high).",
    ]
