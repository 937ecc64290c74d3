"""`python -m bench report OUT…`: rows into a report.

Writes README.md, rows.jsonl and the plots into docs/benchmarks. OUT is a folder with rows.jsonl (and run.json, which
says on what machine and by what command the rows were made), or a file of rows. All rows of a scenario (with one
player) come from one OUT, the last one named that has them: ratios are of rows of one run. What is written by hand is
notes.md, which the report takes in below the targets.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import by_tool
from bench.limit import default_path, read_limits
from bench.machine import describe
from bench.model import Limit, Row, Scenario, read_rows, read_scenarios
from bench.plots import draw_all
from bench.tables import costs_table, overview, targets_table, times_table
from bench.targets import Bench, verdicts

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks"
RUN_FILE, ROWS_FILE, NOTES_FILE, REPORT_FILE = "run.json", "rows.jsonl", "notes.md", "README.md"

LEGEND = """\
Each row is one run of one tool in one scenario, in a swarm behind an emulated link on one machine; tools take turns.
Cells are medians with the range (least–most) in brackets, in seconds unless the heading says otherwise. Rows during
which the emulator forwarded packets more than 3 ms late on average are discarded and counted. A run that failed or
showed no frame in time counts as infinitely slow ("never"). `reference` and `reference-window` are small streamers of
the bench's own, marks rather than rivals. `headrace` checks whole pieces before it shows a byte; `headrace-eager` is
`headrace --eager`. The physical limit is the bytes that ffmpeg takes, in whole pieces (or in blocks of 16 KiB), at
the bandwidth that there is, plus round trips and ffmpeg's own time: `bench/limit.py` names all that it assumes."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where rows came from."""

    command: str = ""
    machine: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one scenario and the folder that their logs are in."""

    folder: Path
    rows: tuple[Row, ...]


def read_run(path: Path) -> Run:
    """run.json of a folder of rows; empty when there is none."""
    if not path.exists():
        return Run()
    data = json.loads(path.read_text())
    return Run(data.get("command", ""), data.get("machine", {}), data.get("versions", {}))


def read_sources(outs: Sequence[Path]) -> dict[tuple[str, str], Source]:
    """By scenario and player; the last OUT that has them."""
    found: dict[tuple[str, str], Source] = {}
    for out in outs:
        path = out / ROWS_FILE if out.is_dir() else out
        with path.open() as lines:
            rows = list(read_rows(lines))
        for key in {(row.scenario, row.player) for row in rows}:
            found[key] = Source(path.parent, tuple(row for row in rows if (row.scenario, row.player) == key))
    return found


def benches(
    scenarios: Mapping[str, Scenario], sources: Mapping[tuple[str, str], Source], limits: Mapping[str, Limit]
) -> list[Bench]:
    """What is known of each scenario that was run, in the order of the scenarios."""
    found = []
    for key, scenario in scenarios.items():
        rows = [row for (of, _), source in sources.items() if of == key for row in source.rows]
        if rows:
            found.append(Bench(scenario, by_tool(rows), limits.get(key)))
    return found


def versions(found: Sequence[Bench]) -> dict[str, str]:
    """What the tools said of themselves."""
    told: dict[str, set[str]] = {}
    for bench in found:
        for tool, rows in bench.tools.items():
            told.setdefault(tool, set()).update(row.version for row in rows if row.version)
    return {tool: ", ".join(sorted(names)) for tool, names in told.items() if names}


def when(found: Sequence[Bench]) -> str:
    """The days of the first and of the last row."""
    days = sorted({row.at[:10] for bench in found for rows in bench.tools.values() for row in rows if row.at})
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "unknown"


def facts(runs: Sequence[Run], found: Sequence[Bench]) -> str:
    """Machine, date, versions and command, as a list."""
    told: dict[str, str] = {"date": when(found)}
    for run in runs:
        told |= run.machine
    tools = {**versions(found), **{name: value for run in runs for name, value in run.versions.items()}}
    told["tools"] = ", ".join(f"{tool} {version}" for tool, version in tools.items()) or "unknown"
    lines = [f"- {name}: {value}" for name, value in told.items()]
    commands = list(dict.fromkeys(run.command for run in runs if run.command))
    if commands:
        lines += ["", "```sh", *commands, "```"]
    return "\n".join(lines)


def picture(name: str) -> str:
    """A plot, as PNG; it leads to its SVG. ``name`` is that of the file without suffix."""
    return f"[![{name}]({name}.png)]({name}.svg)"


def scenario_section(bench: Bench, pictures: Sequence[str]) -> str:
    """Everything about one scenario."""
    scenario = bench.scenario
    parts = [f"### {scenario.id} {scenario.name}", f"{scenario.what}.", times_table(bench), costs_table(bench)]
    parts += [picture(name) for name in pictures]
    errors = sorted({f"{tool}: {row.error}" for tool, rows in bench.tools.items() for row in rows if row.error})
    if errors:
        parts.append("Failed runs: " + "; ".join(errors) + ".")
    return "\n\n".join(part for part in parts if part)


def render(
    found: Sequence[Bench], runs: Sequence[Run], notes: str, pictures: Sequence[str], pages: Sequence[str]
) -> str:
    """The report. ``pictures`` are names of plots beside it, without suffix; ``pages`` of other documents there."""
    common = [picture(name) for name in pictures if name.startswith(("first-", "seeks"))]
    parts = [
        "# Benchmarks",
        LEGEND,
        f"All rows, {sum(len(rows) for bench in found for rows in bench.tools.values())} of them: [rows.jsonl]"
        "(rows.jsonl). This page is written by `python -m bench report`.",
        *([f"More: {', '.join(f'[{Path(name).stem}]({name})' for name in pages)}."] if pages else []),
        "## Machine and command",
        facts(runs, found),
        "## Targets",
        targets_table(verdicts(found)),
        notes.strip(),
        "## First frame at a glance",
        overview(found),
        *common,
        "## Scenarios",
        *(scenario_section(bench, _of(bench, pictures)) for bench in found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _of(bench: Bench, pictures: Sequence[str]) -> list[str]:
    return [name for name in pictures if name == f"arrivals-{bench.scenario.id}"]


def folders_of(sources: Mapping[tuple[str, str], Source]) -> dict[str, Path]:
    """Where the logs of each scenario are: ffmpeg's, since mpv's rows are not drawn."""
    return {scenario: source.folder for (scenario, player), source in sources.items() if player == "ffmpeg"}


def copy_rows(path: Path, found: Sequence[Bench]) -> None:
    """All rows that the report is made of."""
    rows = [row for bench in found for rows in bench.tools.values() for row in rows]
    path.write_text("".join(row.line() + "\n" for row in rows))


def options(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of the verb."""
    parser = argparse.ArgumentParser(prog="python -m bench report", description="Rows into tables and plots.")
    parser.add_argument("outs", nargs="+", type=Path, metavar="OUT", help="folder with rows.jsonl, or a file of rows")
    parser.add_argument("--limits", type=Path, help="limits.json (default: in the work folder)")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where to write (default: docs/benchmarks)")
    parser.add_argument("--no-plots", action="store_true", help="tables only (needs no matplotlib)")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Write the report."""
    chosen = options(argv)
    path = chosen.limits or default_path()
    limits = read_limits(path) if path.exists() else {}
    if not limits:
        sys.stderr.write(f"{path} is not there: no limits in this report (python -m bench limit)\n")
    sources = read_sources(chosen.outs)
    found = benches(read_scenarios(), sources, limits)
    folders = [out if out.is_dir() else out.parent for out in chosen.outs]
    runs = [read_run(folder / RUN_FILE) for folder in folders]
    if not any(run.machine for run in runs):
        runs.append(Run(machine=describe()))
    chosen.docs.mkdir(parents=True, exist_ok=True)
    try:
        pictures = [] if chosen.no_plots else draw_all(found, folders_of(sources), chosen.docs)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error}: install the extra 'bench', or leave the plots out with --no-plots\n")
        return 2
    notes = chosen.docs / NOTES_FILE
    pages = sorted(page.name for page in chosen.docs.glob("*.md") if page.name not in (REPORT_FILE, NOTES_FILE))
    text = render(found, runs, notes.read_text() if notes.exists() else "", pictures, pages)
    (chosen.docs / REPORT_FILE).write_text(text)
    copy_rows(chosen.docs / ROWS_FILE, found)
    sys.stdout.write(f"{chosen.docs / REPORT_FILE}: {len(found)} scenarios, {len(pictures)} plots\n")
    return 0
