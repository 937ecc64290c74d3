from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.players.record import clean, clock, is_url, lua_pattern, scrub, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Failed to open http://127.0.0.1:1/x?token=abc.", "Failed to open http://127.0.0.1:1/x"),
        ("MRL 'http://h/a.mkv?token=s&x=1'. Check", "MRL 'http://h/a.mkv'. Check"),
        ('see "HTTPS://h/?a" and rtsp://h/b?c d', 'see "HTTPS://h/" and rtsp://h/b d'),
        ("why? http://h/x", "why? http://h/x"),
    ],
)
def test_queries_of_urls_are_cut(text: str, expected: str) -> None:
    assert scrub(text) == expected


@given(st.text(alphabet="ab/:.? '\"h", max_size=30))
def test_no_query_survives(middle: str) -> None:
    assert "SECRET" not in scrub(f"{middle}http://h/x?token=SECRET&{middle}")


@pytest.mark.parametrize(
    ("title", "expected"),
    [("A\tB\n C", "A B C"), ("x\0y", "x y"), ("  ", ""), ("Amélie – 아", "Amélie – 아"), ("\x1b]0;hi\x07", "]0;hi")],
)
def test_titles_become_one_printable_line(title: str, expected: str) -> None:
    assert clean(title) == expected


@given(st.text())
def test_clean_titles_can_always_be_passed(title: str) -> None:
    assert clean(title).isprintable()


@pytest.mark.parametrize(("value", "expected"), [(0, "0"), (90.0, "90"), (5.5, "5.5"), (1.23456, "1.235"), (-3, "0")])
def test_seconds(value: float, expected: str) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, "00:00:00"), (3725.9, "01:02:05"), (360000, "100:00:00")])
def test_clock(value: float, expected: str) -> None:
    assert clock(value) == expected


def test_urls_and_paths() -> None:
    assert is_url("http://h/x.srt")
    assert is_url("https://h/x.srt")
    assert not is_url("/tmp/http://x.srt")


def test_lua_pattern_escapes_what_lua_would_read() -> None:
    assert lua_pattern("127.0.0.1:80") == "127%.0%.0%.1:80"
    assert lua_pattern("[::1]:80") == "%[::1%]:80"
    assert lua_pattern("my-host") == "my%-host"
