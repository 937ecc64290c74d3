from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.http_range import (
    Unsatisfiable,
    content_range,
    if_none_match,
    if_range_matches,
    parse_range,
)
from headrace.core.spans import Span

NO = Unsatisfiable(10)
LONG = "9" * 5000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-9", Span(0, 10)),
        ("bytes=3-5", Span(3, 6)),
        ("bytes=3-", Span(3, 10)),
        ("bytes=9-", Span(9, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=-10", Span(0, 10)),
        # Clipped to the file.
        ("bytes=5-99", Span(5, 10)),
        ("bytes=-99", Span(0, 10)),
        (f"bytes=5-{LONG}", Span(5, 10)),
        (f"bytes=-{LONG}", Span(0, 10)),
        # Unsatisfiable.
        ("bytes=10-", NO),
        ("bytes=10-20", NO),
        ("bytes=-0", NO),
        ("bytes=-000", NO),
        (f"bytes={LONG}-", NO),
        (f"bytes={LONG}-{LONG}", NO),
        # Spelling that the grammar allows.
        ("BYTES=1-2", Span(1, 3)),
        (" \tbytes=1-2 ", Span(1, 3)),
        ("bytes=0001-0002", Span(1, 3)),
        ("bytes=,1-2", Span(1, 3)),
        ("bytes=, ,1-2 , ,", Span(1, 3)),
        ("bytes= ,\t1-2", Span(1, 3)),
        ("bytes=" + "0" * 5000 + "1-2", Span(1, 3)),
        # Several ranges.
        ("bytes=0-1,3-4", None),
        ("bytes=0-1, 99-", None),
        ("bytes=98-,99-", None),
        # Malformed.
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=,", None),
        ("bytes=5-3", None),
        ("bytes=99-98", None),
        ("bytes=5", None),
        ("bytes=+1-2", None),
        ("bytes=1-+2", None),
        ("bytes=-1-2", None),
        ("bytes=--2", None),
        ("bytes=1--2", None),
        ("bytes=1-2-3", None),
        ("bytes=10x-20", None),
        ("bytes=0x1-2", None),
        ("bytes=1_0-20", None),
        ("bytes=1-2;q=1", None),
        ("bytes=1 -2", None),
        ("bytes=1- 2", None),
        ("bytes=- 2", None),
        ("bytes= 1-2", None),
        ("bytes =1-2", None),
        ("bytes:1-2", None),
        ("bytes=1-2\n", None),
        ("bytes=\x0b1-2", None),
        ("bytes=٣-٤", None),
        ("bytes=1-²", None),
        ("items=0-1", None),
        ("bytesx=0-1", None),
        ("none", None),
    ],
)
def test_ranges_of_ten_bytes(header: str | None, expected: object) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", Unsatisfiable(0)),
        ("bytes=0-0", Unsatisfiable(0)),
        ("bytes=-0", Unsatisfiable(0)),
        ("bytes=-5", None),
    ],
)
def test_an_empty_file(header: str, expected: object) -> None:
    assert parse_range(header, 0) == expected


def test_a_file_beyond_32_bits() -> None:
    assert parse_range("bytes=5000000000-5000000001", 1 << 40) == Span(5_000_000_000, 5_000_000_002)


def model(header: str, size: int) -> object:
    """The RFC read slowly: try each range that there could be, and compare the bytes that it stands for."""
    numbers = range(30)
    meanings: dict[str, object] = {}
    for first, last in itertools.product(numbers, numbers):
        asked = [byte for byte in range(size) if first <= byte <= last]
        valid = first <= last
        meanings[f"{first}-{last}"] = (asked or "416") if valid else "200"
    for n in numbers:
        meanings[f"{n}-"] = [byte for byte in range(size) if n <= byte] or "416"
        meanings[f"-{n}"] = list(range(size))[-n:] if n and size else ("200" if n else "416")
    ranges = header.removeprefix("bytes=")
    return meanings.get(ranges, "200") if header.startswith("bytes=") else "200"


SPEC = st.one_of(
    st.builds("{}-{}".format, st.integers(0, 29), st.integers(0, 29)),
    st.builds("{}-".format, st.integers(0, 29)),
    st.builds("-{}".format, st.integers(0, 29)),
    st.text("0123456789-", max_size=4).filter(lambda text: not text.startswith("0") and "-0" not in text),
)


@given(st.builds("bytes={}".format, SPEC), st.integers(0, 20))
def test_ranges_as_the_slow_model_reads_them(header: str, size: int) -> None:
    found = parse_range(header, size)
    if any(len(number) > 2 or int(number or 0) > 29 for number in header[6:].split("-")):
        assert found is None or isinstance(found, Unsatisfiable) or found.end == size
        return
    expected = model(header, size)
    if isinstance(found, Span):
        assert list(range(found.start, found.end)) == expected
    else:
        assert expected == ("200" if found is None else "416")


@given(st.text(), st.integers(0, 20))
def test_any_header_is_answered(header: str, size: int) -> None:
    for text in (header, "bytes=" + header):
        found = parse_range(text, size)
        if isinstance(found, Span):
            assert 0 <= found.start < found.end <= size
        if_none_match(text, '"a"')
        if_range_matches(text, '"a"')


def test_content_range() -> None:
    assert content_range(Span(3, 6), 10) == "bytes 3-5/10"
    assert Unsatisfiable(10).content_range == "bytes */10"


@pytest.mark.parametrize(
    ("header", "etag", "matches"),
    [
        (None, '"a"', True),
        ('"a"', '"a"', True),
        (' "a"\t', '"a"', True),
        ('"b"', '"a"', False),
        ('W/"a"', '"a"', False),
        ('W/"a"', 'W/"a"', False),
        ("a", '"a"', False),
        ("", '"a"', False),
        ("Wed, 21 Oct 2015 07:28:00 GMT", '"a"', False),
        ('"a", "b"', '"a"', False),
    ],
)
def test_if_range(header: str | None, etag: str, matches: bool) -> None:
    assert if_range_matches(header, etag) is matches


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        ("", False),
        ("*", True),
        (" * ", True),
        ('"a,b"', True),
        ('W/"a,b"', True),
        ('"x","a,b"', True),
        ('"x" , W/"a,b"', True),
        (',, "a,b" ,', True),
        ('"x"', False),
        ('"a"', False),
        ("a,b", False),
        ('w/"a,b"', False),
        ('"x" "a,b"', False),
        ('"a,b" junk', False),
        ('*, "a,b"', False),
        ('"a,b', False),
    ],
)
def test_if_none_match(header: str | None, matches: bool) -> None:
    assert if_none_match(header, '"a,b"') is matches


def test_if_none_match_compares_weakly() -> None:
    assert if_none_match('"a"', 'W/"a"')
    assert if_none_match('W/"a"', 'W/"a"')
