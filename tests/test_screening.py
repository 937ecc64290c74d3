from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock

import pytest

from headrace.core import events
from headrace.errors import PlayerError
from headrace.players.base import Media, PlayerState, Running
from headrace.players.run import Nobody
from headrace.screening import Film, Screening, Stop
from headrace.settings import Settings

URL = "http://127.0.0.1:1/stream/ab/{}/film.mkv"


class Hall:
    """A screening whose player does nothing but what is told of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.said: list[events.Note] = []
        self.heard: list[PlayerState] = []
        self.started: list[Media] = []
        self.player = AsyncMock(spec=Nobody)
        self.player.seek.return_value = True
        monkeypatch.setattr("headrace.screening.launch", self.launch)
        self.screening = Screening(Settings(**settings), self.said.append, self.heard.append)

    async def launch(self, name: str, media: Media, on_state: Callable[[PlayerState], None]) -> Running:
        self.started.append(media)
        running: Running = self.player
        return running

    async def begin(self, stops: dict[int, Stop], index: int | None = 0) -> None:
        await self.screening.launch(Film(URL.format(index), "film.mkv", index), stops)

    async def tell(self, state: str, position: float | None = None, index: int = 0) -> None:
        self.screening.heard(PlayerState(state, position, 5400.0, URL.format(index)))
        await asyncio.sleep(0)

    def going_on(self) -> list[tuple[int, str, float]]:
        return [(note.index, note.path, note.position) for note in self.said if isinstance(note, events.GoingOn)]

    def seeks(self) -> list[float]:
        return [call.args[0] for call in self.player.seek.call_args_list]


STOPS = {0: Stop("S/1.mkv", 754.0), 1: Stop("S/2.mkv", 90.26), 2: Stop("S/3.mkv", 12.0)}


@pytest.mark.parametrize(
    ("settings", "start", "told"),
    [
        ({}, 754.0, [(0, "S/1.mkv", 754.0)]),
        ({"resume": False}, 0.0, []),
        ({"start": 0.0}, 0.0, []),
        ({"start": 60.0}, 60.0, []),
    ],
)
async def test_where_it_begins(
    monkeypatch: pytest.MonkeyPatch, settings: Any, start: float, told: list[tuple[int, str, float]]
) -> None:
    hall = Hall(monkeypatch, **settings)
    await hall.begin(STOPS)
    assert (hall.started[0].start, hall.going_on()) == (start, told)


async def test_a_file_without_a_place_begins_at_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall(monkeypatch, start=5.0)
    await hall.begin({}, None)
    await hall.begin(STOPS, 9)
    assert [media.start for media in hall.started] == [5.0, 5.0]
    assert hall.going_on() == []


async def test_each_file_of_a_playlist_goes_on_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall(monkeypatch, all=True)
    await hall.begin(STOPS)
    await hall.tell("playing", 754.0)
    await hall.tell("starting")
    await hall.tell("playing", None, 1)
    assert hall.seeks() == []  # nothing is shown of it yet
    await hall.tell("playing", 0.1, 1)
    await hall.tell("playing", 90.3, 1)
    await hall.tell("playing", 8.0, 2)  # as good as there
    await hall.tell("playing", 0.0, 3)
    await hall.tell("playing", 0.0, 1)  # back to it: from its beginning
    assert hall.seeks() == [90.26]
    assert hall.going_on() == [(0, "S/1.mkv", 754.0), (1, "S/2.mkv", 90.3)]
    assert len(hall.heard) == 8


async def test_nothing_goes_on_when_a_start_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall(monkeypatch, all=True, start=60.0)
    await hall.begin(STOPS)
    await hall.tell("playing", 0.1, 1)
    assert (hall.seeks(), hall.going_on()) == ([], [])


async def test_time_played_counts_and_seeks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall(monkeypatch)
    hall.screening.name = "mpv"
    assert hall.screening.verdict(1) == 6
    for state, position in (("playing", 0.0), ("playing", 1.0), ("playing", 2.5), ("playing", 90.0), ("paused", 91.0)):
        await hall.tell(state, position)
    screening = hall.screening
    assert screening.played == pytest.approx(3.5)
    assert (screening.position, screening.duration, screening.state) == (91.0, 5400.0, "paused")
    assert hall.said == [events.Player("mpv", "playing"), events.Player("mpv", "paused")]
    assert (screening.verdict(1), screening.verdict(0)) == (0, 0)


def test_which_player_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall(monkeypatch, player="mpv")
    hall.screening.choose()
    assert (hall.screening.name, hall.screening.may_be_early) == ("mpv", True)
    hall = Hall(monkeypatch, player="mpv", all=True)
    hall.screening.choose()
    assert not hall.screening.may_be_early
    monkeypatch.setattr("headrace.screening.default_player", lambda: "vlc")
    hall = Hall(monkeypatch)
    hall.screening.choose()
    assert (hall.screening.name, hall.screening.may_be_early) == ("vlc", False)
    with pytest.raises(PlayerError, match="mpw"):
        Hall(monkeypatch, player="mpw").screening.choose()
