from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.display import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("A film (2020) é 電影.mkv", "A film (2020) é 電影.mkv"),
        ("a\x1b[31m\nb\x00\u202e\udc80", "a?[31m?b???"),
        ("x" * 79 + "yz", "…" + "x" * 77 + "yz"),
        ("x" * 80, "x" * 80),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(), st.integers(2, 20))
def test_one_short_line(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
