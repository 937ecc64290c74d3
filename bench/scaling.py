"""How costs grow: with the torrent's pieces and with the read heads.

    python -m bench scaling [--rounds N] [--out DIR]

Writes the rows (JSON lines), the tables (Markdown) and the plots (PNG and SVG; they need matplotlib). Ends with 1 when
a claim does not hold. Times are CPU milliseconds of one thread, so that other work on the machine counts little;
memory is bytes. A claim is about medians: single steps can be hit by the garbage collector.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import headrace
from bench import alerts, planner

PIECES = (1_000, 10_000, 100_000)
HEADS = planner.HEADS
SCENES = {scene.__name__: scene for scene in planner.SCENES}
ROUNDS, PASSES, TRACED = 60, 5, 20
"""Steps of each kind in a pass; passes; steps while memory is traced, which makes them ten times as slow."""
OUT = Path("docs/benchmarks")
NOISE = 1.3
"""By how much the ratio of two equal medians may be off. Measured: 1.11, and up to 1.3 when others use the machine,
since CPU time is longer while they are in the caches. What grew with the pieces would be at 10 for ten times as many.
"""
PLAN_MS, PLAN_BYTES = 5.0, 50_000_000
"""What a re-plan may take, and all that planning needs, for 50 GB (docs/strategy.md)."""
COMMAND = "python -m bench scaling"


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing costs in one torrent with so many heads. ``what`` is "plan" or one of ``alerts.KINDS``."""

    what: str
    scene: str
    pieces: int
    heads: int
    count: int
    """How often it was done."""
    median: float
    """Of the quietest pass."""
    nearly_most: float
    """What 99 of 100 did not exceed."""
    most: float
    memory: int
    """At most, of all that belongs to the torrent (alerts), or of planning alone (plan)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is to hold: the worst figure found, and where, beside the bound."""

    text: str
    worst: float
    bound: float
    where: str

    @property
    def holds(self) -> bool:
        return self.worst <= self.bound


# measuring
Place = tuple[str, str, int, int]
"""What, in which scene, pieces, heads."""
Passes = Sequence[Sequence[float]]
"""Milliseconds of single steps, by pass."""


def row(place: Place, passes: Passes, memory: int) -> Row:
    """Made of single times. The median is that of the quietest pass: others were disturbed from outside."""
    times = [taken for one in passes for taken in one]
    middle = min(statistics.median(one) for one in passes)
    near, most = planner.nearly_most(times), max(times)
    return Row(*place, len(times), round(middle, 6), round(near, 6), round(most, 6), memory)


def measure(rounds: int, pieces: Sequence[int] = PIECES, heads: Sequence[int] = HEADS) -> Iterator[Row]:
    """All rows. Times are taken in passes over all torrents, so that a busy minute of the machine hits all alike."""
    places = [(name, number, count) for name in SCENES for number in pieces for count in heads]
    found: dict[Place, list[list[float]]] = defaultdict(list)
    for _ in range(PASSES):
        for name, number, count in places:
            found["plan", name, number, count].append(planner.times(SCENES[name], number, count, rounds)[0])
            for kind, taken in alerts.times(SCENES[name], number, count, rounds).items():
                found[kind, name, number, count].append(taken)
    for name, number, count in places:
        most = {"plan": planner.memory(SCENES[name], number, count, TRACED)}
        of_torrent = alerts.memory(SCENES[name], number, count, TRACED)
        for what in ("plan", *alerts.KINDS):
            place = (what, name, number, count)
            yield row(place, found[place], most.get(what, of_torrent))


# judging
def cells(rows: Iterable[Row]) -> dict[Place, Row]:
    """By what, scene, pieces and heads."""
    return {(one.what, one.scene, one.pieces, one.heads): one for one in rows}


def growth(rows: Sequence[Row], what: str, axis: str, low: int, high: int) -> list[tuple[float, str]]:
    """How many times as much ``high`` pieces or heads cost as ``low``, wherever there are both, and where that is."""
    ratios = []
    for one in rows:
        if one.what != what or getattr(one, axis) != high:
            continue
        for less in rows:
            same = (less.what, less.scene) == (one.what, one.scene) and getattr(less, axis) == low
            other = "heads" if axis == "pieces" else "pieces"
            if same and getattr(less, other) == getattr(one, other):
                place = f"{one.scene}, {getattr(one, other):,} {other}"
                ratios.append((one.median / max(less.median, 1e-6), place))
    return ratios


def worst(found: Iterable[tuple[float, str]]) -> tuple[float, str]:
    """The largest."""
    return max(found, default=(0.0, ""))


