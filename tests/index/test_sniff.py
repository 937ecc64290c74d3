"""Containers by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.index.sniff import sniff

TS = (b"\x47" + bytes(187)) * 21


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\0\0\0\x20ftypisom", "mp4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mp4"),
        (b"\0\0\x10\x00moov", "mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86", "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"RIFF\0\0\0\0AVI\x19LIST", "avi"),
        (b"RIFF\0\0\0\0WAVEfmt ", "unknown"),
        (TS[:4096], "mpegts"),
        (TS[100:4096], "mpegts"),
        (TS[:4096].replace(b"\x47", b"\x48"), "unknown"),
        (TS[: 188 * 3], "unknown"),
        (b"FLV\x01\x05\0\0\0\x09", "unknown"),
        (b"OggS\0\x02", "unknown"),
        (b"ID3\x04\0\0", "unknown"),
        (b"", "unknown"),
    ],
)
def test_sniff(head: bytes, container: str) -> None:
    assert sniff(head) == container


@given(st.binary(max_size=64))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    assert sniff(head) in {"mp4", "matroska", "avi", "mpegts", "unknown"}
