"""Two revisions of Headrace side by side in under ten minutes: ``python -m bench quick REV_A REV_B``.

Each revision is checked out into a folder of its own and installed into an environment of its own, as users install
it; then both are run in turn in four scenarios that differ most, three times each. The table has medians and ratios.
A ratio from three runs is a hint: what counts is settled with ``python -m bench run``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import paths
from bench.model import Row, read_scenarios
from bench.order import schedule
from bench.run import INTERRUPTED, Place, brief, run_all
from bench.tools.base import Tool
from bench.tools.headrace import headrace

SCENARIOS = ("S1", "S3", "S6", "S8")
"""Healthy, poor, mixed, and faster than the line."""
REPS = 3

Figure = Callable[[Row], float | None]


def git(*words: str) -> str:
    """What git says. Raises CalledProcessError."""
    ran = subprocess.run(["git", "-C", str(paths.ROOT), *words], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def installed(revision: str, folder: Path) -> Path:
    """Check a revision out and install it; its program."""
    tree, environment = folder / "tree", folder / "environment"
    git("worktree", "add", "--detach", "--quiet", str(tree), revision)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        words = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--compile", str(tree)]
        subprocess.run(words, check=True)
    finally:
        git("worktree", "remove", "--force", str(tree))
    return environment / "bin" / "headrace"


def _seek(place: int) -> Figure:
    return lambda row: row.seeks[place].seconds if place < len(row.seeks) else None


def figures(rows: Sequence[Row]) -> dict[str, Figure]:
    """What is compared: times of the first frame and of each seek, then what they cost."""
    places = max((row.seeks for row in rows), key=len, default=[])
    seeks = {f"seek to {seek.to:.0%}, s": _seek(number) for number, seek in enumerate(places)}
    costs: dict[str, Figure] = {"received, MB": lambda row: row.received / 1e6, "processor, s": lambda row: row.cpu}
    return {"first frame, s": lambda row: row.first_frame, **seeks, **costs}


def median(rows: Sequence[Row], tool: str, figure: Figure) -> float | None:
    """Of all sound rows of a tool that have the figure."""
    values = [value for row in rows if row.tool == tool and row.sound and (value := figure(row)) is not None]
    return statistics.median(values) if values else None


def table(rows: Sequence[Row], first: str, second: str) -> str:
    """Medians of both and their ratio, below 1 where the second is better, as Markdown."""
    lines = [f"| scenario | | {first} | {second} | ratio |", "|---|---|---:|---:|---:|"]
    for scenario in dict.fromkeys(row.scenario for row in rows):
        here = [row for row in rows if row.scenario == scenario]
        for name, figure in figures(here).items():
            old, new = median(here, first, figure), median(here, second, figure)
            lines.append(f"| {scenario} | {name} | {cell(old)} | {cell(new)} | {_ratio(old, new)} |")
    return "\n".join(lines)


def cell(value: float | None) -> str:
    """A median in a table."""
    return "never" if value is None else f"{value:.2f}"


def _ratio(old: float | None, new: float | None) -> str:
    return f"{new / old:.2f}" if old and new is not None else ""


def compare(first: str, second: str, options: argparse.Namespace, folder: Path) -> list[Row]:
    """Install both and run them in turn."""
    tools: dict[str, Tool] = {}
    for revision in (first, second):
        print(f"installing {revision} …", flush=True)
        home = folder / str(len(tools))
        tools[revision] = headrace(revision, installed(revision, home))
    return in_turn(tools, options, Place(paths.WORK, options.out or folder))


def in_turn(tools: dict[str, Tool], options: argparse.Namespace, place: Place) -> list[Row]:
    """Run tools in the ``scenarios`` of the options, as many times as ``reps`` says, and tell of each run."""
    known = read_scenarios()
    runs = list(schedule([known[name] for name in options.scenarios.split(",")], list(tools), options.reps))
    rows: list[Row] = []

    def tell(row: Row) -> None:
        rows.append(row)
        print(brief(row), flush=True)

    run_all(place, runs, tools, tell)
    return rows


def short(revision: str) -> str:
    """The commit that a revision names. Raises CalledProcessError."""
    return git("rev-parse", "--short", f"{revision}^{{commit}}")


def main(argv: Sequence[str]) -> int:
    """``python -m bench quick``."""
    parser = argparse.ArgumentParser(prog="python -m bench quick", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("first", metavar="REV_A")
    parser.add_argument("second", metavar="REV_B")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--reps", type=int, default=REPS)
    parser.add_argument("--out", type=Path, help="keep the rows in this folder")
    options = parser.parse_args(argv)
    try:
        first, second = short(options.first), short(options.second)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr)
        return 2
    if first == second:
        sys.stderr.write(f"both are {first}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="headrace-quick-") as folder:
        try:
            rows = compare(first, second, options, Path(folder))
        except KeyboardInterrupt:
            return INTERRUPTED
    print(table(rows, first, second))
    return 0
