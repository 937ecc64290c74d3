from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.natural import natural_key


@pytest.mark.parametrize(
    "names",
    [
        ["E1.mkv", "E2.mkv", "E10.mkv", "e11.mkv"],
        ["Season 9/E1", "Season 10/E1"],
        ["S01E02", "s01e10", "S02E01"],
        ["1 - x", "02 - x", "3 - x"],
        ["a", "a1", "a1b", "a2"],
        ["a 1/z", "a 1 b/a"],
        ["x001", "x01", "x1"],
        ["x" + "9" * 5000, "x1" + "0" * 5000],
        ["Disc 1/Track 9", "Disc 1/Track 10", "Disc 2/Track 1"],
        ["x2", "x٣", "x٤"],
    ],
)
def test_order(names: list[str]) -> None:
    mixed = list(names)
    random.Random(1).shuffle(mixed)
    assert sorted(mixed, key=natural_key) == names


@given(st.text(max_size=5), st.integers(0, 200), st.integers(0, 200), st.text(max_size=5))
def test_numbers_count(before: str, low: int, high: int, after: str) -> None:
    if before[-1:].isdigit() or after[:1].isdigit() or low == high:
        return
    low, high = min(low, high), max(low, high)
    assert natural_key(f"{before}{low}{after}") < natural_key(f"{before}{high:03}{after}")


@given(st.lists(st.text("a1/0B", max_size=5), unique=True))
def test_the_order_is_total(names: list[str]) -> None:
    keys = sorted(map(natural_key, names))
    assert len(set(keys)) == len(names)
    names.sort(key=natural_key)
    assert [natural_key(name) for name in names] == keys
