"""The physical limit of a scenario: what no tool can beat but by knowing beforehand what will be asked for.

The model is one sum: round trips that must follow one another, plus bytes through the narrowest place, plus the time
that ffmpeg itself takes for the first frame of a file on disk. Its assumptions:

- The bytes are those that ffmpeg takes for one frame. They are measured (``bench.reads``): a local server hands out
  the film no faster than ffmpeg reads it and notes the ranges. No piece is fetched that holds none of them.
- Every piece is needed whole, since its hash must be right before a byte of it may be shown. The limits "in blocks"
  count 16 KiB at a time instead: torrents with leaf hashes (v2, hybrid) can be checked so, others only on trust.
- The narrowest place is the client's downlink or all uplinks together, whichever is less, and all of it is used from
  the first block on. Partial, lossy and choking peers count as if they always had what is asked for.
- A launch takes eight round trips to the first block, named in ``TRACKER_TRIPS`` and ``PEER_TRIPS``. Those with peers
  take the round trip of the nearest peer. Nothing is waited for twice: the end of the file is asked for together with
  its beginning, before anybody knows whether the index lies there.
- A seek takes one round trip: peers are connected, unchoked and idle. What the start and the seeks before it needed is
  there, and nothing else; a tool that fetches ahead may have more and be faster than this.
- Each of several viewers counts as if the others asked for nothing.

Rules: arithmetic only, but for ``measure`` and ``main``. Seconds and bytes; ranges are half-open and count from the
film's first byte.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arrivals import BLOCK
from bench.model import Limit, Scenario, read_scenarios

if TYPE_CHECKING:
    from bench.media import Torrent

TRACKER_TRIPS = 2
"""UDP: connect, announce. By DHT: ask a node that is known, then the one it names that knows the peers."""
PEER_TRIPS = 6
"""TCP; handshake; metadata; interested and unchoked; request and block; slow start, in which only a part of the
bandwidth is used and which costs about one round trip altogether."""
PAYLOAD = 0.95
"""Share of the link that film bytes get: 3.6 % are headers of IP, TCP and messages (1448 of 1500 bytes, 16384 of
16397), the rest is requests, have messages and what TCP sends again when it first fills the queue."""

SEEKING = ("watch", "rapid", "viewers")
"""Stories in which ``Scenario.seeks`` are gone to."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Film:
    """Where the film lies in its torrent. Sizes in bytes, ``duration`` in seconds."""

    path: Path
    offset: int
    total: int
    piece_length: int
    duration: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What ffmpeg does for one frame: the ranges that it reads, and its own seconds when all is there."""

    spans: tuple[Span, ...]
    own: float


def bandwidth(scenario: Scenario) -> float:
    """Film bytes per second through the narrowest place."""
    uplinks = sum(group.count * group.mbit for group in scenario.peers)
    return min(scenario.down, uplinks) * 1e6 / 8 * PAYLOAD


def nearest(scenario: Scenario) -> float:
    """Round trip to the nearest peer, seconds."""
    return min(scenario.rtt if group.rtt is None else group.rtt for group in scenario.peers)


def launch_trips(scenario: Scenario) -> float:
    """Seconds from the launch until the first block could be there if it had no size."""
    return TRACKER_TRIPS * scenario.rtt + PEER_TRIPS * nearest(scenario)


def cells(spans: Iterable[Span], film: Film, length: int) -> set[int]:
    """The pieces, or blocks, of ``length`` that hold any byte of the film's ``spans``."""
    found: set[int] = set()
    for start, end in spans:
        if start < end:
            found.update(range((film.offset + start) // length, (film.offset + end - 1) // length + 1))
    return found


def size_of(numbers: Iterable[int], film: Film, length: int) -> int:
    """Bytes of these pieces or blocks; the torrent's last one may be shorter."""
    return sum(min(length, film.total - number * length) for number in numbers)


def seek_costs(film: Film, readings: Sequence[Reading], length: int) -> list[int]:
    """Bytes that each reading needs beyond those before it, in whole pieces or blocks of ``length``."""
    have: set[int] = set()
    costs = []
    for reading in readings:
        needed = cells(reading.spans, film, length)
        costs.append(size_of(needed - have, film, length))
        have |= needed
    return costs


def limit_of(scenario: Scenario, film: Film, start: Reading, seeks: Mapping[float, Reading]) -> Limit:
    """The limit of a scenario; ``seeks`` by share of the playing time, in the order of the story."""
    rate, trips = bandwidth(scenario), launch_trips(scenario)
    readings = [start, *seeks.values()]
    pieces = seek_costs(film, readings, film.piece_length)
    blocks = seek_costs(film, readings, BLOCK)
    names = [f"{share:g}" for share in seeks]
    waits = [nearest(scenario) + reading.own for reading in seeks.values()]
    return Limit(
        scenario=scenario.id,
        first_byte=trips + min(film.piece_length, film.total) / rate,
        first_frame=trips + pieces[0] / rate + start.own,
        first_frame_blocks=trips + blocks[0] / rate + start.own,
        first_frame_bytes=pieces[0],
        seeks={name: wait + size / rate for name, wait, size in zip(names, waits, pieces[1:], strict=True)},
        seeks_blocks={name: wait + size / rate for name, wait, size in zip(names, waits, blocks[1:], strict=True)},
        heads={"start": list(start.spans)} | {n: list(r.spans) for n, r in zip(names, seeks.values(), strict=True)},
        offset=film.offset,
        piece_length=film.piece_length,
    )


def read_limits(path: Path) -> dict[str, Limit]:
    """What ``write_limits`` wrote, by scenario; unknown fields are left out."""
    known = {entry.name for entry in fields(Limit)}
    found = {}
    for key, data in json.loads(path.read_text()).items():
        values = {name: value for name, value in data.items() if name in known}
        values["heads"] = {name: [(a, b) for a, b in spans] for name, spans in data.get("heads", {}).items()}
        found[key] = Limit(**values)
    return found


def write_limits(path: Path, limits: Mapping[str, Limit]) -> None:
    """As JSON, by scenario."""
    path.write_text(json.dumps({key: asdict(limit) for key, limit in limits.items()}, indent=1) + "\n")


def summary(limit: Limit) -> str:
    """One line for the terminal."""
    seeks = "".join(f", seek to {float(share):.0%} {seconds:.2f} s" for share, seconds in limit.seeks.items())
    return (
        f"{limit.scenario}: first byte {limit.first_byte:.2f} s, first frame {limit.first_frame:.2f} s "
        f"({limit.first_frame_bytes / 1e6:.1f} MB; in blocks {limit.first_frame_blocks:.2f} s){seeks}"
    )


def film_of(torrent: Torrent) -> Film:
    """The film of one of the lab's torrents. A pad file at its end is in no piece that anybody sends."""
    ends = list(itertools.accumulate(file.size for file in torrent.files))
    total = max(end for end, file in zip(ends, torrent.files, strict=True) if "/.pad/" not in f"/{file.path}")
    return Film(torrent.film, torrent.film_offset, total, torrent.piece_length, torrent.duration)


def measure(scenario: Scenario, film: Film, known: dict[tuple[int, float | None], Reading]) -> Limit:
    """The limit of a scenario. ``known`` keeps readings, by the film's inode and the place: films are hard links."""
    from bench.reads import read

    def reading(at: float | None) -> Reading:
        key = film.path.stat().st_ino, at
        if key not in known:
            known[key] = read(film.path, at)
        return known[key]

    places = scenario.seeks if scenario.story in SEEKING else ()
    return limit_of(scenario, film, reading(None), {share: reading(share * film.duration) for share in places})


def main(argv: Sequence[str]) -> int:
    """``python -m bench limit``: write limits.json into the work folder."""
    from bench.media import read_index
    from bench.paths import Places

    scenarios = read_scenarios()
    parser = argparse.ArgumentParser(prog="python -m bench limit", description="What physics allows in each scenario.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all")
    parser.add_argument("--out", type=Path, default=default_path(), help="default: limits.json in the work folder")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.scenarios) - set(scenarios):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(scenarios)}")
    torrents = read_index(Places())
    limits = read_limits(chosen.out) if chosen.out.exists() else {}
    known: dict[tuple[int, float | None], Reading] = {}
    for key in chosen.scenarios or scenarios:
        limits[key] = measure(scenarios[key], film_of(torrents[scenarios[key].torrent]), known)
        sys.stdout.write(summary(limits[key]) + "\n")
        sys.stdout.flush()
    write_limits(chosen.out, limits)
    return 0


def default_path() -> Path:
    """limits.json of the work folder."""
    from bench.paths import WORK

    return WORK / "limits.json"
