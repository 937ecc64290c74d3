"""From a file's size to its index: sniff the container, then let its parser walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from headrace.index.avi import read_avi
from headrace.index.base import BLOCK, Found, IndexInfo, Source, Steps, Unreadable, Want
from headrace.index.matroska import read_matroska
from headrace.index.mp4 import read_mp4
from headrace.index.mpegts import read_mpegts
from headrace.index.sniff import sniff

PARSERS: Mapping[str, Callable[[Source, Found], Steps]] = MappingProxyType(
    {"mp4": read_mp4, "matroska": read_matroska, "avi": read_avi, "mpegts": read_mpegts}
)


def find_index(size: int) -> Want:
    """Where the index of a file of ``size`` bytes lies. Begins with the first 4 KiB; see the rules in ``base``.

    Raises ``ValueError`` when it is sent more or fewer bytes than it asked for.
    """
    source = Source(size)
    head = yield from source.read(0, BLOCK)
    container = sniff(head)
    parser = PARSERS.get(container)
    if parser is None:
        return IndexInfo("unknown", (), None, complete=False)
    found = Found(container, size)
    # Every player reads the first few KiB to see what the file is.
    found.pin(0, BLOCK)
    try:
        yield from parser(source, found)
    except Unreadable:
        found.complete = False
    return found.info()
