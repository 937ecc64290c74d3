"""MP4 and QuickTime: hand-made box rows for every rule, then real files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.index.base import CHEAP, JOIN, MAX_ASKS, drive
from headrace.index.find import find_index

MIB = 1024 * 1024
FTYP = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0)


def box(kind: bytes, *bodies: bytes, size: int | None = None, wide: bool = False) -> bytes:
    body = b"".join(bodies)
    if wide:
        return struct.pack(">I4sQ", 1, kind, len(body) + 16 if size is None else size) + body
    return struct.pack(">I4s", len(body) + 8 if size is None else size, kind) + body


def mvhd(timescale: int, ticks: int, *, version: int = 0) -> bytes:
    if version:
        return box(b"mvhd", struct.pack(">IQQIQ", 1 << 24, 0, 0, timescale, ticks), bytes(80))
    return box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, timescale, ticks), bytes(80))


def sidx(timescale: int, first: int, segments: list[tuple[int, int]], *, version: int = 0) -> bytes:
    times = struct.pack(">QQ" if version else ">II", 0, first)
    entries = b"".join(struct.pack(">III", size, ticks, 0) for size, ticks in segments)
    return box(
        b"sidx", struct.pack(">III", version << 24, 1, timescale), times, struct.pack(">HH", 0, len(segments)), entries
    )


def mfra(length: int = 40) -> bytes:
    mfro = box(b"mfro", bytes(4), struct.pack(">I", length))
    return box(b"mfra", bytes(length - 8 - len(mfro)), mfro)


MOOV = box(b"moov", mvhd(1000, 90_500), box(b"trak", bytes(3000)))
MDAT = box(b"mdat", bytes(2 * JOIN))


def test_moov_first_costs_no_ask_beyond_the_first(look) -> None:
    data = FTYP + MOOV + MDAT
    seen = look(data)
    assert seen.asks == (Span(0, 4096),)
    assert seen.info.pins == (Span(0, 4096),)
    assert (seen.info.container, seen.info.duration, seen.info.complete) == ("mp4", 90.5, True)


def test_moov_last_costs_one_ask_more(look) -> None:
    data = FTYP + MDAT + MOOV
    seen, at = look(data), len(FTYP + MDAT)
    assert seen.asks == (Span(0, 4096), Span(at, at + 64))
    assert seen.info.pins == (Span(0, 4096), Span(at, len(data)))
    assert (seen.info.duration, seen.info.complete) == (90.5, True)


@pytest.mark.parametrize("version", [0, 1])
def test_duration_of_both_versions_of_mvhd(look, version: int) -> None:
    assert look(FTYP + box(b"moov", mvhd(600, 1500, version=version)) + MDAT).info.duration == 2.5


@pytest.mark.parametrize(
    "header",
    [
        mvhd(1000, 0xFFFF_FFFF),
        mvhd(1000, 2**64 - 1, version=1),
        mvhd(0, 5),
        mvhd(1000, 0),
        box(b"cmov", bytes(100)),
        b"",
    ],
)
def test_duration_unknown(look, header: bytes) -> None:
    info = look(FTYP + box(b"moov", header) + MDAT).info
    assert (info.duration, info.complete) == (None, True)


def test_mvhd_behind_other_children(look) -> None:
    assert look(FTYP + box(b"moov", box(b"udta", bytes(200)), mvhd(10, 25)) + MDAT).info.duration == 2.5


@pytest.mark.parametrize("first", [b"wide", b"free", b"skip", b"pnot"])
def test_old_quicktime_has_no_ftyp(look, first: bytes) -> None:
    data = box(first) + MDAT + MOOV
    info = look(data).info
    assert (info.container, info.duration) == ("mp4", 90.5)
    assert info.pins[-1] == Span(len(data) - len(MOOV), len(data))


def test_media_or_moov_at_the_very_front(look) -> None:
    assert look(MDAT + MOOV).info.duration == 90.5
    assert look(MOOV + MDAT).info.duration == 90.5


def test_small_boxes_before_moov_are_pinned_with_it(look) -> None:
    seen = look(FTYP + box(b"uuid", bytes(30_000)) + box(b"free", bytes(8000)) + MOOV + MDAT)
    assert seen.pinned(0, len(FTYP) + 30_008 + 8008 + len(MOOV) + 8)
    assert seen.far == ()


def test_a_long_free_box_is_stepped_over_and_not_pinned(look) -> None:
    data = FTYP + box(b"free", bytes(MIB)) + MOOV + MDAT
    seen, at = look(data), len(FTYP) + 8 + MIB
    assert seen.info.pins == (Span(0, 4096), Span(at, at + len(MOOV) + 8))
    assert len(seen.far) == 2
    assert seen.info.complete


@pytest.mark.parametrize("moov_wide", [False, True])
def test_sizes_of_64_bits(look, sparse, moov_wide: bool) -> None:
    size = 6 * 1024**3
    head = FTYP + box(b"mdat", size=size - len(FTYP), wide=True)
    moov = box(b"moov", mvhd(1000, 7_200_000), bytes(40), wide=moov_wide)
    seen = look(sparse(size + len(moov), {0: head, size: moov}))
    assert seen.info.pins == (Span(0, 4096), Span(size, size + len(moov)))
    assert (seen.info.duration, seen.info.complete) == (7200.0, True)
    assert seen.far == (Span(size, size + 64),)


def test_moov_of_size_zero_goes_on_to_the_end(look) -> None:
    data = FTYP + MDAT + b"\0\0\0\0" + MOOV[4:]
    seen = look(data)
    assert seen.pinned(len(FTYP + MDAT), len(data))
    assert (seen.info.duration, seen.info.complete) == (90.5, True)


def test_media_of_size_zero_goes_on_to_the_end(look) -> None:
    assert look(FTYP + MOOV + b"\0\0\0\0" + MDAT[4:]).info.complete
    assert not look(FTYP + b"\0\0\0\0" + MDAT[4:]).info.complete


def test_boxes_behind_the_media_are_pinned_because_ffmpeg_reads_them_before_it_plays(look) -> None:
    data = FTYP + MOOV + MDAT + box(b"free", bytes(92)) + box(b"uuid", bytes(92))
    seen = look(data)
    assert seen.pinned(len(data) - 200, len(data))
    assert len(seen.far) == 2


def test_several_mdat(look) -> None:
    data = FTYP + MDAT + MDAT + MOOV
    seen = look(data)
    assert seen.info.pins[-1] == Span(len(data) - len(MOOV), len(data))
    assert seen.pinned(len(FTYP + MDAT), len(FTYP + MDAT) + 8)


@pytest.mark.parametrize(
    "rubbish", [bytes(5), bytes(5000), b"\0\0\0\x03free", b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f", b"\xff" * 20]
)
def test_rubbish_behind_a_known_moov_does_no_harm(look, rubbish: bytes) -> None:
    info = look(FTYP + MDAT + MOOV + rubbish).info
    assert (info.duration, info.complete) == (90.5, True)


@pytest.mark.parametrize("rubbish", [bytes(5), bytes(5000), b"\0\0\0\x03moov", b"\xff" * 20])
def test_rubbish_where_moov_should_be(look, rubbish: bytes) -> None:
    info = look(FTYP + MDAT + rubbish).info
    assert (info.container, info.duration, info.complete) == ("mp4", None, False)


def test_cut_off_in_the_media_or_in_moov(look) -> None:
    data = FTYP + MDAT + MOOV
    assert not look(data[: len(FTYP) + 1000]).info.complete
    cut = look(data[:-10])
    assert not cut.info.complete
    assert cut.pinned(len(FTYP + MDAT), len(data) - 10)
    assert not look(data[: -len(MOOV) + 20]).info.complete
    assert look((FTYP + MOOV + MDAT)[:-10]).info.complete


def test_an_absurd_moov_is_not_pinned(look, sparse) -> None:
    size = 3 * 1024**3
    moov = box(b"moov", mvhd(1000, 1000), size=size - len(FTYP))
    info = look(sparse(size, {0: FTYP + moov})).info
    assert info.pins == (Span(0, 4096),)
    assert not info.complete


def test_fragments_with_mehd(look) -> None:
    for version, mehd in ((0, struct.pack(">II", 0, 5000)), (1, struct.pack(">IQ", 1 << 24, 5000))):
        moov = box(b"moov", mvhd(1000, 0, version=version), box(b"trak"), box(b"mvex", box(b"mehd", mehd)))
        tail = mfra()
        data = FTYP + moov + box(b"moof", bytes(80)) + MDAT + tail
        seen = look(data)
        assert seen.info.duration == 5.0
        assert seen.info.pins == (Span(0, 4096), Span(len(data) - len(tail), len(data)))
        assert seen.far == (Span(len(data) - 16, len(data)),)


def test_fragments_that_do_not_say_how_long_they_are(look) -> None:
    """``mvhd`` counts the samples in ``moov`` only; ``mvex`` without ``mehd`` says nothing."""
    for movie in (
        [mvhd(1000, 1000)],
        [mvhd(1000, 1000), box(b"mvex", box(b"trex"))],
        [box(b"mvex", box(b"mehd", bytes(8)))],
    ):
        data = FTYP + box(b"moov", *movie) + box(b"moof", bytes(80)) + MDAT
        info = look(data).info
        assert (info.duration, info.complete) == (None, True)
        assert info.pins[-1] == Span(len(data) - 16, len(data))


def test_mehd_with_a_timescale_of_zero(look) -> None:
    moov = box(b"moov", mvhd(0, 0), box(b"mvex", box(b"mehd", struct.pack(">II", 0, 5000))))
    assert look(FTYP + moov + box(b"moof") + MDAT).info.duration is None


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("gap", [0, 50])
def test_sidx_over_all_media_tells_the_duration(look, version: int, gap: int) -> None:
    media = box(b"moof", bytes(80)) + MDAT
    index = sidx(500, gap, [(len(media), 1000), (len(media), 250)], version=version)
    for tail in (b"", mfra()):
        seen = look(FTYP + MOOV + index + bytes(0) + (box(b"free", bytes(gap - 8)) if gap else b"") + 2 * media + tail)
        assert seen.info.duration == 2.5
        assert seen.info.complete


def test_sidx_of_one_segment_does_not_tell_the_duration(look) -> None:
    media = box(b"moof", bytes(80)) + MDAT
    index = sidx(500, 0, [(len(media), 1000)])
    assert look(FTYP + MOOV + 2 * (index + media)).info.duration is None
    nested = sidx(500, 0, [(1 << 31 | len(media), 1000)])  # The top bit says that another sidx is meant.
    assert look(FTYP + MOOV + 2 * (nested + media)).info.duration is None


def test_sidx_behind_the_media_that_moov_describes(look) -> None:
    media = box(b"moof", bytes(80)) + MDAT
    index = sidx(500, 0, [(len(media), 1000)])
    seen = look(FTYP + MOOV + MDAT + index + media)
    assert seen.info.duration == 2.0
    assert seen.pinned(len(FTYP + MOOV + MDAT), len(FTYP + MOOV + MDAT + index))


def test_torn_sidx(look) -> None:
    fragment = box(b"moof", bytes(80)) + MDAT
    assert not look(FTYP + MOOV + box(b"sidx", bytes(10)) + fragment).info.complete
    assert look(FTYP + MOOV + box(b"sidx", bytes(20)) + fragment).info.duration is None
    lying = sidx(500, 0, [(len(fragment), 1000)])
    lying = lying[:30] + b"\xff\xff" + lying[32:]
    assert look(FTYP + MOOV + lying + fragment).info.duration == 2.0


def test_a_very_long_sidx_is_pinned_and_not_read(look) -> None:
    index = sidx(500, 0, [(1 << 20, 1000)] * 30_000)
    seen = look(FTYP + MOOV + index + box(b"moof") + MDAT)
    assert seen.info.duration is None
    assert seen.pinned(0, len(FTYP + MOOV + index))
    assert sum(ask.size for ask in seen.asks) < CHEAP


@pytest.mark.parametrize("size", [16, 17 * MIB, 10**6])
def test_mfro_with_an_absurd_size(look, size: int) -> None:
    data = FTYP + MOOV + box(b"moof") + MDAT + box(b"mfro", bytes(4), struct.pack(">I", size))
    assert look(data).info.pins[-1] == Span(len(data) - 16, len(data))


def test_endless_rows_of_boxes_end(look) -> None:
    seen = look(FTYP + box(b"free", bytes(CHEAP)) * (MAX_ASKS + 10))
    assert not seen.info.complete
    assert len(seen.asks) == MAX_ASKS
    children = look(FTYP + box(b"moov", *[box(b"trak", bytes(2000))] * 200) + MDAT)
    assert (children.info.duration, children.info.complete) == (None, True)
    assert len(children.asks) < 40


KINDS = st.sampled_from(
    [b"ftyp", b"moov", b"mdat", b"moof", b"sidx", b"mfra", b"mfro", b"free", b"mvhd", b"mvex", b"mehd", b"\0\0\0\0"]
)
BOXES = st.recursive(
    st.builds(lambda kind, body: box(kind, body), KINDS, st.binary(max_size=40)),
    lambda inner: st.builds(
        lambda kind, bodies, size, wide: box(kind, *bodies, size=size, wide=wide),
        KINDS,
        st.lists(inner, max_size=4),
        st.none() | st.integers(0, 300),
        st.booleans(),
    ),
    max_leaves=12,
)


@given(st.lists(BOXES, max_size=6))
def test_any_row_of_boxes_ends(look, boxes: list[bytes]) -> None:
    data = box(b"ftyp", bytes(8)) + b"".join(boxes)
    assert look(data).info.container == "mp4"


@given(st.permutations([b"free", b"mdat", b"moov", b"uuid", b"mdat"]), st.integers(0, 3 * CHEAP))
def test_moov_is_found_wherever_it_lies(kinds: list[bytes], length: int) -> None:
    data, moov = FTYP, Span(0, 0)
    for kind in kinds:
        made = MOOV if kind == b"moov" else box(kind, bytes(length))
        if kind == b"moov":
            moov = Span(len(data), len(data) + len(made))
        data += made
    info = drive(find_index(len(data)), lambda span: data[span.start : span.end])
    assert info.duration == 90.5
    assert any(pin.start <= moov.start and moov.end <= pin.end for pin in info.pins)


@pytest.mark.parametrize("name", ["moov-last", "moov-first", "mov", "sidx"])
def test_a_player_starts_and_seeks_with_what_is_pinned(look, sample, play, name: str) -> None:
    data = sample(name)
    seen = look(data)
    assert (seen.info.duration, seen.info.complete) == (pytest.approx(10, abs=0.1), True)
    played = play(data, seen.info.pins)
    assert played.start == ()
    assert 0.6 < played.seek[0] / len(data) < 0.8, "straight to the media"
    assert sum(pin.size for pin in seen.info.pins) < 64 * 1024


@pytest.mark.parametrize("name", ["moov-last", "mov"])
def test_a_player_does_not_start_without_the_pins(sample, play, name: str) -> None:
    assert play(sample(name), ()).start != ()


@pytest.mark.parametrize("name", ["fragmented", "dash", "sidx-behind-media"])
def test_real_fragments(look, sample, name: str) -> None:
    data = sample(name)
    seen = look(data)
    at = data.rindex(b"mfra") - 4
    assert seen.info.complete
    assert seen.pinned(at, len(data))
    assert seen.pinned(0, data.index(b"moof") + 4)
    assert seen.far == (Span(len(data) - 16, len(data)),)
