"""MPEG-TS: no index; players look at the head for the programs and at the end for the duration.

Packets of 188 bytes begin with 0x47 (ISO/IEC 13818-1 section 2.4.3.2); M2TS puts 4 bytes of time before each (192),
DVB recordings 16 bytes of parity after (204). The program clock reference (section 2.4.3.5) counts 90 kHz in 33 bits.
"""

from __future__ import annotations

from typing import NamedTuple

from headrace.index.base import BLOCK, CHEAP, Found, Source, Steps

SYNC = 0x47
STRIDES = (188, 192, 204)
MIN_PACKETS = 5
"""Sync bytes in a row before a file counts as MPEG-TS; ffmpeg asks for the same number."""

EDGE = 256 * 1024
"""Pinned at either end. ffmpeg reads the last 250,000 bytes for the last time stamp before it plays."""

_CLOCK = 90_000
_WRAP = 1 << 33
_PACKET = 188


class Packets(NamedTuple):
    """Packets lie every ``stride`` bytes; the first sync byte is at ``first``."""

    stride: int
    first: int

    def aligned(self, at: int) -> int:
        """The first sync byte at or after ``at``."""
        return at + (self.first - at) % self.stride


class Clock(NamedTuple):
    """A program clock reference: ``ticks`` of 90 kHz in the packets numbered ``pid``."""

    pid: int
    ticks: int


def packets_in(head: bytes) -> Packets | None:
    """How packets lie in ``head``; None when it is not MPEG-TS. A recording may begin in mid-packet."""
    for stride in STRIDES:
        for first in range(stride):
            syncs = head[first::stride]
            if len(syncs) >= MIN_PACKETS and syncs.count(SYNC) == len(syncs):
                return Packets(stride, first)
    return None


def read_mpegts(source: Source, found: Found) -> Steps:
    """Pin both ends; the duration is the last clock less the first of the same program, if found there."""
    found.pin(0, EDGE)
    found.pin(source.size - EDGE, source.size)
    head = yield from source.read(0, BLOCK)
    packets = packets_in(head)
    if packets is None:
        return
    first = next(iter(_clocks(head, packets.first, packets.stride)), None)
    if first is None:
        head = yield from source.read(0, CHEAP)
        first = next(iter(_clocks(head, packets.first, packets.stride)), None)
    if first is None:
        return
    tail_at = packets.aligned(max(0, source.size - EDGE))
    tail = yield from source.read(tail_at, EDGE)
    ends = [clock.ticks for clock in _clocks(tail, 0, packets.stride) if clock.pid == first.pid]
    if ends:
        found.last((ends[-1] - first.ticks) % _WRAP / _CLOCK)


def _clocks(data: bytes, at: int, stride: int) -> list[Clock]:
    """Every program clock reference in whole packets of ``data``."""
    clocks = []
    for start in range(at, len(data) - _PACKET + 1, stride):
        packet = data[start : start + 12]
        # Adaptation field present (0x20), at least 7 bytes of it, and its PCR_flag set.
        if packet[0] == SYNC and packet[3] & 0x20 and packet[4] >= 7 and packet[5] & 0x10:
            pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
            clocks.append(Clock(pid, int.from_bytes(packet[6:11], "big") >> 7))
    return clocks
