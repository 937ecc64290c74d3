"""Where a container's index lies: the bytes of a file that a player needs before it can start or seek.

What it costs to find out in real files. The first 4 KiB are asked for first and lie in the piece that is fetched first
anyway; "far" are asks beyond the first 64 KiB, each of which may cost a piece:

| container | far asks | their bytes | what is pinned |
|---|---|---|---|
| MP4, MOV: moov first | 0 | 0 | up to the media |
| MP4, MOV: moov last | 1 | 64 | and moov |
| boxes behind the media | 1 each | 64 each | and these, up to 64 KiB each |
| MP4 in fragments | 1 | 16 | up to the first moof, sidx, mfra |
| Matroska, WebM: Cues last | 1 | 12 | up to the first Cluster, and Cues |
| Tags, Chapters, Attachments behind the media | 1 each | 12 each | and these |
| Cues first, or none (live) | 0 | 0 | up to the first Cluster |
| AVI | 1 | 12 | up to the media, idx1, OpenDML's ix## |
| MPEG-TS | 1 | 256 KiB | 256 KiB at either end |
| anything else | 0 | 0 | nothing: ``fallback_pins`` |

Players read a far index before the first frame in all of these but Matroska's Cues, which wait for the first seek.
"""

from __future__ import annotations

from headrace.index.base import IndexInfo, Want, drive, fallback_pins
from headrace.index.find import find_index

__all__ = ["IndexInfo", "Want", "drive", "fallback_pins", "find_index"]
