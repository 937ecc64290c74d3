"""MPEG-TS in its three packet sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.index.base import CHEAP, Found, Source
from headrace.index.mpegts import EDGE, Packets, packets_in, read_mpegts

EMPTY = b"\x47\x1f\xff\x10" + b"\xff" * 184
PAD = {188: (b"", b""), 192: (b"\1\2\3\4", b""), 204: (b"", bytes(16))}


def clock(ticks: int, pid: int = 256) -> bytes:
    """A packet with a program clock reference and nothing else."""
    head = b"\x47" + pid.to_bytes(2, "big") + b"\x20\xb7\x10"
    return head + (ticks << 7 | 0x7E).to_bytes(5, "big") + b"\0" + b"\xff" * 176


def stream(packets: list[bytes], stride: int = 188) -> bytes:
    before, after = PAD[stride]
    return b"".join(before + packet + after for packet in packets)


def video(first: int, last: int, *, stride: int = 188, packets: int = 5000, lead: int = 3) -> bytes:
    return stream([EMPTY] * lead + [clock(first)] + [EMPTY] * packets + [clock(last)] + [EMPTY] * 3, stride)


@pytest.mark.parametrize("stride", [188, 192, 204])
@pytest.mark.parametrize("cut", [0, 1, 50, 187])
def test_packets_are_found_wherever_a_recording_begins(stride: int, cut: int) -> None:
    data = stream([EMPTY] * 20, stride)
    lead = len(PAD[stride][0])
    assert packets_in(data[cut:]) == Packets(stride, (lead - cut) % stride)


def test_four_packets_are_not_enough() -> None:
    assert packets_in(stream([EMPTY] * 4)) is None
    assert packets_in(stream([EMPTY] * 5)) == Packets(188, 0)


def test_aligned() -> None:
    packets = Packets(192, 4)
    assert [packets.aligned(at) for at in (0, 4, 5, 196, 1000)] == [4, 4, 196, 196, 1156]


@given(st.sampled_from([188, 192, 204]), st.integers(0, 187), st.integers(0, 5000))
def test_aligned_is_the_next_sync_byte(stride: int, first: int, at: int) -> None:
    found = Packets(stride, first).aligned(at)
    assert at <= found < at + stride
    assert (found - first) % stride == 0


@pytest.mark.parametrize("stride", [188, 192, 204])
@pytest.mark.parametrize("cut", [0, 77])
def test_both_ends_are_pinned_and_the_duration_costs_one_ask(look, stride: int, cut: int) -> None:
    data = video(900_000, 900_000 + 90_000 * 60, stride=stride)[cut:]
    seen, size = look(data), len(data)
    assert seen.info.pins == (Span(0, EDGE), Span(size - EDGE, size))
    assert (seen.info.container, seen.info.duration, seen.info.complete) == ("mpegts", 60.0, True)
    assert len(seen.asks) == 2
    assert seen.far[0].start >= size - EDGE


def test_a_late_first_clock_costs_a_second_look_at_the_head(look) -> None:
    seen = look(video(0, 90_000, lead=200))
    assert seen.info.duration == 1.0
    assert len(seen.asks) == 3
    assert len(seen.far) == 1


def test_no_clock_in_the_head_or_at_the_end(look) -> None:
    seen = look(video(0, 90_000, lead=CHEAP // 188 + 1))
    assert (seen.info.duration, seen.info.complete) == (None, True)
    assert seen.far == ()
    other = stream([clock(0)] + [EMPTY] * 5000 + [clock(90_000, pid=300)])
    assert look(other).info.duration is None


def test_the_last_clock_of_the_same_program_counts(look) -> None:
    data = stream([clock(0)] + [EMPTY] * 5000 + [clock(90_000), clock(180_000), clock(990_000, pid=300)])
    assert look(data).info.duration == 2.0


def test_the_clock_wraps_at_33_bits(look) -> None:
    assert look(video(2**33 - 45_000, 45_000)).info.duration == 1.0


@pytest.mark.parametrize(
    "packet",
    [
        clock(5)[:3] + b"\x10" + clock(5)[4:],
        clock(5)[:4] + b"\x06" + clock(5)[5:],
        clock(5)[:5] + b"\x00" + clock(5)[6:],
    ],
)
def test_packets_without_a_clock_are_passed_over(look, packet: bytes) -> None:
    data = stream([packet, clock(90_000)] + [EMPTY] * 3000 + [clock(180_000), packet])
    assert look(data).info.duration == 1.0


def test_a_file_that_is_no_transport_stream_has_both_ends_pinned_all_the_same() -> None:
    found, data = Found("mpegts", 10 * EDGE), bytes(4096)
    steps = read_mpegts(Source(found.size), found)
    assert next(steps) == Span(0, 4096)
    with pytest.raises(StopIteration):
        steps.send(data)
    assert (len(found.info().pins), found.duration) == (2, None)


def test_lost_sync_at_the_end(look) -> None:
    data = video(0, 90_000)
    assert look(data[: -300 * 188] + bytes(300 * 188)).info.complete


@pytest.mark.parametrize("count", [5, 20, 400, 1500])
def test_short_files_are_pinned_whole(look, count: int) -> None:
    data = stream([clock(0)] + [EMPTY] * (count - 2) + [clock(9000)])
    seen = look(data)
    assert seen.info.pins == (Span(0, len(data)),)
    assert seen.info.duration == 0.1


@pytest.mark.parametrize("name", ["ts", "m2ts"])
def test_a_player_starts_and_seeks_with_what_is_pinned(look, sample, play, name: str) -> None:
    data = sample(name)
    seen = look(data)
    assert (seen.info.duration, seen.info.complete) == (pytest.approx(10, abs=0.1), True)
    played = play(data, seen.info.pins)
    assert played.start == ()
    assert 0.6 < played.seek[0] / len(data) < 0.8, "straight to the media"


@pytest.mark.parametrize("name", ["ts", "m2ts"])
def test_a_player_reads_the_end_before_it_plays(sample, play, name: str) -> None:
    assert play(sample(name), ()).start[0] > len(sample(name)) - EDGE
