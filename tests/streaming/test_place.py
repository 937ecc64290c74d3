from __future__ import annotations

import pytest

from headrace.core.heads import Head
from headrace.streaming.place import HUNGER_SECONDS, Place


def test_what_the_planner_sees() -> None:
    place = Place(3, 100, 900, since=5.0)
    assert place.head(5.0) == Head(3, 100, 900, 5.0, waiting=False, fresh=True, hungry=False)
    place.fresh = False
    assert not place.head(5.0).fresh


@pytest.mark.parametrize(
    ("waiting_since", "waited_until", "now", "seen"),
    [
        (None, -HUNGER_SECONDS, 0.0, (False, False)),  # it has never waited
        (2.0, -HUNGER_SECONDS, 9.0, (True, True)),
        (None, 9.0, 9.0 + HUNGER_SECONDS - 0.01, (False, True)),
        (None, 9.0, 9.0 + HUNGER_SECONDS, (False, False)),
    ],
)
def test_who_waited_a_moment_ago_is_hungry(
    waiting_since: float | None, waited_until: float, now: float, seen: tuple[bool, bool]
) -> None:
    place = Place(1, 0, 10, since=0.0, waiting_since=waiting_since, waited_until=waited_until)
    head = place.head(now)
    assert (head.waiting, head.hungry) == seen


def test_what_was_read_faster_than_it_plays_lies_in_the_player() -> None:
    place = Place(1, 100, 10_000, since=5.0)
    place.position += 500
    assert place.in_player(100.0, 7.0) == 3.0
    assert place.in_player(100.0, 11.0) == 0.0, "it was shown meanwhile"
    place.move(2000, 20.0)
    assert (place.position, place.since, place.fresh) == (2000, 20.0, True)
    assert place.in_player(100.0, 20.0) == 0.0, "a seek empties it"


def test_rates_are_counted_from_its_beginning() -> None:
    place = Place(1, 0, 10, since=7.0)
    place.meter.count(500, 8.0)
    assert place.meter.total == 500
