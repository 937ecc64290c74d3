"""Run tools in the lab: one line of JSON for each run, written when it ends.

A row whose emulator was late is kept and repeated, at most twice; a tool that fails makes a row with an ``error``, and
the next one is run. Ctrl-C ends between two steps, with the lab taken down. Beside the rows lie the blocks that the
lab's peers sent (``arrivals/``).
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import arrivals, machine, paths
from bench.lab import Lab, LabFailed
from bench.model import Row, Scenario, read_scenarios
from bench.order import Forecast, Run, schedule, shortened, span
from bench.players import Player
from bench.running import ToolFailed
from bench.sampler import idle
from bench.stories import Stage, play
from bench.tools.base import Launch, Tool
from bench.tools.catalogue import UnknownTool, chosen

AGAIN = 2
"""How often a run is repeated at most while the emulator is late."""
INTERRUPTED = 130
RESULTS = paths.WORK / "results"
"""A folder for each day."""

Tell = Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is made and its results go."""

    work: Path
    out: Path
    number: int = 0
    """Of the lab, should there be several on this machine."""
    player: Player = "ffmpeg"


def measure(place: Place, run: Run, tool: Tool) -> list[Row]:
    """Make a run, again if the emulator was late. The last row is the best there is."""
    rows: list[Row] = []
    while not rows or (not rows[-1].sound and len(rows) <= AGAIN):
        rows.append(_built(place, run, tool, len(rows)))
        with place.out.joinpath("rows.jsonl").open("a") as file:
            file.write(rows[-1].line() + "\n")
    return rows


def _built(place: Place, run: Run, tool: Tool, attempt: int) -> Row:
    """One run, tried once more when the lab could not be built: the machine may have been too busy."""
    try:
        return once(place, run, tool, attempt)
    except LabFailed as error:
        sys.stderr.write(f"{run.scenario.id} {tool.name}: {error}; once more\n")
        return once(place, run, tool, attempt)


def once(place: Place, run: Run, tool: Tool, attempt: int = 0) -> Row:
    """One run. What goes wrong in it is told in the row."""
    row = Row(run.scenario.id, tool.name, tool.version(), run.scenario.story, run.rep, place.player)
    row.at = datetime.now(UTC).isoformat(timespec="seconds")
    row.load, row.idle = os.getloadavg()[0], idle()
    lab = Lab(run.scenario, place.work, place.number)
    with lab:
        launch = Launch(lab.torrent, lab.folder, dht=not run.scenario.tracker)
        try:
            play(Stage(lab, run.scenario, tool, launch, place.player), row)
        except ToolFailed as error:
            row.error = str(error)
            _keep_words(place, launch, row, attempt)
        counters = lab.close()
    row.late, row.late_most = counters.late, counters.late_most
    _keep_arrivals(place, lab, row, attempt)
    return row


def _keep_arrivals(place: Place, lab: Lab, row: Row, attempt: int) -> None:
    torrent, blocks = lab.torrent, arrivals.read_blocks(lab.blocks)
    totals = arrivals.stats(blocks, torrent.piece_length, torrent.size)
    row.sent, row.wasted = totals.sent, totals.wasted
    if row.played and row.launched is not None and row.first_frame is not None:
        row.in_order = arrivals.in_order(arrivals.between(blocks, row.launched + row.first_frame, math.inf))
    row.arrivals = f"arrivals/{_name(row, attempt)}.bin"
    shutil.copyfile(lab.blocks, place.out / row.arrivals)


def _keep_words(place: Place, launch: Launch, row: Row, attempt: int) -> None:
    """What a tool that failed said, for whoever wants to know why."""
    folder = place.out / "failures"
    folder.mkdir(exist_ok=True)
    words = [path.read_text(errors="replace") for path in (launch.output, launch.errors) if path.exists()]
    folder.joinpath(f"{_name(row, attempt)}.txt").write_text("\n".join([row.error, *words]))


def _name(row: Row, attempt: int) -> str:
    return f"{row.scenario}-{row.tool}-{row.rep}" + (f"-{attempt + 1}" if attempt else "")


