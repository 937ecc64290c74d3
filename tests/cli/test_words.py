from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.cli import words
from headrace.core.health import STATES


def test_every_state_has_words() -> None:
    assert set(words.STATES) == set(STATES)
    assert words.state("buffering") == "Buffering"
    assert words.state("new\x1bone") == "New one"


@given(st.text(max_size=20))
def test_cleaned_text_obeys_nobody(text: str) -> None:
    cleaned = words.clean(text)
    assert cleaned.isprintable()
    assert words.clean(cleaned) == cleaned


def test_clean_keeps_what_can_be_read() -> None:
    assert words.clean("a\x1b[31mb\nc\u202ed  é 日") == "a [31mb c d é 日"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "in a moment"),
        (3.2, "in about 3 s"),
        (89, "in about 89 s"),
        (120, "in about 2 min"),
        (7200, "in about 2 h"),
    ],
)
def test_estimates(seconds: float, said: str) -> None:
    assert words.about(seconds) == said


@given(st.text(alphabet="ab日\u0301", max_size=12), st.integers(-1, 14))
def test_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    short = words.shorten(text, width)
    assert words.cells(short) <= max(width, 0)
    if words.cells(text) <= width:
        assert short == text
    elif width > 5:
        assert short[0] == text[0]
        assert "…" in short


def test_shortening_keeps_the_suffix() -> None:
    assert words.shorten("a very long name.mkv", 11) == "a ver…e.mkv"


@given(st.lists(st.text(alphabet="ab", min_size=1, max_size=6), max_size=6), st.integers(1, 20))
def test_packing_keeps_all_parts_in_order_and_breaks_only_those_that_are_too_wide(parts: list[str], width: int) -> None:
    lines = words.pack(parts, width)
    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" · ", "") == "".join(parts)
    if all(len(part) <= width for part in parts):
        assert [part for line in lines for part in line.split(" · ")] == parts


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("magnet:?xt=urn:btih:ab12&dn=Big+Show%20%1b%5b2J&tr=x", "Big Show [2J"),
        ("magnet:?xt=urn:btih:ab12&tr=x", "ab12"),
        ("magnet:?x", "magnet:?x"),
        ("a b.torrent", "a b.torrent"),
    ],
)
def test_sources(given: str, said: str) -> None:
    assert words.source(given) == said


def test_counts() -> None:
    assert [words.count(n, "peer") for n in (0, 1, 2)] == ["0 peers", "1 peer", "2 peers"]
