from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headrace.core.events import WAIT_REASONS
from headrace.core.health import MIN_RATE, PATIENCE, STATES, Health, PeerFacts, Sample, assess, smooth

OPEN_OWNER, CHOKING_OWNER = PeerFacts(True, False), PeerFacts(True, True)
OPEN_OTHER, CHOKING_OTHER = PeerFacts(False, False), PeerFacts(False, True)

samples = st.builds(
    Sample,
    phase=st.sampled_from(["metadata", "checking", "downloading", "finished", "seeding"]),
    peers=st.integers(0, 3),
    seeds=st.integers(0, 3),
    down_rate=st.sampled_from([0.0, MIN_RATE - 1, MIN_RATE, 5e4, 1e6]),
    bitrate=st.sampled_from([0.0, 1e5, 1e6]),
    paused=st.booleans(),
    player_paused=st.booleans(),
    playing=st.booleans(),
    waiting_piece=st.none() | st.integers(0, 2),
    waited=st.sampled_from([0.0, PATIENCE / 2, PATIENCE, 12.0]),
    buffered_bytes=st.integers(0, 2),
    needed_bytes=st.integers(0, 2),
    facts=st.none() | st.lists(st.builds(PeerFacts, st.booleans(), st.booleans()), max_size=3).map(tuple),
    checked=st.floats(0, 1),
    disk_error=st.sampled_from(["", "no space left"]),
    failed=st.sampled_from(["", "removed"]),
)


@given(samples)
def test_words_are_the_documented_ones_and_a_reason_always_has_a_detail(sample: Sample) -> None:
    health = assess(sample)
    assert health.state in STATES
    assert health.reason is None or health.reason in WAIT_REASONS
    assert bool(health.detail) == (health.reason is not None or health.state == "failed")


@given(samples)
def test_states_of_waiting_have_a_reason_and_the_others_none(sample: Sample) -> None:
    health = assess(sample)
    if health.state in ("checking", "metadata", "connecting", "buffering", "waiting"):
        assert health.reason is not None
    if health.state in ("ready", "playing", "finished", "failed"):
        assert health.reason is None


@given(samples)
def test_whoever_waits_long_is_told_why(sample: Sample) -> None:
    sample = replace(sample, failed="", waiting_piece=1, waited=PATIENCE)
    assert assess(sample).reason is not None


@given(samples)
def test_the_estimate_is_zero_only_when_nothing_is_needed(sample: Sample) -> None:
    health = assess(sample)
    if health.time_to_playable is not None:
        assert (health.time_to_playable == 0) == (sample.needed_bytes == 0)
        assert sample.phase not in ("metadata", "checking")
    elif health.state == "playing":
        assert sample.needed_bytes > 0 or sample.phase in ("metadata", "checking")


@given(samples)
def test_a_swarm_that_cannot_deliver_gets_no_estimate(sample: Sample) -> None:
    health = assess(replace(sample, needed_bytes=1, playing=False, phase="downloading"))
    if health.reason != "slow":
        assert health.time_to_playable is None


@given(samples, st.integers(1, 9))
def test_more_rate_never_means_later(sample: Sample, factor: int) -> None:
    sample = replace(sample, down_rate=max(sample.down_rate, MIN_RATE))
    slow, fast = assess(sample), assess(replace(sample, down_rate=sample.down_rate * factor))
    if slow.time_to_playable is not None:
        assert fast.time_to_playable is not None
        assert fast.time_to_playable <= slow.time_to_playable


@given(samples)
def test_peers_that_lack_the_piece_and_are_open_never_hide_that_its_owners_choke(sample: Sample) -> None:
    sample = replace(
        sample, phase="downloading", paused=False, disk_error="", failed="", peers=2, waiting_piece=1, waited=4.0
    )
    assert assess(replace(sample, facts=(CHOKING_OWNER, OPEN_OTHER))).reason == "choked"
    assert assess(replace(sample, facts=(OPEN_OTHER, CHOKING_OTHER))).reason == "piece_unavailable"
    assert assess(replace(sample, facts=(CHOKING_OWNER, OPEN_OWNER))).reason == "slow"


def test_the_order_of_reasons() -> None:
    """Of all that stands in the way the first is named; taking it away names the next."""
    sample = Sample(
        "checking", peers=0, paused=True, disk_error="x", needed_bytes=9, waiting_piece=4, facts=(OPEN_OTHER,)
    )
    cures = [
        {"paused": False},
        {"phase": "metadata"},
        {"disk_error": ""},
        {"peers": 2},
        {"phase": "downloading"},
        {"facts": (CHOKING_OWNER,)},
        {"facts": (OPEN_OWNER,)},
    ]
    reasons = [assess(sample).reason]
    for cure in cures:
        sample = replace(sample, **cure)  # type: ignore[arg-type]
        reasons.append(assess(sample).reason)
    assert reasons == [
        "paused",
        "checking",
        "disk",
        "no_peers",
        "no_metadata",
        "piece_unavailable",
        "choked",
        "slow",
    ]


WAITING = Sample("downloading", peers=5, playing=True, waiting_piece=412, waited=12.2)


