"""Where a container's index lies: the bytes of a file that a player needs before it can start or seek.

What it costs to find out, in a typical file (the first 4 KiB lie in the piece that is fetched first anyway):

| container | asks | bytes beyond the first 4 KiB |
|---|---|---|
"""

from __future__ import annotations

from headrace.index.base import IndexInfo, Want, drive, fallback_pins
from headrace.index.find import find_index

__all__ = ["IndexInfo", "Want", "drive", "fallback_pins", "find_index"]
