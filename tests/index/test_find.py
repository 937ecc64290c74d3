"""The whole of it: any bytes, mutated real files, and bytes that do not belong to the file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.index import IndexInfo, drive, fallback_pins, find_index
from headrace.index.base import BLOCK, Unreadable
from headrace.index.find import PARSERS

STARTS = st.sampled_from(
    [
        b"",
        b"\0\0\0\x10ftypisom\0\0\0\0",
        b"\0\0\0\0moov",
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff",
        b"RIFF\0\0\0\0AVI LIST",
        b"\x47",
    ]
)
SAMPLES = ["moov-last", "sidx", "mkv", "webm", "avi", "ts"]


def test_there_is_a_parser_for_each_container() -> None:
    assert set(PARSERS) == {"mp4", "matroska", "avi", "mpegts"}


def test_an_empty_file_is_asked_nothing(look) -> None:
    seen = look(b"")
    assert seen.asks == ()
    assert seen.info == IndexInfo("unknown", (), None, complete=False)


@pytest.mark.parametrize("data", [b"x", b"FLV\x01" + bytes(9000), b"OggS" + bytes(9000), b"ID3\x04" + bytes(9000)])
def test_unknown_containers_cost_one_ask_and_leave_the_pins_to_the_caller(look, data: bytes) -> None:
    seen = look(data)
    assert seen.asks == (Span(0, min(BLOCK, len(data))),)
    assert seen.info == IndexInfo("unknown", (), None, complete=False)
    assert fallback_pins(len(data), 16384)


def test_a_caller_that_sends_too_few_bytes_is_told() -> None:
    with pytest.raises(ValueError, match="was sent 0"):
        drive(find_index(100), lambda span: b"")


def test_the_first_bytes_of_a_known_container_are_pinned_for_players_sniff_too(look) -> None:
    assert look(b"\x1a\x45\xdf\xa3" + bytes(9000)).info.pins == (Span(0, BLOCK),)


def test_unreadable_never_leaves(look) -> None:
    assert issubclass(Unreadable, Exception)
    assert not look(b"\x1a\x45\xdf\xa3").info.complete


@given(STARTS, st.binary(max_size=200))
def test_any_bytes_end(look, start: bytes, rest: bytes) -> None:
    assert look(start + rest).info.container


@given(st.integers(0, 2**63), st.binary(min_size=1, max_size=64))
def test_any_size_of_file_ends(size: int, pattern: bytes) -> None:
    """Files of up to 8 EiB that repeat a few bytes: no ask and no pin lies outside, none of it takes memory."""

    def read(span: Span) -> bytes:
        assert 0 <= span.start < span.end <= size
        return (pattern * (span.size // len(pattern) + 1))[: span.size]

    info = drive(find_index(size), read)
    assert all(0 <= pin.start < pin.end <= size for pin in info.pins)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", SAMPLES)
def test_mutated_real_files_end(look, sample, name: str, data: st.DataObject) -> None:
    """A few bytes changed where the headers are: at the front, and where the index of the sound file lies."""
    original = bytearray(sample(name))
    pins = look(bytes(original)).info.pins
    places = st.sampled_from(pins).flatmap(lambda pin: st.integers(pin.start, min(pin.start + 600, pin.end) - 1))
    for at, value in data.draw(st.lists(st.tuples(places, st.sampled_from([0, 1, 8, 127, 128, 255])), max_size=8)):
        original[at] = value
    cut = data.draw(st.sampled_from([len(original), len(original) // 2, len(original) - 20, 3000]))
    assert look(bytes(original[:cut])).info.container