@pytest.mark.parametrize(
    ("sample", "reason", "detail"),
    [
        (
            replace(WAITING, facts=(OPEN_OTHER,) * 5),
            "piece_unavailable",
            "no connected peer has piece 412 yet: waiting 12 s",
        ),
        (
            replace(WAITING, facts=(CHOKING_OWNER,) * 5),
            "choked",
            "5 peers choke us: waiting 12 s for one to let us in",
        ),
        (
            replace(WAITING, facts=(CHOKING_OWNER, OPEN_OTHER)),
            "choked",
            "1 peer with piece 412 chokes us: waiting 12 s for it to let us in",
        ),
        (
            replace(WAITING, facts=(CHOKING_OWNER, OPEN_OWNER), down_rate=4e5, bitrate=6e5),
            "slow",
            "arrives at 391 KiB/s, the video plays at 586 KiB/s",
        ),
        (
            replace(WAITING, down_rate=2.9e6, bitrate=6e5),
            "slow",
            "piece 412 on the way at 2.8 MiB/s: waiting 12 s",
        ),
        (
            replace(WAITING, down_rate=599_990, bitrate=6e5),
            "slow",
            "piece 412 on the way at 586 KiB/s: waiting 12 s",
        ),
        (replace(WAITING, down_rate=5e4), "slow", "piece 412 on the way at 48.8 KiB/s: waiting 12 s"),
        (WAITING, "slow", "piece 412 asked of 5 peers: nothing has come yet, waiting 12 s"),
        (replace(WAITING, peers=0), "no_peers", "looking for peers: none answered yet, waiting 12 s"),
        (replace(WAITING, peers=0, down_rate=2e6), "slow", "piece 412 on the way at 1.9 MiB/s: waiting 12 s"),
        (replace(WAITING, disk_error="no space left"), "disk", "the disk: no space left"),
        (replace(WAITING, paused=True), "paused", "paused: nothing is fetched until it is resumed"),
        (Sample("metadata", peers=1, waited=3), "no_metadata", "no metadata yet: asked 1 peer, waiting 3 s"),
        (Sample("checking", checked=0.42), "checking", "checking the data on disk: 42 % done"),
        (
            Sample("downloading", peers=2, needed_bytes=9, facts=(CHOKING_OTHER,) * 2),
            "choked",
            "2 peers choke us: waiting 0 s for one to let us in",
        ),
        (
            Sample("downloading", peers=2, needed_bytes=9, facts=(CHOKING_OTHER, OPEN_OTHER), down_rate=2e6),
            "slow",
            "the first bytes on the way at 1.9 MiB/s: waiting 0 s",
        ),
    ],
)
def test_details_in_plain_words(sample: Sample, reason: str, detail: str) -> None:
    health = assess(sample)
    assert (health.reason, health.detail) == (reason, detail)


@pytest.mark.parametrize(
    ("sample", "state"),
    [
        (Sample("metadata"), "metadata"),
        (Sample("metadata", peers=3), "metadata"),
        (Sample("checking"), "checking"),
        (Sample("downloading", needed_bytes=9), "connecting"),
        (Sample("downloading", needed_bytes=9, buffered_bytes=9), "buffering"),
        (Sample("downloading", needed_bytes=9, peers=1), "buffering"),
        (Sample("downloading", peers=1), "ready"),
        (Sample("downloading", peers=1, playing=True), "playing"),
        (Sample("downloading", peers=1, playing=True, needed_bytes=9), "playing"),
        (Sample("downloading", playing=True, player_paused=True), "paused"),
        (Sample("downloading", peers=1, playing=True, waiting_piece=1, waited=PATIENCE), "waiting"),
        (Sample("downloading", peers=1, playing=True, waiting_piece=1, waited=PATIENCE / 2), "playing"),
        (Sample("downloading", peers=1, waiting_piece=1), "buffering"),
        (Sample("downloading", needed_bytes=9, paused=True), "paused"),
        (Sample("downloading", peers=1, playing=True, paused=True), "playing"),
        (Sample("seeding"), "finished"),
        (Sample("finished"), "finished"),
        (Sample("seeding", playing=True), "playing"),
        (Sample("downloading", failed="removed"), "failed"),
    ],
)
def test_states(sample: Sample, state: str) -> None:
    assert assess(sample).state == state


def test_figures() -> None:
    sample = Sample("downloading", peers=1, needed_bytes=3_000_000, down_rate=1e6, buffered_bytes=4_000_000)
    assert assess(sample).time_to_playable == 3.0
    assert assess(sample).buffered_seconds is None
    assert assess(replace(sample, bitrate=2e6)).buffered_seconds == 2.0
    assert assess(replace(sample, failed="removed")) == Health("failed", None, "removed", None, None)
    assert assess(replace(sample, down_rate=MIN_RATE - 1)).time_to_playable is None
    assert assess(replace(sample, phase="metadata")).time_to_playable is None


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 20), st.floats(0, 20))
def test_smoothing_does_not_depend_on_how_often_it_is_fed(old: float, new: float, first: float, then: float) -> None:
    twice = smooth(smooth(old, new, first), new, then)
    assert twice == pytest.approx(smooth(old, new, first + then), abs=1e-3)
    assert min(old, new) - 1e-3 <= twice <= max(old, new) + 1e-3


def test_smoothing_follows_the_measure() -> None:
    rates = list(itertools.accumulate([8.0] * 30, lambda rate, measured: smooth(rate, measured, 1.0), initial=0.0))
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(8.0, rel=1e-3)
    assert smooth(5.0, 9.0, 0.0) == 5.0
