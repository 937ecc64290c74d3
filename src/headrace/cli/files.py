"""``headrace files``: what is in a torrent."""

from __future__ import annotations

import json
import sys
from typing import Any

from headrace.cli.output import is_terminal
from headrace.cli.parsing import Arguments, Verb
from headrace.cli.words import clean, count
from headrace.core.pieces import FileEntry, Layout
from headrace.core.units import format_size

VERB = Verb(
    "files",
    "list a torrent's files: index, size, kind and name",
    (
        ("headrace files 'magnet:?xt=urn:btih:…'", "asks the swarm for the metadata, and for nothing else"),
        ("headrace files show.torrent", "asks nobody"),
        ("headrace files show.torrent --json", "one JSON object"),
    ),
    notes="The main video, which play takes without --file, is marked with *.",
)


def run(arguments: Arguments) -> int:
    """Print the list; the exit code."""
    from headrace import app, sources

    settings = arguments.settings
    loaded = sources.load(arguments.source, proxy=settings.proxy, source_address=settings.interface)
    patience = not loaded.torrent and not settings.quiet and not settings.json and is_terminal()
    if patience:
        sys.stderr.write("Asking the swarm for the metadata…\r")
        sys.stderr.flush()
    try:
        layout = app.list_files(settings, loaded)
    finally:
        if patience:
            sys.stderr.write("\x1b[K")
    text = json.dumps(as_json(loaded.info_hash, layout)) if settings.json else table(layout)
    sys.stdout.write(text + "\n")
    return 0


def as_json(info_hash: str, layout: Layout) -> dict[str, Any]:
    """The object of ``--json``; ``main`` is the index of the main video, or null."""
    return {
        "infohash": info_hash,
        "name": layout.name,
        "size": sum(entry.size for entry in layout.listed()),
        "piece_length": layout.piece_length,
        "main": main_index(layout),
        "files": [
            {"index": entry.index, "path": entry.path, "size": entry.size, "kind": _kind(entry)}
            for entry in layout.listed()
        ],
    }


def table(layout: Layout) -> str:
    """A line for each file, aligned, the name last so that any length is fine."""
    main = main_index(layout)
    files = list(layout.listed())
    rows = [("", "#", "SIZE", "KIND", "NAME")]
    rows += [
        ("*" if e.index == main else "", str(e.index), format_size(e.size), _kind(e), clean(e.path)) for e in files
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{mark:<{widths[0]}} {index:>{widths[1]}}  {size:>{widths[2]}}  {kind:<{widths[3]}}  {name}".rstrip()
        for mark, index, size, kind, name in rows
    ]
    total = format_size(sum(entry.size for entry in files))
    return "\n".join([f"{clean(layout.name)}: {count(len(files), 'file')}, {total}", *lines])


def main_index(layout: Layout) -> int | None:
    """The main video's index; None when nothing in the torrent can be played."""
    from headrace.core.choose import main_video
    from headrace.errors import InputError

    try:
        return main_video(list(layout.listed())).index
    except InputError:
        return None


def _kind(entry: FileEntry) -> str:
    from headrace.core.media_types import kind_of

    return kind_of(entry.path)
