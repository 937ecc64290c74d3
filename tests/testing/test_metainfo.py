"""Bencode and layouts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import FileEntry, Layout
from headrace.testing.metainfo import decode, encode, info_of, layout_of

ITEMS = st.recursive(
    st.integers(-99, 99) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.binary(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(ITEMS)
def test_round_trip(item: object) -> None:
    assert decode(encode(item)) == item


@pytest.mark.parametrize("data", [b"", b"i5", b"l", b"5:abc", b"d1:ae", b"x"])
def test_torn(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


def test_keys_are_sorted() -> None:
    assert encode({b"b": 1, b"a": [b"x"]}) == b"d1:al1:xe1:bi1ee"


@pytest.mark.parametrize(
    "layout",
    [
        Layout("one.bin", 16, 40, (FileEntry(0, "one.bin", 40, 0),)),
        Layout("d", 16, 45, (FileEntry(0, "d/a", 40, 0), FileEntry(1, "d/e/b", 5, 40))),
        Layout("d", 16, 40, (FileEntry(0, "d/a", 40, 0),)),
    ],
)
def test_layout_round_trip(layout: Layout) -> None:
    assert layout_of(info_of(layout, b"")) == layout
