"""The reference page of the command line: ``python -m headrace.cli.reference > docs/cli.md``."""

from __future__ import annotations

import sys

from headrace.cli.dispatch import VERBS, module_of, overview
from headrace.cli.parsing import help_text

EXIT_CODES = (
    (0, "done"),
    (1, "unexpected error"),
    (2, "wrong usage"),
    (3, "bad input: not a magnet, a torn .torrent, no such file in the torrent"),
    (4, "swarm: no metadata or no peers within `--timeout`"),
    (5, "engine or disk: cannot write, disk full, port in use"),
    (6, "player or device: not found, refused"),
    (130, "interrupted (Ctrl-C)"),
)


def page() -> str:
    """The whole page."""
    parts = ["# Command line", "This page is made by `python -m headrace.cli.reference`.", _block(overview())]
    for verb in VERBS:
        parts += [f"## headrace {verb}", _block(help_text(module_of(verb).VERB))]
    parts += [
        "## Exit codes",
        "| code | |\n|---|---|\n" + "\n".join(f"| {code} | {text} |" for code, text in EXIT_CODES),
    ]
    return "\n\n".join(parts) + "\n"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


if __name__ == "__main__":
    sys.stdout.write(page())
