from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span

spans = st.builds(Span, st.integers(-20, 40), st.integers(-20, 40))


@given(spans)
def test_size_counts_the_bytes(span: Span) -> None:
    assert span.size == len(range(span.start, span.end))


@given(spans, st.integers(0, 20))
def test_clip_leaves_what_lies_inside(span: Span, size: int) -> None:
    clipped = span.clip(size)
    assert set(range(*clipped)) == set(range(*span)) & set(range(size))
    assert 0 <= clipped.start <= clipped.end <= size, "an empty span is still a place in the file"


@given(spans, st.integers(-9, 9))
def test_shift_moves_every_byte(span: Span, offset: int) -> None:
    assert list(range(*span.shift(offset))) == [byte + offset for byte in range(*span)]
    assert span.shift(offset).size == span.size
