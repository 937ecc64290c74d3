from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.codecs import codec_of


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def init(entry: bytes) -> bytes:
    """As a muxer writes it, so far as it matters."""
    stbl = box(b"stbl", box(b"stsd", bytes(8), entry))
    trak = box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"minf", stbl)))
    return box(b"ftyp", b"iso5") + box(b"moov", box(b"mvhd", bytes(100)), trak)


def video(kind: bytes, box_kind: bytes, config: str) -> bytes:
    return init(box(kind, bytes(78), box(b"btrt", bytes(12)), box(box_kind, bytes.fromhex(config))))


def audio(kind: bytes, *boxes: bytes) -> bytes:
    return init(box(kind, bytes(28), *boxes))


def esds(object_type: int, specific: bytes = b"", length: bytes = b"") -> bytes:
    """``length``: how the size of the first descriptor is spelled."""
    inner = bytes([5, len(specific)]) + specific if specific else b""
    decoder = bytes([4, 13 + len(inner), object_type]) + bytes(12) + inner
    body = bytes(3) + decoder
    return box(b"esds", bytes(4), b"\x03" + (length or bytes([len(body)])) + body)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (video(b"avc1", b"avcC", "0164001effe1"), "avc1.64001e"),
        (video(b"avc3", b"avcC", "0142c01e"), "avc3.42c01e"),
        # the examples of RFC 6381's users: Main at level 3.1, and Main 10 in the high tier at 5.1
        (video(b"hvc1", b"hvcC", "0101" + "60000000" + "b00000000000" + "5d"), "hvc1.1.6.L93.B0"),
        (video(b"hvc1", b"hvcC", "0122" + "20000000" + "000000000000" + "99"), "hvc1.2.4.H153"),
        (video(b"hev1", b"hvcC", "0141" + "60000000" + "900000000001" + "5d"), "hev1.A1.6.L93.90.0.0.0.0.1"),
        (video(b"vp09", b"vpcC", "01000000" + "001f" + "82"), "vp09.00.31.08"),
        (video(b"vp09", b"vpcC", "01000000" + "0233" + "a2"), "vp09.02.51.10"),
        (video(b"av01", b"av1C", "81080c00"), "av01.0.08M.08"),
        (video(b"av01", b"av1C", "812dc000"), "av01.1.13H.10"),
        (video(b"av01", b"av1C", "814d6000"), "av01.2.13M.12"),
        (audio(b"mp4a", esds(0x40, b"\x11\x90")), "mp4a.40.2"),
        (audio(b"mp4a", esds(0x40, b"\x11\x90", b"\x80\x80\x80\x16")), "mp4a.40.2"),
        (audio(b"mp4a", esds(0x40, b"\x2b\x11")), "mp4a.40.5"),
        (audio(b"mp4a", esds(0x40, b"\xf9\x46")), "mp4a.40.42"),
        (audio(b"mp4a", esds(0x6B)), ""),
        (audio(b"Opus", box(b"dOps", bytes(11))), "opus"),
        (audio(b"fLaC", box(b"dfLa", bytes(38))), "flac"),
    ],
)
def test_names(made: bytes, name: str) -> None:
    assert codec_of(made) == name


@pytest.mark.parametrize(
    "made",
    [
        b"",
        b"\0\0\0\x04moov",
        init(box(b"ac-3", bytes(28))),
        video(b"avc1", b"avcC", "0164"),
        video(b"avc1", b"btrt", "01640000"),
        video(b"hvc1", b"hvcC", "01"),
        video(b"vp09", b"vpcC", "01"),
        video(b"av01", b"av1C", "81"),
        audio(b"mp4a"),
        audio(b"mp4a", esds(0x40)),
        audio(b"mp4a", esds(0xDD, b"\x11\x90")),
        audio(b"mp4a", box(b"esds", bytes(4), b"\x03\xff\xff\xff\xff")),
        audio(b"mp4a", box(b"esds", bytes(4), b"\x03\xff")),
    ],
)
def test_what_is_torn_or_unknown_has_no_name(made: bytes) -> None:
    assert codec_of(made) == ""


@given(st.binary(max_size=60), st.sampled_from([b"avc1", b"hvc1", b"vp09", b"av01", b"mp4a", b"Opus", b"xxxx"]))
def test_any_bytes_end_and_make_a_plain_word(data: bytes, kind: bytes) -> None:
    for made in (data, audio(kind, data), init(box(kind, bytes(78), data)), audio(kind, box(b"esds", data))):
        assert all(char.isalnum() or char == "." for char in codec_of(made))
