"""``headrace serve``: the server with many torrents, its API and its pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.output import Later
from headrace.cli.parsing import Arguments, Verb

if TYPE_CHECKING:
    from headrace.demo.exhibit import Exhibit
    from headrace.guests import Guests
    from headrace.streaming.registry import Torrents

VERB = Verb(
    "serve",
    "the server: torrents are added and watched from a browser or by programs",
    (
        ("headrace serve", "for this machine, at http://127.0.0.1:8888/"),
        ("headrace serve --host 0.0.0.0", "for the network, behind a token"),
        ("headrace serve --dir /srv/films --port 80", "data elsewhere, another port"),
        ("headrace serve --json", "for programs: what happens, as JSON lines"),
    ),
    source=False,
    notes="It ends with Ctrl-C or SIGTERM, within seconds, and goes on where it was when it is started again.",
)


def run(arguments: Arguments) -> int:
    """Serve; the exit code."""
    import logging
    import sys

    from headrace import app, token
    from headrace.cli import log

    settings = arguments.settings
    level = logging.DEBUG if settings.debug else logging.WARNING if settings.quiet else logging.INFO
    found = token.find(settings)
    if found.fresh:
        # not by the log, which is kept and read by others
        sys.stderr.write(f"The token of this server, shown this once: {found.text}\n")
    fixed = frozenset(name for name, origin in arguments.origins.items() if origin.startswith(("-", "HEADRACE_")))
    with log.to(settings.log_format, level), Later(settings, "serve") as say:
        return app.serve(settings, say, fixed, _invite)


def _invite(folder: Path, torrents: Torrents, guests: Guests) -> Exhibit:
    """The demo that the page offers; it costs nothing until somebody wants it."""
    from headrace.demo.exhibit import Exhibit

    return Exhibit(folder, torrents, guests)
