"""``headrace devices``: what in the network can be played on."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headrace.cli.output import is_terminal
from headrace.cli.parsing import Arguments, Verb
from headrace.cli.words import clean

if TYPE_CHECKING:
    from headrace.casting.base import Device

VERB = Verb(
    "devices",
    "Chromecasts and DLNA televisions in reach",
    (
        ("headrace devices", "who answers within three seconds"),
        ("headrace devices --json", "one JSON object"),
    ),
    source=False,
    notes="What it prints is for 'headrace play --player', where part of a name will do, and cast or dlna alone means "
    "the only one.\nIt asks by multicast (mDNS and SSDP) on all networks of this machine. What does not answer may be "
    "named by its address: cast:192.168.1.20, dlna:http://192.168.1.30:49152/description.xml. Exit code 6 when nothing "
    "answers.",
)


def run(arguments: Arguments) -> int:
    """Ask, and print who answered; the exit code."""
    import asyncio

    from headrace.casting import names
    from headrace.casting.discover import search

    settings = arguments.settings
    patience = not settings.json and is_terminal()
    if patience:
        sys.stderr.write("Asking the network…\r")
        sys.stderr.flush()
    try:
        found = asyncio.run(search())
    finally:
        if patience:
            sys.stderr.write("\x1b[K")
    if settings.json:
        sys.stdout.write(json.dumps({"devices": [device.as_dict() for device in found]}) + "\n")
    elif found:
        sys.stdout.write(table(found) + "\n")
    if not found:
        raise names.nothing_found(None)
    return 0


def table(devices: Sequence[Device]) -> str:
    """A line for each device, aligned, the name first: it is what one types."""
    from headrace.casting.names import player_of

    rows = [("PLAYER", "ADDRESS", "MODEL")]
    rows += [(clean(player_of(each)), each.address, clean(each.model)) for each in devices]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{name:<{widths[0]}}  {place:<{widths[1]}}  {model}".rstrip() for name, place, model in rows)
