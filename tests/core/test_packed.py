from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.packed import gunzip


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_what_was_packed(one: bytes, two: bytes) -> None:
    assert gunzip(gzip.compress(one), 50) == one
    assert gunzip(gzip.compress(one) + gzip.compress(two) + b"\0junk", 100) == one + two


def test_the_limit() -> None:
    packed = gzip.compress(b"x" * 100_000)
    assert gunzip(packed, 100_000) == b"x" * 100_000
    assert gunzip(packed, 99_999) == b"x" * 100_000
    assert gunzip(packed, 10) == b"x" * 11
    assert gunzip(gzip.compress(b"x" * 11) + packed, 10) == b"x" * 11


@pytest.mark.parametrize("end", [3, 20, 100, -9, -1])
def test_each_cut_is_seen(end: int) -> None:
    with pytest.raises(ValueError, match="cut off"):
        gunzip(gzip.compress(bytes(range(200)))[:end], 1000)


def test_damage_is_seen() -> None:
    packed = bytearray(gzip.compress(bytes(range(200))))
    packed[-6] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        gunzip(bytes(packed), 1000)
