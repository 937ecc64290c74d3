"""python -m bench VERB: sets the swarm lab up, measures in it, and reports."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its module's ``main`` takes the rest of the arguments and gives the exit code."""

    module: str
    what: str


VERBS: Mapping[str, Verb] = {
    "setup": Verb("bench.setup", "[--rivals]: make the lab's videos, torrents and emulator; root, Debian"),
    "run": Verb("bench.run", "[SCENARIO...]: measure tools in scenarios; root"),
    "limit": Verb("bench.limit", "[SCENARIO...]: compute what physics allows"),
    "report": Verb("bench.report", "ROWS: tables and plots"),
    "quick": Verb("bench.quick", "REVISION REVISION: compare two revisions; root"),
    "vary": Verb("bench.vary", "NAME=VALUE,...: a constant or a setting with other values; root"),
    "serving": Verb("bench.serving", "serve a verified film to many, beside nginx"),
    "sharing": Verb("bench.sharing", "[CASE...]: several torrents on one link: who stalls; root"),
    "scaling": Verb("bench.scaling", "cost over pieces and read heads"),
}
"""Modules are imported when they are asked for: set-up must work where others' needs are not there."""


def usage() -> str:
    """All verbs."""
    lines = [f"  {name:<8} {verb.what}" for name, verb in VERBS.items()]
    return "\n".join(["usage: python -m bench VERB [ARGUMENTS]", "", *lines, "", "VERB --help says more."])


def main(argv: Sequence[str]) -> int:
    """Hand over to the verb's module."""
    if argv and argv[0] in VERBS:
        return int(importlib.import_module(VERBS[argv[0]].module).main(list(argv[1:])))
    wanted = bool(argv) and argv[0] in ("-h", "--help")
    print(usage(), file=sys.stdout if wanted else sys.stderr)
    return 0 if wanted else 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
