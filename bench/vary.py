"""What a constant or a setting of the engine is worth: ``python -m bench vary core.planner.SEEK_BYTES=65536,262144``.

The installed Headrace is run as it is and with each of the values in its place, in turn. ``NAME`` is a module below
``headrace`` and a constant in it, or ``lt.`` and a setting of libtorrent; values are Python's literals. Nothing is
written into the installation: a small program sets the value before the command line is read, and one that sets nothing
stands for Headrace as it is, so that both start alike. The table is for ``docs/tuning.md``.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import stat
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import paths
from bench.model import Row
from bench.quick import cell, figures, in_turn, median
from bench.run import INTERRUPTED, Place
from bench.tools.headrace import headrace, program

ENGINE = "lt"
AS_IT_IS = "as it is"
REPS = 3
_START = """
from headrace.__main__ import main

sys.argv[0] = {program!r}
sys.exit(main())
"""
_EXTRA = """
from headrace.engine import tuning

settings_for = tuning.settings_for
tuning.settings_for = lambda options: settings_for(options) | {{{name!r}: {value!r}}}
"""


class BadVariation(ValueError):
    """What the command line says is not a constant and values for it."""


@dataclass(frozen=True, slots=True)
class Variation:
    """Something to vary: ``module`` below ``headrace`` (``lt``: libtorrent's settings), a name in it, and values."""

    module: str
    name: str
    values: tuple[object, ...]


def read(text: str) -> Variation:
    """``core.planner.SEEK_BYTES=262144,4194304``. Raises BadVariation."""
    where, equals, given = text.partition("=")
    module, _, name = where.rpartition(".")
    if not (equals and module and re.fullmatch(r"[a-z_.]+", module) and name.isidentifier()):
        raise BadVariation(f"{text!r} is not MODULE.NAME=VALUE,VALUE…")
    try:
        values = ast.literal_eval(f"({given},)")
    except (ValueError, SyntaxError):
        raise BadVariation(f"{given!r} is not a list of Python's literals") from None
    if module != ENGINE and importlib.util.find_spec(f"headrace.{module}") is None:
        raise BadVariation(f"there is no headrace.{module}")
    return Variation(module, name, values)


def source(interpreter: str, path: str, variation: Variation | None = None, value: object = None) -> str:
    """The text of a program that runs the Headrace at ``path``, with a value in its place if there is a variation."""
    lines = f"#!{interpreter}\nimport sys\n"
    if variation is not None and variation.module == ENGINE:
        lines += _EXTRA.format(name=variation.name, value=value)
    elif variation is not None:
        module = f"headrace.{variation.module}"
        lines += (
            f"\nimport {module}\n\n{module}.{variation.name}  # must be there\n{module}.{variation.name} = {value!r}\n"
        )
    return lines + _START.format(program=path)


def programs(variation: Variation, folder: Path) -> dict[str, Path]:
    """A program for Headrace as it is and one for each value, by name."""
    installed = program()
    interpreter = installed.read_text().splitlines()[0].removeprefix("#!")
    texts = {AS_IT_IS: source(interpreter, str(installed))}
    texts |= {
        f"{variation.name}={value}": source(interpreter, str(installed), variation, value) for value in variation.values
    }
    made: dict[str, Path] = {}
    for number, (name, text) in enumerate(texts.items()):
        made[name] = folder / f"headrace-{number}"
        made[name].write_text(text)
        made[name].chmod(made[name].stat().st_mode | stat.S_IXUSR)
    return made


def table(rows: Sequence[Row]) -> str:
    """Medians of the sound rows, a column for each value, as Markdown."""
    tools = list(dict.fromkeys(row.tool for row in rows))
    lines = ["| scenario | | " + " | ".join(tools) + " |", "|---|---|" + "---:|" * len(tools)]
    for scenario in dict.fromkeys(row.scenario for row in rows):
        here = [row for row in rows if row.scenario == scenario]
        for name, figure in figures(here).items():
            cells = " | ".join(cell(median(here, tool, figure)) for tool in tools)
            lines.append(f"| {scenario} | {name} | {cells} |")
    return "\n".join(lines)


def compare(variation: Variation, options: argparse.Namespace, folder: Path) -> list[Row]:
    """Run all in turn."""
    tools = {name: headrace(name, path) for name, path in programs(variation, folder).items()}
    return in_turn(tools, options, Place(paths.WORK, options.out or folder, options.lab))


def main(argv: Sequence[str]) -> int:
    """``python -m bench vary``."""
    parser = argparse.ArgumentParser(prog="python -m bench vary", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("variation", metavar="NAME=VALUE,VALUE…")
    parser.add_argument("--scenarios", default="S1")
    parser.add_argument("--reps", type=int, default=REPS)
    parser.add_argument("--lab", type=int, default=0, help="number of the lab, should there be several on this machine")
    parser.add_argument("--out", type=Path, help="keep the rows in this folder")
    options = parser.parse_args(argv)
    try:
        variation = read(options.variation)
    except BadVariation as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="headrace-vary-") as folder:
        try:
            rows = compare(variation, options, Path(folder))
        except KeyboardInterrupt:
            return INTERRUPTED
    print(table(rows))
    return 0
