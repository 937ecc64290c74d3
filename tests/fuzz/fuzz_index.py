"""Feeds arbitrary bytes to the container indexes and checks their rules.

    python tests/fuzz/fuzz_index.py                       with atheris, if it is installed; else until Ctrl-C
    python tests/fuzz/fuzz_index.py --runs 20000 --seed 7 a bounded number of inputs, the same on each run

An input that breaks a rule is printed in hex.
"""

from __future__ import annotations

import argparse
import itertools
import random
import struct
import sys
from collections.abc import Iterator

from headrace.core.spans import Span
from headrace.index import IndexInfo, find_index
from headrace.index.base import MAX_ASKS, MAX_BYTES

CONTAINERS = {"mp4", "matroska", "webm", "avi", "mpegts", "unknown"}

TOKENS = [
    *(
        b"ftyp",
        b"moov",
        b"mdat",
        b"moof",
        b"sidx",
        b"mvhd",
        b"mvex",
        b"mehd",
        b"mfra",
        b"mfro",
        b"free",
        b"trak",
        b"uuid",
    ),
    *(
        b"RIFF",
        b"LIST",
        b"AVI ",
        b"AVIX",
        b"hdrl",
        b"strl",
        b"movi",
        b"idx1",
        b"indx",
        b"odml",
        b"dmlh",
        b"avih",
        b"JUNK",
    ),
    *map(bytes.fromhex, ("1a45dfa3", "18538067", "114d9b74", "4dbb", "53ab", "53ac", "1549a966", "2ad7b1", "4489")),
    *map(bytes.fromhex, ("1654ae6b", "1f43b675", "1c53bb6b", "1254c367", "1043a770", "1941a469", "ec", "bf", "4282")),
    *(
        b"\0" * 4,
        b"\0\0\0\1",
        b"\xff" * 4,
        b"\xff" * 8,
        b"\1" + b"\xff" * 7,
        b"\x80",
        b"\x81",
        b"\x10\0\0\x10",
        b"\x7f" + b"\xff" * 7,
    ),
]


def check(data: bytes, size: int) -> IndexInfo:
    """Run ``find_index`` over a file of ``size`` bytes that repeats ``data``; hold it to its rules."""
    want, asks, asked = find_index(size), 0, 0
    try:
        span = next(want)
        while True:
            assert 0 <= span.start < span.end <= size, f"asks outside the file: {span}"
            asks, asked = asks + 1, asked + span.size
            assert asks <= MAX_ASKS, "asks too often"
            assert asked <= MAX_BYTES, "asks for too much"
            span = want.send(slice_of(data, span))
    except StopIteration as done:
        info: IndexInfo = done.value
    assert info.container in CONTAINERS
    edges = [0, *(edge for pin in info.pins for edge in pin), size]
    assert edges == sorted(edges), f"pins out of order or outside the file: {info.pins}"
    assert all(pin.size for pin in info.pins), "an empty pin"
    assert info.duration is None or 0 < info.duration < 1e9, f"duration {info.duration}"
    return info


def slice_of(data: bytes, span: Span) -> bytes:
    """A span of ``data`` repeated without end."""
    if span.end <= len(data):
        return data[span.start : span.end]
    start = span.start % len(data)
    return (data[start:] + data * (span.size // len(data) + 1))[: span.size]


def check_all(data: bytes) -> list[IndexInfo]:
    """As a file of its own, and as the head of one of a GiB and one of 8 EiB."""
    return [check(data, size) for size in (len(data), 2**30 + len(data), 2**63 - 1)] if data else [check(data, 0)]


def corpus() -> list[bytes]:
    """One small sound file of each kind."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, kind) + body

    def element(id_: str, body: bytes) -> bytes:
        return bytes.fromhex(id_) + struct.pack(">Q", 1 << 56 | len(body)) + body

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body

    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 5000) + bytes(80))
    mehd = box(b"mvex", box(b"mehd", struct.pack(">II", 0, 5000)))
    ftyp, mdat, moov = box(b"ftyp", b"isom\0\0\0\0"), box(b"mdat", bytes(300)), box(b"moov", mvhd + mehd)
    sidx = box(b"sidx", struct.pack(">IIIIIHHIII", 0, 1, 1000, 0, 0, 0, 1, 308, 5000, 0))
    mfra = box(b"mfra", box(b"mfro", struct.pack(">II", 0, 24)))
    head = element("1549a966", element("4489", struct.pack(">d", 5000.0))) + element("1654ae6b", bytes(40))
    head += element("1f43b675", bytes(340))
    cues_at = len(head) + 54
    seek = element("4dbb", element("53ab", bytes.fromhex("1c53bb6b")) + element("53ac", struct.pack(">Q", cues_at)))
    segment = element("114d9b74", seek) + head + element("1c53bb6b", bytes(60))
    mkv = element("1a45dfa3", element("4282", b"webm")) + element("18538067", segment)
    indx = chunk(b"indx", struct.pack("<HBBI4s12xQII", 4, 0, 0, 1, b"00dc", 300, 40, 10))
    hdrl = chunk(
        b"LIST", b"hdrl" + chunk(b"avih", struct.pack("<5I", 40_000, 0, 0, 0, 250)) + chunk(b"LIST", b"strl" + indx)
    )
    avi = chunk(b"RIFF", b"AVI " + hdrl + chunk(b"LIST", b"movi" + bytes(300)) + chunk(b"idx1", bytes(32)))
    packet = b"\x47\x01\x00\x20\xb7\x10\0\0\0\0\x7e\0" + b"\xff" * 176
    return [
        ftyp + moov + mdat,
        ftyp + mdat + moov,
        ftyp + moov + sidx + box(b"moof", b"") + mdat + mfra,
        mkv,
        avi,
        packet * 12,
    ]


def mutations(seed: int) -> Iterator[bytes]:
    """Endless inputs grown from ``corpus``, the same for the same seed."""
    rng, pool = random.Random(seed), corpus()
    while True:
        data = bytearray(rng.choice(pool))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data) + 1)
            token = rng.choice(
                [rng.choice(TOKENS), rng.randbytes(rng.randint(1, 8)), bytes(data[at : at + rng.randint(1, 64)])]
            )
            end = at + rng.choice([0, len(token), rng.randint(0, 40)])
            data[at:end] = token
        if rng.random() < 0.2:
            del data[rng.randrange(len(data) + 1) :]
        if rng.random() < 0.05 and data:
            pool.append(bytes(data[:4096]))
        yield bytes(data)


def run(seed: int, runs: int | None) -> int:
    """Check that many inputs (None: without end); the number done."""
    done = 0
    for data in itertools.islice(mutations(seed), runs):
        try:
            check_all(data)
        except Exception:
            print(data.hex(), file=sys.stderr)
            raise
        done += 1
    return done


def main() -> None:
    """Entry point of the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, help="stop after so many inputs (default: go on)")
    parser.add_argument("--seed", type=int, default=0)
    args, rest = parser.parse_known_args()
    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris is None or args.runs is not None:
        print(f"{run(args.seed, args.runs)} inputs, no rule broken")
        return
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *rest], check_all)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
