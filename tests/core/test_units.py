from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.units import format_rate, format_size, format_time, parse_rate, parse_size, parse_time
from headrace.errors import InputError

K = 1024


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        (" 4096\n", 4096),
        ("20G", 20 * K**3),
        ("20g", 20 * K**3),
        ("1.5K", 1536),
        (".5k", 512),
        ("2MiB", 2 * K**2),
        ("2 MB", 2_000_000),
        ("3T", 3 * K**4),
        ("1P", K**5),
        ("7B", 7),
        ("7iB", 7),
        (" 1.M ", K**2),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1,5M", "nan", "inf", "1e3", "1..2", ".", "5Q", "5MM", "1M/s", "8Mbit", "٣", "1 2", "K"]
)
def test_bad_sizes(text: str) -> None:
    with pytest.raises(InputError, match="is not a size") as caught:
        parse_size(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0", 0),
        ("0K", 0),
        ("1.5M", 1_572_864),
        ("500K", 512_000),
        ("2MiB/s", 2 * K**2),
        ("1MB/sec", 1_000_000),
        ("8Mbit", 1_000_000),
        ("8 mbps", 1_000_000),
        ("100kbit/s", 12_500),
        ("0.1", 1),
    ],
)
def test_rates(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "-5", "1M/m", "1/s/s", "1KK"])
def test_bad_rates(text: str) -> None:
    with pytest.raises(InputError, match="is not a rate"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90.5", 90.5),
        ("1:02:03", 3723),
        ("62:03", 3723),
        ("0:00", 0),
        ("1:02:03.25", 3723.25),
        ("12m30s", 750),
        ("1h", 3600),
        ("1h 5m", 3900),
        ("2H3S", 7203),
        ("1.5min", 90),
        ("10sec", 10),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "x", "-5", "1:60", "1:60:00", "1:2:3:4", ":30", "1:", "30s5m", "h", "5d", "1:-2"]
)
def test_bad_times(text: str) -> None:
    with pytest.raises(InputError, match="is not a time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (350 * K, "350 KiB"),
        (99.94 * K, "99.9 KiB"),
        (99.96 * K, "100 KiB"),
        (1.4 * K**3, "1.4 GiB"),
        (5000 * K**4, "5000 TiB"),
    ],
)
def test_sizes_for_people(size: float, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 999 * K**4))
def test_a_printed_size_is_near_the_truth(size: int) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.06)


def test_rates_for_people() -> None:
    assert format_rate(2.3 * K**2) == "2.3 MiB/s"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03"), (-3, "0:00")]
)
def test_times_for_people(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


@given(st.integers(0, 10**6))
def test_a_printed_time_reads_back(seconds: int) -> None:
    assert parse_time(format_time(seconds)) == seconds


@given(st.text(alphabet="0123456789.:hmskib /-", max_size=10))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    for read in (parse_size, parse_rate, parse_time):
        try:
            assert read(text) >= 0
        except InputError:
            pass
