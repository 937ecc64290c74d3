"""A torrent and its peers, as a fake engine meets them.

Rules: everything follows from what is given here; no clock, no randomness. A torrent's bytes are a function of their
offset, so that ten gigabytes cost nothing and a byte in the wrong place is seen. Its piece hashes are made up, since
only the fake engine checks them: it knows which pieces a corrupt peer spoils.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from headrace.core.pieces import BLOCK, FileEntry, Layout
from headrace.core.spans import Span
from headrace.testing.metainfo import info_of

_PAD = random.Random(0).randbytes(BLOCK)  # noqa: S311 - the same bytes each time
MiB = 1 << 20


@dataclass(frozen=True)
class FakeFile:
    """One file. ``parts`` are bytes that must lie at an offset in it (a container's header, say)."""

    path: str
    size: int
    parts: Mapping[int, bytes] = field(default_factory=dict)


class Content:
    """A torrent's metadata and bytes. ``piece_length`` in bytes."""

    def __init__(self, files: Sequence[FakeFile] | int, piece_length: int = MiB, name: str = "fake") -> None:
        """``files`` by their paths below ``name``, or the size of the torrent's one file."""
        self._files = [FakeFile("", files)] if isinstance(files, int) else list(files)
        entries: list[FileEntry] = []
        offset = 0
        for index, file in enumerate(self._files):
            path = f"{name}/{file.path}" if file.path else name
            entries.append(FileEntry(index, path, file.size, offset))
            offset += file.size
        self.layout = Layout(name, piece_length, offset, tuple(entries))

    @cached_property
    def info(self) -> bytes:
        """The ``info`` dictionary's bytes."""
        seed = self.layout.name.encode()
        hashes = (hashlib.sha1(b"%s %d" % (seed, n), usedforsecurity=False) for n in range(self.layout.num_pieces))
        return info_of(self.layout, b"".join(one.digest() for one in hashes))

    @cached_property
    def info_hash(self) -> str:
        """v1's 40 hex digits."""
        return hashlib.sha1(self.info, usedforsecurity=False).hexdigest()

    @property
    def torrent(self) -> bytes:
        """The .torrent's bytes."""
        return b"d4:info" + self.info + b"e"

    @property
    def magnet(self) -> str:
        """A magnet link without peers."""
        return f"magnet:?xt=urn:btih:{self.info_hash}&dn={self.layout.name}"

    def read(self, span: Span) -> bytes:
        """The torrent's bytes in ``span``."""
        first, last = span.start // BLOCK, -(-span.end // BLOCK)
        blocks = b"".join(number.to_bytes(8, "big") + _PAD[8:] for number in range(first, last))
        data = bytearray(blocks[span.start - first * BLOCK :][: span.size])
        for file, entry in zip(self._files, self.layout.files, strict=True):
            for at, part in file.parts.items():
                _overlay(data, span, entry.offset + at, part)
        return bytes(data)

    def file_bytes(self, index: int) -> bytes:
        """The whole of one file."""
        return self.read(self.layout.file(index).span)


def _overlay(data: bytearray, span: Span, start: int, part: bytes) -> None:
    low, high = max(span.start, start), min(span.end, start + len(part))
    if low < high:
        data[low - span.start : high - span.start] = part[low - start : high - start]


@dataclass(frozen=True)
class FakePeer:
    """One peer. ``rate`` in bytes per second, ``rtt`` and all times in seconds; times count from the swarm's start.

    ``have`` is the share of the pieces that it has (the same ones each time) or their numbers. ``dies_after``: having
    sent so many bytes it falls silent without a word. ``chokes``: from when to when it lets nobody download.
    ``corrupt``: pieces of which it sends wrong bytes. A peer that is not ``listed`` is met only by its address.
    """

    rate: float = float(MiB)
    rtt: float = 0.05
    have: float | frozenset[int] = 1.0
    joins: float = 0.0
    leaves: float = math.inf
    dies_after: float = math.inf
    chokes: tuple[tuple[float, float], ...] = ()
    corrupt: frozenset[int] = frozenset()
    listed: bool = True
    address: tuple[str, int] = ("", 0)
    """Given by the swarm when empty."""

    def pieces(self, count: int) -> bytes:
        """One byte per piece: 1 where it has it."""
        if isinstance(self.have, frozenset):
            return bytes(piece in self.have for piece in range(count))
        held = random.Random(f"{self.address}").sample(range(count), round(count * self.have))  # noqa: S311
        mask = bytearray(count)
        for piece in held:
            mask[piece] = 1
        return bytes(mask)

    def chokes_at(self, now: float) -> bool:
        """Whether it lets nobody download at ``now``."""
        return any(start <= now < end for start, end in self.chokes)


class Watcher(Protocol):
    """Who wants to know of peers that come and go."""

    def peer_joined(self, peer: FakePeer) -> None:
        """A peer was added by ``FakeSwarm.join``."""

    def peer_left(self, peer: FakePeer) -> None:
        """A peer was taken away by ``FakeSwarm.leave``."""


class Downlink:
    """Our side's line, which several swarms may share. ``rate`` in bytes per second."""

    def __init__(self, rate: float = math.inf) -> None:
        self.rate = rate
        self._free = 0.0

    def takes(self, size: int, now: float, origin: float) -> float:
        """When bytes that reach it now, behind all others, are through; both times count from ``origin``."""
        self._free = max(now + origin, self._free) + size / self.rate
        return self._free - origin


class FakeSwarm:
    """The peers of one torrent. ``downlink`` is what all of them share on our side, bytes per second, or the line that
    they share with other swarms.

    ``trackers`` are the announce URLs that answer; any other fails.
    """

    def __init__(
        self,
        content: Content,
        peers: Sequence[FakePeer] = (),
        *,
        downlink: float | Downlink = math.inf,
        trackers: frozenset[str] = frozenset(),
    ) -> None:
        self.content = content
        self.line = downlink if isinstance(downlink, Downlink) else Downlink(downlink)
        self.trackers = trackers
        self.peers: list[FakePeer] = []
        self.origin: float | None = None
        """The loop's time at which the swarm's time began."""
        self._named = 0
        self.watchers: list[Watcher] = []
        for peer in peers:
            self.join(peer)

    def join(self, peer: FakePeer) -> FakePeer:
        """Add a peer, from now on (or from its ``joins``); returned with its address."""
        if not peer.address[0]:
            self._named += 1
            address = (f"10.0.{self._named // 250}.{self._named % 250 + 1}", 6881)
            peer = replace(peer, address=address)
        self.peers.append(peer)
        self._tell(lambda watcher: watcher.peer_joined(peer))
        return peer

    def leave(self, peer: FakePeer) -> None:
        """Take a peer away: its connections are closed at once."""
        self.peers.remove(peer)
        self._tell(lambda watcher: watcher.peer_left(peer))

    def leave_all(self) -> list[FakePeer]:
        """Take all peers away; returned for ``join``."""
        gone = list(self.peers)
        for peer in gone:
            self.leave(peer)
        return gone

    def _tell(self, what: Callable[[Watcher], None]) -> None:
        for watcher in list(self.watchers):
            what(watcher)
