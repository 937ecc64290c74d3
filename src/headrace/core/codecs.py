"""What codecs are called in media types (RFC 6381): read from what is sent, the ``moov`` of a fragmented MP4.

Rules: pure, and ends on any bytes; a box that is torn or of an unknown kind has no name (an empty string). Only what
matches a codec's own pattern leaves here, so that it can stand in a playlist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_INSIDE = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8}
"""Boxes on the way to the sample entries, and the bytes before their children (ISO/IEC 14496-12 section 8)."""
_VIDEO, _SOUND = 78, 28
"""Bytes of a sample entry before its boxes (sections 12.1.3 and 12.2.3)."""


def codec_of(init: bytes) -> str:
    """The codec of the first track of an initialization segment, as in ``CODECS``; empty when it is not known."""
    for kind, body in _entries(init):
        if kind in _ENTRIES:
            skip, box, name = _ENTRIES[kind]
            config = next((found for inner, found in _boxes(body[skip:]) if inner == box), b"")
            return name(kind.decode(), config)
    return ""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and bodies of the boxes that are whole."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > len(data):
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The sample entries of all tracks. A box has less bytes than the one around it, so this ends."""
    for kind, body in _boxes(data):
        if kind == b"stsd":
            yield from _boxes(body[_INSIDE[kind] :])
        elif kind in _INSIDE:
            yield from _entries(body)


def _avc(kind: str, config: bytes) -> str:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3): profile, constraints, level."""
    return f"{kind}.{config[1:4].hex()}" if len(config) >= 4 else ""


def _hevc(kind: str, config: bytes) -> str:
    """HEVCDecoderConfigurationRecord (14496-15 section 8.3.3), as its annex E.3 spells it."""
    if len(config) < 13:
        return ""
    space, tier, profile = config[1] >> 6, "LH"[config[1] >> 5 & 1], config[1] & 31
    # the compatibility flags count from the other end
    flags = int(f"{int.from_bytes(config[2:6], 'big'):032b}"[::-1], 2)
    constraints = [f"{byte:X}" for byte in config[6:12].rstrip(b"\0")]
    return ".".join([kind, f"{['', 'A', 'B', 'C'][space]}{profile}", f"{flags:X}", f"{tier}{config[12]}", *constraints])


def _vp9(kind: str, config: bytes) -> str:
    """VPCodecConfigurationRecord behind version and flags (VP Codec ISO Media File Format Binding 1.0)."""
    if len(config) < 7:
        return ""
    return f"{kind}.{config[4]:02d}.{config[5]:02d}.{config[6] >> 4:02d}"


def _av1(kind: str, config: bytes) -> str:
    """AV1CodecConfigurationRecord (AV1 in ISOBMFF 1.2, section 2.3 and annex A)."""
    if len(config) < 3:
        return ""
    profile, level, tier = config[1] >> 5, config[1] & 31, "MH"[config[2] >> 7]
    high, twelve = config[2] >> 6 & 1, config[2] >> 5 & 1
    bits = 12 if high and twelve and profile == 2 else 10 if high else 8
    return f"{kind}.{profile}.{level:02d}{tier}.{bits:02d}"


def _mpeg(kind: str, config: bytes) -> str:
    """``esds`` (ISO/IEC 14496-1 section 7.2.6): the object type, and for 40 (MPEG-4 audio) AAC's own."""
    found = dict(_descriptors(config[4:]))
    about, specific = found.get(4, b""), found.get(5, b"")
    if not about or about[0] != 0x40 or not specific:
        return ""
    object_type = specific[0] >> 3
    if object_type == 31 and len(specific) > 1:
        object_type = 32 + ((specific[0] & 7) << 3 | specific[1] >> 5)
    return f"{kind}.40.{object_type}"


_HEADS = {3: 3, 4: 13}
"""Bytes of an ES descriptor (without its options, which nobody uses here) and of a decoder's before those inside."""


def _descriptors(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and bodies, those inside too."""
    at = 0
    while at + 2 <= len(data):
        tag, size, at = data[at], 0, at + 1
        for _ in range(4):  # seven bits a byte
            if at >= len(data):
                return
            byte, at = data[at], at + 1
            size = size << 7 | byte & 0x7F
            if byte < 0x80:
                break
        body = data[at : at + size]
        yield tag, body
        if tag in _HEADS:
            yield from _descriptors(body[_HEADS[tag] :])
        at += size


def _plain(name: str) -> Callable[[str, bytes], str]:
    return lambda _kind, _config: name


_ENTRIES: dict[bytes, tuple[int, bytes, Callable[[str, bytes], str]]] = {
    b"avc1": (_VIDEO, b"avcC", _avc),
    b"avc3": (_VIDEO, b"avcC", _avc),
    b"hvc1": (_VIDEO, b"hvcC", _hevc),
    b"hev1": (_VIDEO, b"hvcC", _hevc),
    b"vp09": (_VIDEO, b"vpcC", _vp9),
    b"av01": (_VIDEO, b"av1C", _av1),
    b"mp4a": (_SOUND, b"esds", _mpeg),
    b"Opus": (_SOUND, b"dOps", _plain("opus")),
    b"fLaC": (_SOUND, b"dfLa", _plain("flac")),
}
"""Of each sample entry: where its boxes begin, which one tells more, and how to read it."""
