"""Bounds, memory and results that all parsers share."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.index.base import (
    BLOCK,
    CHEAP,
    MAX_ASKS,
    MAX_BYTES,
    MAX_PINS,
    Ask,
    Found,
    IndexInfo,
    Source,
    Unreadable,
    Want,
    drive,
    fallback_pins,
    is_kind,
    tidy,
)

MIB = 1024 * 1024
SPANS = st.lists(st.builds(Span, st.integers(0, 40), st.integers(0, 40)), max_size=6)


def answer(ask: Ask, data: bytes) -> tuple[bytes, list[Span]]:
    """Serve one read from ``data``: its result and the spans that it asked for."""
    asks = []
    try:
        span = next(ask)
        while True:
            asks.append(span)
            span = ask.send(data[span.start : span.end])
    except StopIteration as done:
        result: bytes = done.value
        return result, asks


def content(size: int) -> bytes:
    return bytes(n * 7 % 251 for n in range(size))


def test_asks_at_the_front_come_in_blocks_and_only_once() -> None:
    data, source = content(CHEAP * 2), Source(CHEAP * 2)
    assert answer(source.read(0, 10), data) == (data[:10], [Span(0, BLOCK)])
    assert answer(source.read(BLOCK - 5, 5), data) == (data[BLOCK - 5 : BLOCK], [])
    assert answer(source.read(BLOCK - 5, 6), data) == (data[BLOCK - 5 : BLOCK + 1], [Span(BLOCK, 2 * BLOCK)])


def test_asks_further_on_are_exact_and_only_once() -> None:
    data, source = content(CHEAP * 2), Source(CHEAP * 2)
    at = CHEAP + 100
    assert answer(source.read(at, 16), data) == (data[at : at + 16], [Span(at, at + 16)])
    assert answer(source.read(at + 4, 12), data) == (data[at + 4 : at + 16], [])
    assert answer(source.read(at + 4, 13), data) == (data[at + 4 : at + 17], [Span(at + 16, at + 17)])
    assert answer(source.read(at + 5, 12), data) == (data[at + 5 : at + 17], [])


def test_reads_end_with_the_file() -> None:
    data, source = content(100), Source(100)
    assert answer(source.read(90, 20), data) == (data[90:], [Span(0, 100)])
    assert answer(source.read(100, 20), data) == (b"", [])
    assert answer(source.need(90, 10), data) == (data[90:], [])
    with pytest.raises(Unreadable):
        answer(source.need(90, 11), data)


def test_asks_are_bounded_in_number() -> None:
    data, source = content(CHEAP * 2), Source(CHEAP * 2)
    for number in range(MAX_ASKS):
        answer(source.read(CHEAP + number, 1), data)
    with pytest.raises(Unreadable):
        answer(source.read(CHEAP + MAX_ASKS, 1), data)


def test_asks_are_bounded_in_bytes() -> None:
    data = bytes(MAX_BYTES + CHEAP + 1)
    source = Source(len(data))
    answer(source.read(CHEAP, MAX_BYTES), data)
    with pytest.raises(Unreadable):
        answer(source.read(0, 1), data)


def test_a_caller_that_sends_the_wrong_bytes_is_told() -> None:
    ask = Source(100).read(0, 10)
    assert next(ask) == Span(0, 100)
    with pytest.raises(ValueError, match="asked for 100 bytes, was sent 3"):
        ask.send(b"abc")


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=5))
def test_reads_return_the_bytes_of_the_file(size: int, reads: list[tuple[int, int]]) -> None:
    data, source = content(size), Source(size)
    for start, length in reads:
        assert answer(source.read(start, length), data)[0] == data[start : start + length]


@given(SPANS, st.integers(0, 40), st.integers(0, 5))
def test_tidy_keeps_every_byte_and_adds_only_short_gaps(spans: list[Span], size: int, join: int) -> None:
    wanted = {byte for span in spans for byte in range(span.start, min(span.end, size))}
    tidied = tidy(spans, size, join)
    covered = [byte for span in tidied for byte in range(*span)]
    assert covered == sorted(set(covered))
    assert wanted <= set(covered)
    assert all(span.start in wanted and span.end - 1 in wanted for span in tidied)
    assert all(after.start - before.end > join for before, after in itertools.pairwise(tidied))


def test_pins_are_bounded() -> None:
    found = Found("mp4", 10 * MAX_PINS)
    found.pin(0, MAX_PINS)
    assert found.complete
    found.pin(5 * MAX_PINS, 5 * MAX_PINS + 1)
    assert found.info() == IndexInfo("mp4", (Span(0, MAX_PINS),), None, complete=False)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_absurd_durations_are_none(seconds: float) -> None:
    found = Found("mp4", 10, duration=3.0)
    found.last(seconds)
    assert found.duration is None
    found.last(1.5)
    assert found.info().duration == 1.5


@pytest.mark.parametrize(
    ("size", "piece", "pins"),
    [
        (500 * MIB, 1 * MIB, (Span(0, 5 * MIB), Span(495 * MIB, 500 * MIB))),
        (100 * MIB, 4 * MIB, (Span(0, 4 * MIB), Span(96 * MIB, 100 * MIB))),
        (50_000 * MIB, 16 * MIB, (Span(0, 8 * MIB), Span(49_992 * MIB, 50_000 * MIB))),
        (3 * MIB, 2 * MIB, (Span(0, 3 * MIB),)),
        (5, 16384, (Span(0, 5),)),
        (0, 16384, ()),
    ],
)
def test_fallback_pins(size: int, piece: int, pins: tuple[Span, ...]) -> None:
    assert fallback_pins(size, piece) == pins


@pytest.mark.parametrize(
    ("code", "is_one"),
    [(b"moov", True), (b"\xa9nam", True), (b"url ", True), (b"\0\0\0\0", False), (b"ab\x7fc", False), (b"abc", False)],
)
def test_names_of_boxes_and_chunks(code: bytes, is_one: bool) -> None:
    assert is_kind(code) is is_one


def test_drive_serves_a_parser_from_bytes_at_hand() -> None:
    def parser() -> Want:
        first = yield Span(0, 2)
        second = yield Span(3, 4)
        return IndexInfo((first + second).decode(), ())

    data = b"abcd"
    assert drive(parser(), lambda span: data[span.start : span.end]).container == "abd"


def test_drive_takes_a_parser_that_asks_for_nothing() -> None:
    def parser() -> Want:
        yield from ()
        return IndexInfo("unknown", ())

    assert drive(parser(), lambda span: b"").container == "unknown"
