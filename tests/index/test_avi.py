"""AVI: hand-made chunks for every rule, then real files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.index.base import CHEAP, JOIN, MAX_ASKS

MIB = 1024 * 1024
AVIH = struct.pack("<5I", 40_000, 0, 0, 0, 250) + bytes(36)


def chunk(kind: bytes, *bodies: bytes, size: int | None = None) -> bytes:
    body = b"".join(bodies)
    return kind + struct.pack("<I", len(body) if size is None else size) + body + bytes(len(body) % 2)


def listed(kind: bytes, *bodies: bytes, size: int | None = None) -> bytes:
    return chunk(b"LIST", kind, *bodies, size=size)


def riff(*bodies: bytes, kind: bytes = b"AVI ") -> bytes:
    return chunk(b"RIFF", kind, *bodies)


def indx(entries: list[tuple[int, int]], *, kind: int = 0, count: int | None = None) -> bytes:
    header = struct.pack("<HBBI4s12x", 4, 0, kind, len(entries) if count is None else count, b"00dc")
    return chunk(b"indx", header, *[struct.pack("<QII", at, size, 100) for at, size in entries])


def hdrl(*more: bytes) -> bytes:
    return listed(b"hdrl", chunk(b"avih", AVIH), listed(b"strl", chunk(b"strh", bytes(56)), *more))


IDX1 = chunk(b"idx1", bytes(4800))
MOVI = listed(b"movi", bytes(2 * MIB))


def test_idx1_behind_the_media_costs_one_ask(look) -> None:
    data = riff(hdrl(), chunk(b"JUNK", bytes(1000)), MOVI, IDX1)
    seen, at = look(data), len(data) - len(IDX1)
    assert seen.asks == (Span(0, 4096), Span(at, at + 12))
    assert seen.info.pins == (Span(0, 4096), Span(at, len(data)))
    assert (seen.info.container, seen.info.duration, seen.info.complete) == ("avi", 10.0, True)


def test_headers_are_pinned_up_to_the_media(look) -> None:
    head = [hdrl(chunk(b"strd", bytes(9001))), listed(b"INFO", bytes(70)), chunk(b"JUNK", bytes(3001))]
    data = riff(*head, MOVI, IDX1)
    assert look(data).pinned(0, 12 + sum(map(len, head)) + 12)


def test_long_junk_is_stepped_over_and_not_pinned(look) -> None:
    data = riff(hdrl(), chunk(b"JUNK", bytes(4 * MIB)), MOVI, IDX1)
    seen = look(data)
    assert sum(pin.size for pin in seen.info.pins) < JOIN
    assert len(seen.far) == 2


def test_junk_and_odd_sizes_before_idx1(look) -> None:
    data = riff(hdrl(), listed(b"movi", bytes(MIB + 1)), chunk(b"JUNK", bytes(101)), IDX1)
    seen = look(data)
    assert seen.pinned(len(data) - len(IDX1), len(data))
    assert seen.info.complete


def test_a_file_without_idx1_is_understood(look) -> None:
    for data in (riff(hdrl(), MOVI), riff(hdrl(), listed(b"movi", bytes(101)))):
        assert (look(data).info.duration, look(data).info.complete) == (10.0, True)


@pytest.mark.parametrize("size", [0, 4, 3, 2**32 - 1])
def test_media_that_was_never_closed(look, size: int) -> None:
    data = riff(hdrl(), listed(b"movi", b"00dc" + struct.pack("<I", 2 * MIB) + bytes(2 * MIB), size=size))
    assert not look(data).info.complete


@pytest.mark.parametrize("rubbish", [b"\xff" * 50, bytes(200_000)])
def test_rubbish_behind_the_media_does_no_harm(look, rubbish: bytes) -> None:
    seen = look(riff(hdrl(), MOVI) + rubbish)
    assert seen.info.complete
    assert len(seen.far) == 1


def test_cut_off_files(look) -> None:
    data = riff(hdrl(), MOVI, IDX1)
    assert look(data[:-1000]).info.complete
    assert not look(data[: -len(IDX1) - 5]).info.complete
    assert not look(data[: -len(IDX1) + 5]).info.complete
    for length in range(11, 400, 7):
        assert not look(data[:length]).info.complete


def test_duration_of_open_dml(look) -> None:
    frames = chunk(b"dmlh", struct.pack("<I", 5000))
    assert look(riff(hdrl(), listed(b"odml", frames), MOVI)).info.duration == 10.0, "odml stands in hdrl only"
    inside = listed(b"hdrl", chunk(b"avih", AVIH), listed(b"odml", frames))
    assert look(riff(inside, MOVI)).info.duration == 200.0


@pytest.mark.parametrize(("frame_us", "frames"), [(0, 250), (40_000, 0), (2**32 - 1, 2**32 - 1)])
def test_duration_unknown(look, frame_us: int, frames: int) -> None:
    avih = struct.pack("<5I", frame_us, 0, 0, 0, frames) + bytes(36)
    info = look(riff(listed(b"hdrl", chunk(b"avih", avih)), MOVI)).info
    assert (info.duration, info.complete) == (None, True)


def test_open_dml_index_chunks_in_every_riff_are_pinned(look, sparse) -> None:
    """Two RIFFs of 1 GiB: ``indx`` in the stream's header points to an ``ix00`` in each."""
    gib = 1024**3
    places = [(gib - 9000, 6000), (2 * gib - 9000, 7000)]
    head = b"RIFF" + struct.pack("<I", gib - 8) + b"AVI " + hdrl(indx(places))
    movi = listed(b"movi", size=gib - 1000 - len(head))
    idx1_at = len(head) + 8 + gib - 1000 - len(head)
    second = chunk(b"RIFF", b"AVIX", listed(b"movi", size=gib - 1000), size=gib - 8)
    file = sparse(2 * gib, {0: head + movi, idx1_at: chunk(b"idx1", size=900), gib: second})
    seen = look(file)
    assert seen.pinned(gib - 9000, gib - 9000 + 6008)
    assert seen.pinned(2 * gib - 9000, 2 * gib - 9000 + 7008)
    assert seen.pinned(idx1_at, idx1_at + 908)
    assert seen.info.complete
    assert len(seen.far) == 1