def brief(row: Row) -> str:
    """A row in one line for people."""
    figures = [("first byte", row.first_byte), ("first frame", row.first_frame), ("by mpv", row.first_frame_mpv)]
    figures += [("second start", row.second_start)]
    figures += [(f"seek to {seek.to:.0%}", seek.seconds) for seek in row.seeks]
    words = [f"{name} {seconds:.2f} s" for name, seconds in figures if seconds is not None]
    if row.played:
        stalled = sum(stall.seconds for stall in row.stalls)
        words.append(f"played {row.played:.0f} s, {len(row.stalls)} stalls of {stalled:.1f} s in all")
    words.append(f"{row.received / 1e6:.0f} MB, {row.cpu:.1f} s of processor, {row.memory / 1e6:.0f} MB of memory")
    if row.error:
        words.insert(0, f"FAILED: {row.error}")
    if not row.sound:
        words.append(f"emulator late by {row.late * 1000:.1f} ms")
    return f"{row.scenario} {row.tool} {row.rep}: " + "; ".join(words)


def run_all(place: Place, runs: list[Run], tools: dict[str, Tool], tell: Tell) -> None:
    """Make all runs. ``tell`` gets each row; what is left to do is said on standard error. Raises LabFailed."""
    # A shell lets what it runs in the background ignore SIGINT; tools would inherit that, and are ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place.out.joinpath("arrivals").mkdir(parents=True, exist_ok=True)
    forecast = Forecast(list(runs))
    for run in runs:
        began = time.monotonic()
        rows = measure(place, run, tools[run.tool])
        forecast.done(run, time.monotonic() - began)
        for row in rows:
            tell(row)
        if forecast.runs:
            sys.stderr.write(f"{len(forecast.runs)} runs left, about {span(forecast.left())}\n")


def _today() -> Path:
    return RESULTS / datetime.now(UTC).date().isoformat()


def options_from(argv: Sequence[str]) -> argparse.Namespace:
    """The command line of ``python -m bench run``."""
    parser = argparse.ArgumentParser(prog="python -m bench run", description="Run tools in the lab (root, Linux).")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all")
    parser.add_argument("--tools", default="", help="names with commas between; default: all that can be run here")
    parser.add_argument("--reps", type=int, default=5, help="repetitions; default: 5")
    parser.add_argument(
        "--out", type=Path, default=_today(), help="folder of the rows; default: today's in the work folder"
    )
    parser.add_argument("--seconds", type=float, help="play and pause for at most so long in stories that do")
    parser.add_argument("--mpv", action="store_true", help="mpv, not ffmpeg, shows the first frame")
    parser.add_argument("--lab", type=int, default=0, help="number of the lab, to have several on one machine")
    parser.add_argument("--json", action="store_true", help="print rows, not lines for people")
    return parser.parse_args(argv)


def scenarios_of(names: Sequence[str], seconds: float | None) -> list[Scenario]:
    """Those of these names, all when there are none. Raises LookupError."""
    known = read_scenarios()
    for name in names:
        if name not in known:
            raise LookupError(f"no scenario {name}; there are {', '.join(known)}")
    return [shortened(known[name], seconds) for name in names or known]


def main(argv: Sequence[str]) -> int:
    """``python -m bench run``."""
    options = options_from(argv)
    try:
        scenarios = scenarios_of(options.scenarios, options.seconds)
        tools = {tool.name: tool for tool in chosen([name for name in options.tools.split(",") if name])}
    except (UnknownTool, LookupError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    place = Place(paths.WORK, options.out, options.lab, "mpv" if options.mpv else "ffmpeg")
    runs = list(schedule(scenarios, list(tools), options.reps))
    place.out.mkdir(parents=True, exist_ok=True)
    machine.record(place.out, ["run", *argv])

    def tell(row: Row) -> None:
        print(row.line() if options.json else brief(row), flush=True)

    try:
        run_all(place, runs, tools, tell)
    except LabFailed as error:
        sys.stderr.write(f"{error}\nthe rows so far are in {place.out / 'rows.jsonl'}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted; the rows so far are in {place.out / 'rows.jsonl'}\n")
        return INTERRUPTED
    sys.stderr.write(f"{len(runs)} runs; rows in {place.out / 'rows.jsonl'}\n")
    return 0
