from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headrace.players.base import PlayerState
from headrace.players.report import Reporter


class Told:
    def __init__(self) -> None:
        self.now = 0.0
        self.states: list[PlayerState] = []
        self.reporter = Reporter(self.states.append, lambda: self.now)

    def say(self, state: str, position: float | None = None, path: str = "a") -> int:
        """Report at the current time; how many reports have reached the application."""
        self.reporter.report(PlayerState(state, position, 100.0, path))
        return len(self.states)


def test_a_position_that_moves_on_is_told_about_once_a_second() -> None:
    told = Told()
    counts = []
    for frame in range(51):
        told.now = frame / 10
        counts.append(told.say("playing", frame / 10))
    assert counts[0] == 1
    assert counts[9] == 1
    assert counts[10] == 2
    assert counts[-1] == 6
    assert told.reporter.last.position == 5.0


def test_each_change_of_state_is_told_at_once() -> None:
    told = Told()
    assert [told.say("starting"), told.say("playing", 0.0), told.say("paused", 0.1), told.say("paused", 0.1)] == [
        1,
        2,
        3,
        3,
    ]


def test_a_seek_is_told_at_once() -> None:
    told = Told()
    assert [
        told.say("playing", 10.0),
        told.say("playing", 10.1),
        told.say("playing", 50.0),
        told.say("playing", 3.0),
    ] == [1, 1, 2, 3]


def test_the_end_keeps_the_newest_position_even_if_it_was_not_told() -> None:
    told = Told()
    told.say("playing", 10.0)
    told.say("playing", 10.9)
    told.reporter.report(PlayerState("ended"))
    assert told.states[-1] == PlayerState("ended", 10.9, 100.0, "a")
    told.reporter.report(PlayerState("ended"))
    assert len(told.states) == 2


def test_the_end_of_another_file_takes_no_position_from_this_one() -> None:
    told = Told()
    told.say("playing", 10.0)
    told.reporter.report(PlayerState("failed", path="b", detail="torn"))
    assert told.states[-1] == PlayerState("failed", None, None, "b", "torn")


async def test_a_mistake_in_the_callback_is_seen_and_ends_nothing() -> None:
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context))

    def broken(state: PlayerState) -> None:
        raise ZeroDivisionError

    reporter = Reporter(broken, lambda: 0.0)
    reporter.report(PlayerState("playing"))
    assert isinstance(seen[0]["exception"], ZeroDivisionError)
    assert reporter.last.state == "playing"


@pytest.mark.parametrize("state", ["ended", "failed"])
def test_an_end_before_anything_was_known(state: str) -> None:
    told = Told()
    told.reporter.report(PlayerState(state))
    assert told.states == [PlayerState(state)]