def claims(rows: Sequence[Row]) -> list[Claim]:
    """What is to hold of these rows."""
    plans = [one for one in rows if one.what == "plan"]

    def largest(of: Callable[[Row], float]) -> tuple[float, str]:
        return worst((of(one), f"{one.scene}, {one.pieces:,} pieces, {one.heads} heads") for one in plans)

    made = [
        Claim("99 of 100 re-plans, ms", *_bounded(largest(lambda one: one.nearly_most), PLAN_MS)),
        Claim("Memory of planning, MB", *_bounded(largest(lambda one: one.memory / 1e6), PLAN_BYTES / 1e6)),
    ]
    for what in ("plan", *alerts.KINDS):
        if what == "peer":
            continue  # of no head; its map of pieces is as long as the torrent (shown apart)
        for low, high in ((1, 10), (10, 50)):
            found = worst(growth(rows, what, "heads", low, high))
            made.append(Claim(f"{what}: {low} to {high} heads, times", *_bounded(found, high / low)))
    for what in ("plan", "taken", "ready", "seek"):
        found = worst(growth(rows, what, "pieces", 10_000, 100_000))
        made.append(Claim(f"{what}: 10,000 to 100,000 pieces, times", *_bounded(found, NOISE)))
    found = worst(growth(rows, "stats", "pieces", 10_000, 100_000))
    made.append(Claim("stats: 10,000 to 100,000 pieces, times", *_bounded(found, 10)))
    return made


def _bounded(found: tuple[float, str], bound: float) -> tuple[float, float, str]:
    return round(found[0], 2), bound, found[1]


# telling
def markdown(rows: Sequence[Row], verdicts: Sequence[Claim], about: dict[str, str]) -> str:
    """The report."""
    by_cell = cells(rows)
    parts = [
        "# How costs grow",
        _about(about),
        "![Cost of a re-plan](scaling-plan.svg)",
        "![Cost of alerts](scaling-alerts.svg)",
        "## Claims\n\nRatios of medians, the worst of all torrents below. With the heads a cost may grow as they do, "
        f"with the pieces not at all, which is to say by less than {100 * (NOISE - 1):.0f} %, the noise of a machine "
        "that others use too (but for the counters of a second, which may grow as the pieces do).",
        _table(["claim", "worst", "bound", "where", "holds"], map(_claim, verdicts)),
        "## A re-plan\n\nMilliseconds: median of the quietest pass (and what 99 of 100 in all did not exceed). The "
        "memory is that of planning 100,000 pieces, have-map included.",
        _table(["have", "heads", *(f"{pieces:,} pieces" for pieces in PIECES), "memory, MB"], _plans(by_cell)),
        "## Alerts\n\nFrom the engine's pump to libtorrent's handle, microseconds each (median), where every second "
        "piece is there. Two grow with the torrent: a second's counters a little, since the have-map is counted, and "
        "a peer's facts in full, since its map of pieces is as long (libtorrent's making of that map costs as much "
        "again and is not in it). Both happen once a second.",
        _table(["alert", "what happens", *(f"{p:,} pieces, {h} heads" for p, h in CORNERS)], _kinds(by_cell)),
        "A piece of 500 kB has 31 requests, one of them the last, 31 blocks and a check. So many milliseconds do all "
        "of its alerts take, and this share of one processor at 100 MB/s:",
        _table(["", *(f"{p:,} pieces, {h} heads" for p, h in CORNERS)], [_piece(by_cell)]),
        "## Memory\n\nMB at most, of all that belongs to the torrent (the have-map, plans, pieces on their way, what "
        "was found on the disk at the start).",
        _table(["have", "heads", *(f"{pieces:,} pieces" for pieces in PIECES)], _memory(by_cell)),
    ]
    return "\n\n".join(parts) + "\n"


CORNERS = tuple((pieces, heads) for pieces in (PIECES[0], PIECES[-1]) for heads in HEADS)


def _about(about: dict[str, str]) -> str:
    facts = "; ".join(f"{name} {value}" for name, value in about.items())
    return (
        "What a plan, an alert and a second's counters cost over 1,000 to 100,000 pieces of 500 kB and 1 to 50 read "
        "heads, at a delivery of 100 MB/s. CPU time of one thread; libtorrent itself takes no part.\n\n"
        f"{facts}. Written by `{COMMAND}`; the rows are in [scaling.jsonl](scaling.jsonl)."
    )


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _claim(one: Claim) -> list[str]:
    return [one.text, f"{one.worst:g}", f"{one.bound:g}", one.where, "yes" if one.holds else "**no**"]


def _plans(by_cell: dict[Place, Row]) -> Iterator[list[str]]:
    for scene in SCENES:
        for heads in HEADS:
            found = [by_cell["plan", scene, pieces, heads] for pieces in PIECES]
            times = [f"{one.median:.3f} ({one.nearly_most:.3f})" for one in found]
            yield [scene.replace("_", " "), str(heads), *times, f"{found[-1].memory / 1e6:.2f}"]


def _kinds(by_cell: dict[Place, Row]) -> Iterator[list[str]]:
    for kind, what in alerts.KINDS.items():
        costs = [by_cell[kind, "scattered", pieces, heads].median for pieces, heads in CORNERS]
        yield [kind, what, *(f"{1000 * cost:.1f}" for cost in costs)]


