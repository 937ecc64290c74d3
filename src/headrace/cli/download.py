"""``headrace download``: fetch chosen files whole, in the order of play."""

from __future__ import annotations

from pathlib import Path

import msgspec.structs

from headrace.cli.output import Later
from headrace.cli.parsing import Arguments, Verb

VERB = Verb(
    "download",
    "fetch a torrent's files whole, in streaming order",
    (
        ("headrace download 'magnet:?xt=urn:btih:…'", "the main video, into the current folder"),
        ("headrace download show.torrent -f S02E05", "one episode"),
        ("headrace download show.torrent --all --dir ~/tv", "everything, somewhere else"),
        ("headrace download HASH --json", "for programs"),
    ),
    notes="It ends when all is there and verified. Started again, it goes on where it was.",
)


def run(arguments: Arguments) -> int:
    """Fetch; the exit code."""
    from headrace import app, sources

    settings = arguments.settings
    settings = msgspec.structs.replace(settings, dir=(settings.dir or Path.cwd()).absolute())
    loaded = sources.load(arguments.source, proxy=settings.proxy, source_address=settings.interface)
    with Later(settings, "download") as say:
        return app.download(settings, loaded, say)
