"""How a stream is doing: from what was measured to a state, the reason of a wait in plain words, and an estimate.

Rules: ``assess`` is a function of its sample; no clock, no memory, no logging. Sizes in bytes, rates in bytes per
second, times in seconds. The reason is the *first* thing that stands in the way: paused before checking before the
disk before peers before metadata before the piece before its speed. What cannot be told is None, not a guess.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from msgspec import Struct

from headrace.core.units import format_rate

STATES = (
    "failed",
    "paused",
    "checking",
    "metadata",
    "connecting",
    "buffering",
    "ready",
    "playing",
    "waiting",
    "finished",
)
PATIENCE = 0.5
"""A shorter wait of a playing reader is no state of its own: one that is served as pieces arrive waits all the time."""
MIN_RATE = 1024.0
"""Below this nothing is said about when it will play: requests and protocol overhead alone make such rates."""
SMOOTHING = 3.0
"""Time constant of ``smooth``: long against the bursts of single pieces, short against a swarm that changes."""


class PeerFacts(NamedTuple):
    """One connected peer, with regard to the piece that is waited for."""

    has_piece: bool
    choked: bool
    """The peer does not let us download."""


class Sample(Struct, frozen=True):
    """What is known of one torrent's stream at one moment.

    ``phase`` is the engine's (``Stats.phase``). ``failed`` says why the torrent cannot go on; ``disk_error`` a disk
    that cannot be written or read now. ``paused``: the torrent is stopped; ``player_paused``: only the player is.
    ``checked`` is the share of the data that was hashed while checking. ``needed_bytes`` are still missing before a
    player would start (0: it would start now). ``waiting_piece`` is what the most urgent reader waits for, ``waited``
    for how long a reader (or, before the metadata, the user) has waited. ``facts`` is None while not asked for.
    ``down_rate`` should be smoothed; ``bitrate`` is 0 while unknown.
    """

    phase: str
    peers: int = 0
    seeds: int = 0
    down_rate: float = 0.0
    bitrate: float = 0.0
    paused: bool = False
    player_paused: bool = False
    playing: bool = False
    waiting_piece: int | None = None
    waited: float = 0.0
    buffered_bytes: int = 0
    needed_bytes: int = 0
    facts: tuple[PeerFacts, ...] | None = None
    checked: float = 0.0
    disk_error: str = ""
    failed: str = ""


class Health(Struct, frozen=True):
    """``state`` is one of ``STATES``; ``reason`` one of ``events.WAIT_REASONS``, None while nothing is waited for.

    ``detail`` is the reason in words, or what failed. ``time_to_playable`` is 0 when a player would start now and None
    when it cannot be told, ``buffered_seconds`` None while the bitrate is unknown.
    """

    state: str
    reason: str | None
    detail: str
    time_to_playable: float | None
    buffered_seconds: float | None


class _Reason(NamedTuple):
    word: str
    detail: str


def assess(sample: Sample) -> Health:
    """The stream's health. Costs O(peer facts)."""
    buffered = sample.buffered_bytes / sample.bitrate if sample.bitrate > 0 else None
    if sample.failed:
        return Health("failed", None, sample.failed, None, buffered)
    reason = _reason(sample) if _waits(sample) else None
    word, detail = reason or (None, "")
    return Health(_state(sample, word), word, detail, _time_to_playable(sample, word), buffered)


def smooth(old: float, measured: float, seconds: float) -> float:
    """An exponential mean: ``old`` after ``seconds`` in which ``measured`` was the rate."""
    if seconds <= 0:
        return old
    return measured + (old - measured) * math.exp(-seconds / SMOOTHING)


def _waits(sample: Sample) -> bool:
    """Whether somebody waits: a reader for longer than it may, or the user for the video to become playable."""
    if sample.playing:
        return sample.waiting_piece is not None and sample.waited >= PATIENCE
    return sample.needed_bytes > 0 or sample.waiting_piece is not None or sample.phase in ("metadata", "checking")


def _state(sample: Sample, reason: str | None) -> str:
    if reason in ("paused", "checking"):
        return reason
    if reason is not None and sample.phase == "metadata":
        return "metadata"
    if reason is not None and not sample.playing:
        return "connecting" if reason == "no_peers" and not sample.buffered_bytes else "buffering"
    if reason is not None:
        return "waiting"
    if sample.playing:
        return "paused" if sample.player_paused else "playing"
    return "finished" if sample.phase in ("finished", "seeding") else "ready"


def _reason(sample: Sample) -> _Reason:
    """The first thing that stands in the way."""
    waited = _seconds(sample.waited)
    if sample.paused:
        return _Reason("paused", "paused: nothing is fetched until it is resumed")
    if sample.phase == "checking":
        return _Reason("checking", f"checking the data on disk: {_percent(sample.checked)} done")
    if sample.disk_error:
        return _Reason("disk", f"the disk: {sample.disk_error}")
    if sample.peers == 0 and sample.down_rate < MIN_RATE:  # web seeds deliver without being peers
        return _Reason("no_peers", f"looking for peers: none answered yet, waiting {waited}")
    if sample.phase == "metadata":
        return _Reason("no_metadata", f"no metadata yet: asked {_count(sample.peers, 'peer')}, waiting {waited}")
    return _piece_reason(sample, waited)


def _piece_reason(sample: Sample, waited: str) -> _Reason:
    """Why a piece is not there although peers are."""
    if sample.waiting_piece is not None and sample.facts:
        piece = f"piece {sample.waiting_piece}"
        owners = [facts for facts in sample.facts if facts.has_piece]
        if not owners:
            return _Reason("piece_unavailable", f"no connected peer has {piece} yet: waiting {waited}")
        if all(facts.choked for facts in owners):
            return _Reason("choked", _choked(len(owners), len(sample.facts), piece, waited))
    elif sample.facts and all(facts.choked for facts in sample.facts):
        return _Reason("choked", _choked(len(sample.facts), len(sample.facts), "", waited))
    return _Reason("slow", _slow(sample, waited))


def _choked(owners: int, peers: int, piece: str, waited: str) -> str:
    who = _count(owners, "peer") + ("" if owners == peers else f" with {piece}")
    verb, one = ("chokes", "it") if owners == 1 else ("choke", "one")
    return f"{who} {verb} us: waiting {waited} for {one} to let us in"


def _slow(sample: Sample, waited: str) -> str:
    what = "the first bytes" if sample.waiting_piece is None else f"piece {sample.waiting_piece}"
    if sample.down_rate < MIN_RATE:
        return f"{what} asked of {_count(sample.peers, 'peer')}: nothing has come yet, waiting {waited}"
    arrives, plays = format_rate(sample.down_rate), format_rate(sample.bitrate)
    if sample.down_rate < sample.bitrate and arrives != plays:
        return f"arrives at {arrives}, the video plays at {plays}"
    return f"{what} on the way at {arrives}: waiting {waited}"


def _time_to_playable(sample: Sample, reason: str | None) -> float | None:
    if sample.phase in ("metadata", "checking"):
        return None
    if sample.needed_bytes <= 0:
        return 0.0
    if reason not in (None, "slow") or sample.down_rate < MIN_RATE:
        return None
    return sample.needed_bytes / sample.down_rate


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0.0):.0f} s"


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.0f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
