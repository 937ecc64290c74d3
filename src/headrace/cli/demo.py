"""``headrace demo``: the whole real path on this machine alone."""

from __future__ import annotations

from headrace.cli.output import Later
from headrace.cli.parsing import Arguments, Verb

VERB = Verb(
    "demo",
    "make a short video and a local swarm, and stream it through the whole real path",
    (
        ("headrace demo", "needs no internet, and ends by itself"),
        ("headrace demo --player mpv", "in this player"),
        ("headrace demo --json", "for programs"),
    ),
    source=False,
)


def run(arguments: Arguments) -> int:
    """Run the demo; the exit code."""
    from headrace import demo

    with Later(arguments.settings, "demo") as say:
        return demo.run(arguments.settings, say)
