"""gzip within bounds.

Rules: never more than one byte over the limit is unpacked, so that a small body cannot fill the memory; what ends
early is an error and not a shorter file; several members in a row are one file (RFC 1952, 2.2).
"""

from __future__ import annotations

import zlib

MAGIC = b"\x1f\x8b"


def gunzip(data: bytes, limit: int) -> bytes:
    """Unpack gzip; more than ``limit`` bytes mean that it is larger. ``ValueError`` when it is damaged or cut off."""
    plain = b""
    while data.startswith(MAGIC) and len(plain) <= limit:
        member = zlib.decompressobj(wbits=31)
        try:
            plain += member.decompress(data, limit + 1 - len(plain))
        except zlib.error:
            raise ValueError("its gzip data is damaged") from None
        if not member.eof and len(plain) <= limit:
            raise ValueError("its gzip data is cut off")
        data = member.unused_data
    return plain