def test_open_dml_without_idx1_ends_at_the_second_riff(look) -> None:
    data = riff(hdrl(), MOVI) + riff(listed(b"movi", bytes(MIB)), IDX1, kind=b"AVIX")
    seen = look(data)
    assert seen.info.complete
    assert len(seen.far) == 1


@pytest.mark.parametrize(
    "made",
    [
        indx([(500_000, 100)], kind=1),
        indx([(0, MIB)]),
        indx([(2**63, 100)]),
        indx([], count=2**32 - 1),
        chunk(b"indx", bytes(10)),
    ],
)
def test_super_indexes_of_no_use(look, made: bytes) -> None:
    info = look(riff(hdrl(made), MOVI, IDX1)).info
    assert len(info.pins) == 2
    assert info.pins[0].size < JOIN
    assert info.complete


def test_absurd_sizes_in_a_super_index_are_not_pinned(look, sparse) -> None:
    size = 20 * 1024**3
    entries = [(n * 1024**3, 2**32 - 1) for n in range(1, 20)]
    info = look(sparse(size, {0: riff(hdrl(indx(entries)), listed(b"movi", bytes(100)))})).info
    assert sum(pin.size for pin in info.pins) < JOIN
    assert (len(info.pins), info.complete) == (1, True)


def test_a_super_index_of_thousands_of_entries_is_read_up_to_a_bound(look) -> None:
    seen = look(riff(hdrl(indx([(100, 10)] * 10_000)), MOVI, IDX1))
    assert seen.info.complete
    assert sum(ask.size for ask in seen.asks) < 4 * CHEAP


def test_endless_rows_of_chunks_end(look) -> None:
    seen = look(riff(hdrl(), chunk(b"JUNK", bytes(CHEAP)) * (MAX_ASKS + 5), MOVI))
    assert not seen.info.complete
    assert len(seen.asks) == MAX_ASKS
    assert not look(riff(listed(b"hdrl", chunk(b"JUNK", bytes(CHEAP)) * (MAX_ASKS + 5)))).info.complete


KINDS = st.sampled_from([b"LIST", b"avih", b"dmlh", b"indx", b"idx1", b"RIFF", b"JUNK", b"strh"])
LISTS = st.sampled_from([b"hdrl", b"strl", b"movi", b"odml", b"INFO", b""])
CHUNKS = st.recursive(
    st.builds(chunk, KINDS, st.binary(max_size=40)),
    lambda inner: st.builds(
        lambda kind, bodies, size: listed(kind, *bodies, size=size),
        LISTS,
        st.lists(inner, max_size=4),
        st.none() | st.integers(0, 300),
    ),
    max_leaves=12,
)


@given(st.lists(CHUNKS, max_size=6))
def test_any_row_of_chunks_ends(look, chunks: list[bytes]) -> None:
    assert look(riff(*chunks)).info.container == "avi"


def test_a_player_starts_and_seeks_with_what_is_pinned(look, sample, play) -> None:
    data = sample("avi")
    seen = look(data)
    assert (seen.info.duration, seen.info.complete) == (pytest.approx(10, abs=0.1), True)
    played = play(data, seen.info.pins)
    assert played.start == ()
    assert 0.6 < played.seek[0] / len(data) < 0.8, "straight to the media"
    assert len(seen.far) == 1


def test_a_player_reads_idx1_before_it_plays(sample, play) -> None:
    data = sample("avi")
    assert play(data, ()).start[0] == pytest.approx(data.rindex(b"idx1"), abs=8)
