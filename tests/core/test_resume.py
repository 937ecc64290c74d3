from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.resume import has_begun, resume_at, watched_through

SECONDS = st.floats(0, 20_000)
DURATIONS = st.none() | st.floats(0, 20_000)


@pytest.mark.parametrize(
    ("seconds", "duration", "at"),
    [
        (0.0, 5400.0, 0.0),
        (9.9, 5400.0, 0.0),  # not begun
        (10.0, 5400.0, 10.0),
        (2700.0, 5400.0, 2700.0),
        (5219.0, 5400.0, 5219.0),
        (5220.0, 5400.0, 0.0),  # the credits: 180 s
        (6000.0, 5400.0, 0.0),
        (1.0, 20.0, 1.0),  # a clip
        (18.9, 20.0, 18.9),
        (19.0, 20.0, 0.0),
        (754.0, None, 754.0),  # a player that does not tell how long it is
        (754.0, 0.0, 754.0),
        (5.0, None, 0.0),
    ],
)
def test_where_it_goes_on(seconds: float, duration: float | None, at: float) -> None:
    assert resume_at(seconds, duration) == at


@given(SECONDS, DURATIONS)
def test_it_goes_on_where_it_stopped_or_at_the_beginning(seconds: float, duration: float | None) -> None:
    assert resume_at(seconds, duration) in (seconds, 0.0)
    if watched_through(seconds, duration):
        assert resume_at(seconds, duration) == 0.0


@given(SECONDS, SECONDS, DURATIONS)
def test_what_was_watched_through_stays_so_further_on(seconds: float, more: float, duration: float | None) -> None:
    assert watched_through(seconds + more, duration) or not watched_through(seconds, duration)


def test_a_few_seconds_are_not_worth_remembering() -> None:
    assert not has_begun(9.9, None)
    assert has_begun(10.0, None)
    assert not has_begun(9.9, 5400.0)
    assert has_begun(1.0, 20.0)
