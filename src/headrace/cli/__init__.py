"""The command line: verbs, the live view, and the events of ``--json``.

Rules: start-up counts in the time to the first frame, so a module is imported when its verb runs and not before; only
verbs know ``headrace.app``; standard output carries results (and with ``--json`` nothing but JSON), standard error
carries everything that is said to a person; text from torrents is never written to a terminal as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb that ``argv`` (default: the process's arguments) names; the exit code of the documented list."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments in (["--version"], ["-V"]):
            from headrace import __version__

            sys.stdout.write(f"headrace {__version__}\n")
            return 0
        from headrace.cli.dispatch import run

        return run(arguments)
    except KeyboardInterrupt:  # while still importing
        sys.stderr.write("Interrupted.\n")
        return 130