def _piece(by_cell: dict[Place, Row]) -> list[str]:
    told = ["a piece"]
    for pieces, heads in CORNERS:
        costs = {kind: by_cell[kind, "scattered", pieces, heads].median for kind in alerts.KINDS}
        took = alerts.of_piece(costs)
        told.append(f"{took:.2f} ms, {100 * took / 1000 * planner.RATES.delivery / planner.PIECE:.0f} %")
    return told


def _memory(by_cell: dict[Place, Row]) -> Iterator[list[str]]:
    for scene in SCENES:
        for heads in HEADS:
            sizes = [by_cell["ready", scene, pieces, heads].memory for pieces in PIECES]
            yield [scene.replace("_", " "), str(heads), *(f"{size / 1e6:.2f}" for size in sizes)]


def machine() -> dict[str, str]:
    """What ran where and when."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "Headrace": headrace.__version__,
        "Python": platform.python_version(),
        "on": f"{platform.system()}, {os.cpu_count()} × {model}",
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


# drawing
def draw(rows: Sequence[Row], out: Path) -> None:
    """Both pictures, as PNG and SVG."""
    matplotlib = importlib.import_module("matplotlib")  # an extra of the project: nothing else here needs it
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "headrace", "font.size": 8, "axes.grid": True, "grid.alpha": 0.3})
    pyplot = importlib.import_module("matplotlib.pyplot")
    by_cell = cells(rows)

    def planned(scene: str) -> Callable[[int, int], float]:
        return lambda pieces, heads: by_cell["plan", scene, pieces, heads].median

    figure, axes = pyplot.subplots(2, len(SCENES), figsize=(11, 6.5), layout="constrained", sharey=True)
    for column, scene in enumerate(SCENES):
        _over_heads(axes[0][column], scene, planned(scene))
        _over_pieces(axes[1][column], scene, planned(scene))
    for line in axes:
        line[0].set_ylabel("ms per re-plan, median")
    _save(pyplot, figure, out / "scaling-plan")
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 7.5), layout="constrained")
    for kind in alerts.KINDS:
        over_heads = [1000 * by_cell[kind, "scattered", PIECES[-1], heads].median for heads in HEADS]
        over_pieces = [1000 * by_cell[kind, "scattered", pieces, 10].median for pieces in PIECES]
        axes[0][0].loglog(HEADS, over_heads, "o-", label=kind)
        axes[0][1].loglog(PIECES, over_pieces, "o-", label=kind)
    _name(axes[0][0], f"Alerts, {PIECES[-1]:,} pieces", "read heads", "µs each, median")
    _name(axes[0][1], "Alerts, 10 heads", "pieces", "µs each, median")
    _over_pieces(axes[1][0], "memory of a torrent", lambda p, h: by_cell["ready", "scattered", p, h].memory / 1e6)
    _over_pieces(axes[1][1], "memory of planning", lambda p, h: by_cell["plan", "scattered", p, h].memory / 1e6)
    axes[1][0].set_ylabel("MB at most")
    _save(pyplot, figure, out / "scaling-alerts")


def _over_heads(axes: Any, title: str, value: Callable[[int, int], float]) -> None:
    for pieces in PIECES:
        axes.loglog(HEADS, [value(pieces, heads) for heads in HEADS], "o-", label=f"{pieces:,} pieces")
    first = value(PIECES[-1], HEADS[0])
    axes.loglog(HEADS, [first * heads for heads in HEADS], "k:", linewidth=1, label="linear")
    _name(axes, title.replace("_", " "), "read heads")


def _over_pieces(axes: Any, title: str, value: Callable[[int, int], float]) -> None:
    for heads in HEADS:
        axes.loglog(PIECES, [value(pieces, heads) for pieces in PIECES], "o-", label=f"{heads} heads")
    _name(axes, title.replace("_", " "), "pieces")


def _name(axes: Any, title: str, below: str, beside: str = "") -> None:
    axes.set_title(title)
    axes.set_xlabel(below)
    ticks = HEADS if below == "read heads" else PIECES
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(fontsize=7)
    if beside:
        axes.set_ylabel(beside)


def _save(pyplot: Any, figure: Any, path: Path) -> None:
    figure.savefig(path.with_suffix(".png"), dpi=110, metadata={"Software": None})
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    pyplot.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write, judge."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"of each kind in each of {PASSES} passes (default: {ROUNDS})"
    )
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder for what is written (default: {OUT})")
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for one in measure(given.rounds):
        rows.append(one)
        print(f"{one.what:9} {one.scene:12} {one.pieces:7,} pieces {one.heads:2} heads {one.median:.4f} ms", flush=True)
    verdicts = claims(rows)
    (given.out / "scaling.jsonl").write_text("".join(json.dumps(asdict(one)) + "\n" for one in rows))
    (given.out / "scaling.md").write_text(markdown(rows, verdicts, machine()))
    draw(rows, given.out)
    failed = [one for one in verdicts if not one.holds]
    for claim in failed:
        print(f"does not hold: {claim.text}: {claim.worst:g}, at most {claim.bound:g} ({claim.where})")
    return 1 if failed else 0
