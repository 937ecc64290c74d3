from __future__ import annotations

from types import SimpleNamespace

import pytest

from headrace.engine.base import CONNECTING, Peer
from headrace.engine.places import AT_ONCE, Places


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def peer(number: int, *, choked: bool = False, interesting: bool = True, source: str = "tracker") -> Peer:
    return Peer(f"10.0.0.{number}:1", "", 0, 0, choked, interesting, True, 1.0, b"", source)


def heard(places: Places, kind: str, *numbers: int) -> None:
    for number in numbers:
        places.hear(f"{kind}_alert", SimpleNamespace(endpoint=(f"10.0.0.{number}", 1)))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def places(clock: Clock) -> Places:
    """Ten peers, met and asked at once."""
    made = Places(clock)
    made.wished()
    heard(made, "peer_connect", *range(10))
    clock.now += AT_ONCE
    heard(made, "block_downloading", *range(10))
    return made


def test_nothing_is_lost_where_nobody_chokes() -> None:
    assert Places().may_be_left([peer(1), peer(2, choked=True, interesting=False)])


def test_without_anybody_to_ask_there_is_nothing_to_trim(places: Places) -> None:
    assert not places.may_be_left([peer(1, interesting=False), peer(2, choked=True, source=CONNECTING)])


def test_who_had_room_has_it_still(places: Places) -> None:
    assert places.may_be_left([*map(peer, range(10)), peer(77, choked=True)])


def test_who_chokes_all_alone_keeps_what_there_is(places: Places) -> None:
    assert not places.may_be_left([peer(1, choked=True)])


@pytest.mark.parametrize(("late", "trimmed"), [(1, True), (2, False)])
def test_places_that_had_to_be_waited_for_are_kept(places: Places, clock: Clock, late: int, trimmed: bool) -> None:
    again = range(late)
    heard(places, "peer_disconnected", *again)
    heard(places, "peer_connect", *again)
    clock.now += AT_ONCE + 0.1
    heard(places, "block_downloading", *again)
    assert places.may_be_left([*map(peer, range(10)), peer(77, choked=True)]) is trimmed


def test_waiting_begins_when_something_is_wanted(clock: Clock) -> None:
    places = Places(clock)
    heard(places, "peer_connect", 1)
    clock.now += 3600
    places.wished()
    places.wished()
    clock.now += 1
    heard(places, "block_downloading", 1, 2)
    assert places.may_be_left([peer(1), peer(77, choked=True)])


def test_after_the_start_nothing_more_is_noted(clock: Clock) -> None:
    places = Places(clock)
    places.may_be_left([])
    heard(places, "peer_connect", 1)
    heard(places, "block_downloading", 1)
    assert not places.may_be_left([peer(1), peer(77, choked=True)])
