"""What the lab talks about: scenarios in, rows out.

Rules: data only; nothing here starts a process or touches the network. Times in seconds, sizes in bytes, link rates in
megabits per second (as links are sold). A row is one run of one tool in one scenario; it is one line of JSON, and all
that is said in a report is computed from rows.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

SCENARIOS = Path(__file__).with_name("scenarios.toml")
LATE = 0.003
"""Seconds that the emulator may be late on average; rows beyond are discarded."""

Story = Literal["watch", "playback", "rapid", "viewers", "pause", "warm"]
"""watch: first frame, then seeks. playback: real time. rapid: many seeks, time until the last one plays. viewers:
several at different places. pause: play, pause, play. warm: watch, end, and the same magnet once more."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Some peers alike. ``share`` of the pieces they have; they hold ``mbit`` of uplink each."""

    count: int
    mbit: float
    rtt: float | None = None
    """Seconds; None: the scenario's."""
    loss: float = 0.0
    """Share of their packets that is lost, 0 to 1."""
    share: float = 1.0
    leaves_after: float | None = None
    """Bytes of this torrent that such a peer sends before it goes, in the middle of a piece."""
    stalls_after: float | None = None
    """Bytes that it sends before it takes requests and answers none."""
    chokes_every: float | None = None
    """It chokes everybody for as many seconds, each time after as many."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A swarm, a link, and what a viewer does."""

    id: str
    name: str
    torrent: str
    """Key of a torrent that the set-up makes: index-last-1m, index-last-8m, index-first-1m, matroska-1m, multi-1m,
    hybrid-1m, hybrid-8m, v2-1m."""
    peers: tuple[Peers, ...]
    rtt: float = 0.05
    down: float = 50.0
    up: float = 10.0
    queue: float = 0.15
    """Seconds that a packet may wait in a link's queue before it is dropped."""
    dead: int = 0
    """Addresses that the tracker gives out and where nobody answers."""
    tracker: bool = True
    """False: the magnet names no tracker; the lab's own DHT knows the peers."""
    story: Story = "watch"
    seeks: tuple[float, ...] = (0.5, 0.8, 0.25)
    """Where to, as shares of the playing time, in this order."""
    every: float = 0.5
    """Seconds between two seeks of the story: after the last one's frame (watch), or from launch to launch (rapid)."""
    seconds: float = 0.0
    """How long the story plays or pauses."""
    viewers: int = 1
    what: str = ""
    """One line for the report."""


@dataclass(frozen=True, slots=True)
class Seek:
    """One seek into a fresh region. ``seconds`` is None when no frame came in time."""

    to: float
    seconds: float | None
    received: int = 0
    """Bytes that came over the client's link meanwhile."""
    at: float | None = None
    """Seconds from the launch of the tool to this seek."""


@dataclass(frozen=True, slots=True)
class Stall:
    """The picture stood still."""

    at: float
    seconds: float


@dataclass(slots=True)
class Row:
    """One run. Seconds count from the launch of the tool; None is "not measured" or, beside an ``error``, "never"."""

    scenario: str
    tool: str
    version: str = ""
    story: Story = "watch"
    rep: int = 0
    player: str = "ffmpeg"
    """Which one showed the first frame: ffmpeg or mpv."""
    at: str = ""
    """ISO 8601, UTC."""
    launched: float | None = None
    """When the tool was launched, by CLOCK_MONOTONIC: the clock of the log of blocks."""
    load: float = 0.0
    idle: float = 1.0
    """The machine before the run: load average and idle share of its processors."""
    offered: float | None = None
    """The tool names or opens its URL."""
    first_byte: float | None = None
    first_frame: float | None = None
    """By ffmpeg."""
    first_frame_mpv: float | None = None
    second_start: float | None = None
    """First frame of the second launch (story warm)."""
    seeks: list[Seek] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)
    played: float = 0.0
    """Seconds of film that were shown in real time."""
    played_bytes: int = 0
    """Bytes of the film that the viewers took."""
    reconnects: int = 0
    """How often the tool ended a viewer's answer early."""
    received: int = 0
    """Over the client's link, with all overhead."""
    received_first_frame: int = 0
    sent: int = 0
    """Payload that the lab's peers sent: blocks of 16 KiB, each as often as it was sent."""
    wasted: int = 0
    """Of that, what had been sent before."""
    cpu: float = 0.0
    """Processor seconds of the tool and all it started."""
    memory: int = 0
    """Peak resident bytes of the same, summed."""
    in_order: float | None = None
    """Share of pieces during playback whose first block was sent in rising order."""
    late: float = 0.0
    late_most: float = 0.0
    """How late the emulator forwarded packets, on average and at most."""
    arrivals: str = ""
    """File with the blocks in order of sending, beside the rows (see ``bench.arrivals``)."""
    error: str = ""

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def sound(self) -> bool:
        """Whether the emulator kept its times."""
        return self.late <= LATE


@dataclass(frozen=True, slots=True)
class Limit:
    """What physics allows in a scenario: all bytes that ffmpeg takes, at the bandwidth there is, plus round trips."""

    scenario: str
    first_byte: float
    first_frame: float
    """Whole pieces."""
    first_frame_blocks: float
    """Counted in blocks of 16 KiB instead: the piece as a whole is not waited for."""
    first_frame_bytes: int
    """What whole pieces cost up to the first frame."""
    seeks: dict[str, float] = field(default_factory=dict)
    """By share of the playing time, as in ``f"{to:g}"``; whole pieces."""
    seeks_blocks: dict[str, float] = field(default_factory=dict)
    heads: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Ranges of the film's bytes that ffmpeg reads: under "start" and under each seek."""
    offset: int = 0
    """Where the film begins in its torrent."""
    piece_length: int = 0


def row_from(data: Mapping[str, Any]) -> Row:
    """Read back what ``Row.line`` wrote; unknown fields are left out, so that old rows stay readable."""
    known = {entry.name for entry in fields(Row)}
    row = Row(**{name: value for name, value in data.items() if name in known})
    row.seeks = [Seek(**seek) for seek in data.get("seeks", ())]
    row.stalls = [Stall(**stall) for stall in data.get("stalls", ())]
    return row


def read_rows(lines: Iterable[str]) -> Iterator[Row]:
    """All rows of a file of JSON lines."""
    return (row_from(json.loads(line)) for line in lines if line.strip())


def read_scenarios(path: Path = SCENARIOS) -> dict[str, Scenario]:
    """By id, in the order of the file."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    return {key: _scenario(key, entry) for key, entry in data.items()}


def _scenario(key: str, entry: Mapping[str, Any]) -> Scenario:
    rest: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    rest["peers"] = tuple(Peers(**group) for group in entry["peers"])
    return Scenario(id=key, **rest)
