"""Which container a file is, by its first bytes; names and extensions lie too often."""

from __future__ import annotations

from headrace.index import mpegts

EBML_MAGIC = b"\x1a\x45\xdf\xa3"
"""The ID of the EBML header that begins every Matroska and WebM file (RFC 8794 section 11.2.1)."""

_FIRST_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"styp", b"moof"))
"""Boxes that files begin with; those of old QuickTime have no ``ftyp`` (ISO/IEC 14496-12 section 4.3)."""


def sniff(head: bytes) -> str:
    """``mp4``, ``matroska`` (WebM too), ``avi``, ``mpegts`` or ``unknown``, by the first 4 KiB of a file.

    MPEG-TS comes last: its sync bytes may stand anywhere in the first packet.
    """
    if head.startswith(EBML_MAGIC):
        return "matroska"
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return "avi"
    if head[4:8] in _FIRST_BOXES:
        return "mp4"
    if mpegts.packets_in(head):
        return "mpegts"
    return "unknown"
