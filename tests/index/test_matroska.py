"""Matroska and WebM: hand-made elements for every rule, then real files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.spans import Span
from headrace.index.base import CHEAP, MAX_ASKS

MIB = 1024 * 1024
EBML, SEGMENT = bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067")
SEEK_HEAD, INFO, TRACKS = bytes.fromhex("114d9b74"), bytes.fromhex("1549a966"), bytes.fromhex("1654ae6b")
CLUSTER, CUES, TAGS = bytes.fromhex("1f43b675"), bytes.fromhex("1c53bb6b"), bytes.fromhex("1254c367")
CHAPTERS, ATTACHMENTS, VOID = bytes.fromhex("1043a770"), bytes.fromhex("1941a469"), b"\xec"
UNKNOWN = b"\x01" + b"\xff" * 7


def el(id_: bytes, *bodies: bytes, size: bytes | None = None) -> bytes:
    body = b"".join(bodies)
    return id_ + ((1 << 56) + len(body)).to_bytes(8, "big") + body if size is None else id_ + size + body


def ebml(doc_type: bytes = b"matroska") -> bytes:
    return el(EBML, el(b"\x42\x86", b"\1"), el(b"\x42\x82", doc_type))


def seek_head(*entries: tuple[bytes, int]) -> bytes:
    return el(
        SEEK_HEAD,
        *[el(b"\x4d\xbb", el(b"\x53\xab", id_), el(b"\x53\xac", at.to_bytes(8, "big"))) for id_, at in entries],
    )


def info(ticks: float, scale: int | None = 1_000_000, kind: str = ">d") -> bytes:
    scales = [el(b"\x2a\xd7\xb1", scale.to_bytes(4, "big"))] if scale is not None else []
    return el(INFO, *scales, el(b"\x44\x89", struct.pack(kind, ticks)))


class File:
    """A file with one Segment whose SeekHead names what the test asks for."""

    def __init__(
        self,
        head: list[bytes],
        tail: list[bytes],
        *,
        named: tuple[bytes, ...] = (CUES,),
        media: int = 2 * MIB,
        doc_type: bytes = b"matroska",
        unknown: bool = False,
    ) -> None:
        front = ebml(doc_type)
        entries = [(id_, 0) for id_ in named]
        for _ in range(2):  # The SeekHead's length does not depend on the positions in it.
            parts = [seek_head(*entries), *head, el(CLUSTER, bytes(media)), *tail]
            starts = [sum(map(len, parts[:n])) for n in range(len(parts))]
            entries = [
                (id_, next((at for at, part in zip(starts, parts, strict=True) if part[:4] == id_), 0)) for id_ in named
            ]
        body = b"".join(parts)
        self.data = front + el(SEGMENT, body, size=UNKNOWN if unknown else None)
        self.base = len(self.data) - len(body)
        self.spans = [Span(self.base + at, self.base + at + len(part)) for at, part in zip(starts, parts, strict=True)]

    def span(self, id_: bytes) -> Span:
        return next(span for span in self.spans if self.data[span.start : span.start + 4] == id_)


HEAD = [info(61_500.0), el(TRACKS, bytes(500))]


@pytest.mark.parametrize("unknown", [False, True])
def test_cues_behind_the_media_cost_one_ask(look, unknown: bool) -> None:
    file = File(HEAD, [el(CUES, bytes(9000))], unknown=unknown)
    seen, cues = look(file.data), file.span(CUES)
    assert seen.asks == (Span(0, 4096), Span(cues.start, cues.start + 12))
    assert seen.info.pins == (Span(0, 4096), cues)
    assert (seen.info.container, seen.info.duration, seen.info.complete) == ("matroska", 61.5, True)


@pytest.mark.parametrize("doc_type", [b"webm", b"webm\0\0"])
def test_webm(look, doc_type: bytes) -> None:
    assert look(File(HEAD, [], named=(), doc_type=doc_type).data).info.container == "webm"


def test_cues_before_the_media(look) -> None:
    file = File([*HEAD, el(CUES, bytes(9000)), el(VOID, bytes(500))], [])
    seen = look(file.data)
    assert seen.far == ()
    assert seen.info.pins == (Span(0, file.span(CLUSTER).start + 12),)
    assert seen.info.complete


def test_what_lies_before_the_media_is_pinned_and_void_is_stepped_over(look) -> None:
    file = File([el(VOID, bytes(20_000)), *HEAD, el(TAGS, bytes(7000))], [el(CUES)])
    seen = look(file.data)
    assert seen.pinned(0, file.span(CLUSTER).start + 12)
    assert len(seen.far) == 1


@pytest.mark.parametrize("late", [TAGS, CHAPTERS, TRACKS, ATTACHMENTS])
def test_what_the_seek_head_names_behind_the_media_is_pinned_for_players_read_it_before_the_first_frame(
    look, late: bytes
) -> None:
    file = File(HEAD, [el(CUES, bytes(9000)), el(VOID, bytes(MIB)), el(late, bytes(3000))], named=(CUES, late))
    seen = look(file.data)
    if late == TRACKS:
        assert seen.far == (Span(file.span(CUES).start, file.span(CUES).start + 12),)
        return
    assert seen.pinned(*file.span(CUES))
    assert seen.pinned(*file.span(late))
    assert seen.info.complete


def test_info_and_tracks_behind_the_media(look) -> None:
    file = File([], [info(5000.0), el(TRACKS, bytes(300)), el(CUES)], named=(INFO, TRACKS, CUES))
    seen = look(file.data)
    assert (seen.info.duration, seen.info.complete) == (5.0, True)
    assert seen.pinned(file.span(INFO).start, file.span(TRACKS).end)


def test_no_tracks_anywhere(look) -> None:
    assert not look(File([info(5000.0)], []).data).info.complete


def test_second_seek_head(look) -> None:
    """Old mkvmerge: the first names the second, which names Clusters by the hundred and Cues too."""
    cues, base = el(CUES, bytes(100)), File(HEAD, [], named=(SEEK_HEAD,)).data
    at = len(base) - File(HEAD, [], named=(SEEK_HEAD,)).base
    second = seek_head(*[(CLUSTER, 5)] * 300, (CUES, 0))
    second = seek_head(*[(CLUSTER, 5)] * 300, (CUES, at + len(second)))
    body = seek_head((SEEK_HEAD, at)) + b"".join(HEAD) + el(CLUSTER, bytes(2 * MIB))
    assert len(body) == at
    data = ebml() + el(SEGMENT, body + second + cues)
    seen = look(data)
    assert seen.pinned(len(data) - len(cues) - len(second), len(data))
    assert seen.info.complete
    assert len(seen.far) == 3


def test_a_third_seek_head(look) -> None:
    length, front = len(seek_head((CUES, 0))), b"".join(HEAD) + el(CLUSTER, bytes(2 * MIB))
    at = [length + len(front) + n * length for n in range(3)]
    rest = seek_head((SEEK_HEAD, at[1])) + seek_head((CUES, at[2])) + el(CUES, bytes(70_000))
    data = ebml() + el(SEGMENT, seek_head((SEEK_HEAD, at[0])) + front + rest)
    assert look(data).pinned(len(data) - len(rest), len(data))


@pytest.mark.parametrize("other", [el(TAGS, bytes(90_000)), el(CUES, bytes(90_000), size=UNKNOWN)])
def test_something_else_where_cues_should_be_is_not_pinned(look, other: bytes) -> None:
    length, front = len(seek_head((CUES, 0))), b"".join(HEAD) + el(CLUSTER, bytes(2 * MIB))
    info_ = look(ebml() + el(SEGMENT, seek_head((CUES, length + len(front))) + front + other)).info
    assert (info_.pins, info_.complete) == ((Span(0, 4096),), False)


def test_seek_heads_in_a_ring_end(look) -> None:
    base = len(ebml()) + 12
    first = seek_head((SEEK_HEAD, 0))
    at = len(first) + len(b"".join(HEAD)) + 12 + MIB
    first = seek_head((SEEK_HEAD, at))
    ring = seek_head((SEEK_HEAD, at), (SEEK_HEAD, at + 3), (SEEK_HEAD, 0))
    data = ebml() + el(SEGMENT, first + b"".join(HEAD) + el(CLUSTER, bytes(MIB)) + ring)
    seen = look(data)
    assert base + at + len(ring) == len(data)
    assert not seen.info.complete
    assert len(seen.far) < 6


def test_a_chain_of_seek_heads_is_followed_four_times(look) -> None:
    body = seek_head((SEEK_HEAD, 0)) + b"".join(HEAD) + el(CLUSTER, bytes(CHEAP))
    length = len(seek_head((SEEK_HEAD, 0)))
    at = len(body)
    chain = b"".join(seek_head((SEEK_HEAD, at + (n + 1) * length)) for n in range(12))
    data = ebml() + el(SEGMENT, seek_head((SEEK_HEAD, at)) + body[length:] + chain)
    seen = look(data)
    assert len(seen.far) < 12


@pytest.mark.parametrize(
    ("made", "duration"),
    [
        (info(1500.0), 1.5),
        (info(1500.0, kind=">f"), 1.5),
        (info(3.0, 500_000_000), 1.5),
        (info(1500.0, None), 1.5),
        (info(1500.0, 0), 1.5),
        (info(float("nan")), None),
        (info(float("inf")), None),
        (info(-5.0), None),
        (el(INFO, el(b"\x44\x89", b"abc")), None),
        (el(INFO), None),
    ],
)
def test_duration(look, made: bytes, duration: float | None) -> None:
    seen = look(File([made, el(TRACKS)], []).data)
    assert seen.info.duration == duration


def test_no_seek_head_and_no_cues_as_in_a_live_recording(look) -> None:
    body = info(0.0) + el(TRACKS, bytes(200)) + el(CLUSTER, bytes(MIB), size=UNKNOWN)
    seen = look(ebml(b"webm") + el(SEGMENT, body, size=UNKNOWN))
    assert seen.info.pins == (Span(0, 4096),)
    assert (seen.info.container, seen.info.duration, seen.info.complete) == ("webm", None, True)


def test_fonts_before_the_media_are_pinned_up_to_a_bound_and_not_looked_behind(look) -> None:
    file = File([*HEAD, el(ATTACHMENTS, bytes(6 * MIB))], [el(CUES, bytes(100))], named=(CUES, ATTACHMENTS))
    seen = look(file.data)
    assert seen.info.pins == (Span(0, 4 * MIB), file.span(CUES))
    assert len(seen.far) == 1
    assert seen.info.complete


def test_fonts_before_the_tracks_are_looked_behind(look) -> None:
    file = File([el(ATTACHMENTS, bytes(6 * MIB)), *HEAD], [el(CUES, bytes(100))], named=(CUES,))
    seen = look(file.data)
    assert seen.info.duration == 61.5
    assert seen.info.complete


def test_fonts_behind_the_media_are_pinned_up_to_a_bound(look) -> None:
    file = File(HEAD, [el(ATTACHMENTS, bytes(6 * MIB))], named=(ATTACHMENTS,))
    at = file.span(ATTACHMENTS).start
    assert look(file.data).info.pins[-1] == Span(at, at + 4 * MIB)


@pytest.mark.parametrize(
    "entry",
    [
        el(b"\x4d\xbb", el(b"\x53\xab", CUES), el(b"\x53\xac", (10**6).to_bytes(8, "big"))),
        el(b"\x4d\xbb", el(b"\x53\xab", CUES), el(b"\x53\xac", b"\xff" * 8)),
    ],
)
def test_a_seek_head_that_points_nowhere(look, entry: bytes) -> None:
    data = ebml() + el(SEGMENT, el(SEEK_HEAD, entry), *HEAD, el(CLUSTER, bytes(2 * MIB)))
    info_ = look(data).info
    assert (info_.duration, info_.complete, info_.pins) == (61.5, False, (Span(0, 4096),))


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\0\0\0",
        el(b"\x4d\xbb"),
        el(b"\x4d\xbb", el(b"\x53\xab", CUES)),
        el(b"\x4d\xbb", b"\x53"),
        el(VOID, b"ab"),
    ],
)
def test_a_seek_head_without_a_usable_entry(look, entry: bytes) -> None:
    data = ebml() + el(SEGMENT, el(SEEK_HEAD, entry), *HEAD, el(CLUSTER, bytes(MIB)))
    assert look(data).info.complete


def test_damage_in_the_head_still_lets_cues_be_found(look) -> None:
    cues = el(CUES, bytes(200))
    rest = b"\0\0\0\0" + bytes(MIB)
    front = seek_head((CUES, 0)) + b"".join(HEAD)
    data = ebml() + el(SEGMENT, seek_head((CUES, len(front) + len(rest))) + b"".join(HEAD) + rest + cues)
    seen = look(data)
    assert seen.pinned(len(data) - len(cues), len(data))
    assert (seen.info.duration, seen.info.complete) == (61.5, False)


@pytest.mark.parametrize(
    "data",
    [
        EBML,
        EBML + b"\x01",
        EBML + UNKNOWN,
        EBML + b"\x85ab",
        el(EBML, bytes(100_000)),
        ebml(),
        ebml() + b"\0" * 50,
        ebml() + el(VOID, size=UNKNOWN),
        ebml() + 5 * el(VOID, b"x"),
        ebml() + el(SEGMENT, el(TRACKS, size=UNKNOWN)),
        ebml() + el(SEGMENT, el(TRACKS, bytes(500)))[:-100],
        ebml() + el(SEGMENT, *[el(VOID, bytes(CHEAP))] * (MAX_ASKS + 5)),
    ],
)
def test_torn_files_are_not_complete(look, data: bytes) -> None:
    assert not look(data).info.complete


def test_void_before_the_segment(look) -> None:
    assert look(ebml() + el(VOID, b"x") + el(SEGMENT, *HEAD, el(CLUSTER))).info.complete


def test_a_segment_that_ends_before_the_file_does(look) -> None:
    info_ = look(ebml() + el(SEGMENT, *HEAD) + el(SEGMENT, el(CLUSTER))).info
    assert (info_.duration, info_.complete) == (61.5, True)


def test_short_sizes(look) -> None:
    data = ebml() + SEGMENT + b"\x10\x00\x00\x20" + TRACKS + b"\x81x" + CLUSTER + b"\xff" + bytes(100)
    assert look(data).info.complete


IDS = st.sampled_from(
    [SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES, TAGS, VOID, b"\x4d\xbb", b"\x53\xab", b"\x53\xac", b"\x44\x89"]
)
ELEMENTS = st.recursive(
    st.builds(el, IDS, st.binary(max_size=12)),
    lambda inner: st.builds(
        lambda id_, bodies, size: el(id_, *bodies, size=size),
        IDS,
        st.lists(inner, max_size=4),
        st.none() | st.binary(max_size=8),
    ),
    max_leaves=12,
)


@given(
    st.lists(ELEMENTS, max_size=6), st.lists(st.tuples(st.sampled_from([SEEK_HEAD, CUES, TAGS]), st.integers(0, 300)))
)
def test_any_row_of_elements_ends(look, elements: list[bytes], entries: list[tuple[bytes, int]]) -> None:
    assert look(ebml() + el(SEGMENT, seek_head(*entries), *elements)).info.container == "matroska"


def short(id_: bytes, body: bytes) -> bytes:
    return el(id_, body, size=bytes([0x80 | len(body)]))


def tags_last(data: bytes) -> bytes:
    """A real file as mkvmerge lays it out: Tags behind Cues, named by the SeekHead."""
    base = data.index(SEGMENT) + 12
    info_at = data.index(INFO, data.index(SEEK_HEAD) + 150)
    tracks_at = data.index(TRACKS, info_at)
    tags_at = data.index(TAGS, tracks_at)
    cluster_at = data.index(CLUSTER, tags_at)
    places = ((INFO, info_at), (TRACKS, tracks_at), (CUES, data.rindex(CUES)), (TAGS, len(data)))
    entries = [
        short(b"\x4d\xbb", short(b"\x53\xab", id_) + short(b"\x53\xac", (at - base).to_bytes(4, "big")))
        for id_, at in places
    ]
    made = short(SEEK_HEAD, b"".join(entries))
    body = made + el(VOID, bytes(info_at - base - len(made) - 9)) + data[info_at:tags_at]
    body += el(VOID, bytes(cluster_at - tags_at - 9)) + data[cluster_at:] + data[tags_at:cluster_at]
    return data[: base - 12] + el(SEGMENT, body)


@pytest.mark.parametrize("name", ["mkv", "mkv-cues-first", "webm"])
def test_a_player_starts_and_seeks_with_what_is_pinned(look, sample, play, name: str) -> None:
    data = sample(name)
    seen = look(data)
    assert seen.info.container == ("webm" if name == "webm" else "matroska")
    assert (seen.info.duration, seen.info.complete) == (pytest.approx(10, abs=0.1), True)
    played = play(data, seen.info.pins)
    assert played.start == ()
    assert 0.6 < played.seek[0] / len(data) < 0.8, "straight to the media"
    assert len(seen.far) == (0 if name == "mkv-cues-first" else 1)


def test_a_player_reads_late_tags_before_it_plays(look, sample, play) -> None:
    data = tags_last(sample("mkv"))
    seen = look(data)
    assert seen.info.complete
    assert play(data, seen.info.pins).start == ()
    assert play(data, ()).start != ()


def test_a_player_seeks_by_cues_first(sample, play) -> None:
    data = sample("mkv")
    assert play(data, ()).seek[0] == data.rindex(CUES)


def test_real_live_recording(look, sample) -> None:
    seen = look(sample("mkv-live"))
    assert seen.far == ()
    assert (seen.info.duration, seen.info.complete) == (None, True)
