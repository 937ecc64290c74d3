from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.core import events
from headrace.demo import show as module
from headrace.demo.show import Show
from headrace.errors import PlayerError
from headrace.players.base import PlayerState


class FakeGauge:
    position: float | None = None
    duration: float | None = None


class FakeTorrent:
    def __init__(self) -> None:
        self.monitor, self.error = SimpleNamespace(gauge=FakeGauge()), ""


def a_show(said: list[events.Note]) -> Show:
    loop = asyncio.get_running_loop()
    torrent: Any = FakeTorrent()
    session: Any = None
    return Show(session, torrent, "mpv", loop.time(), said.append)


async def test_a_position_told_before_its_picture_is_not_believed() -> None:
    show = a_show([])
    show.heard(PlayerState("playing", 2.0, 60.0))
    shown = show._wait_for(15.0)
    show.heard(PlayerState("playing", 15.0, 60.0))
    assert not shown.done()
    show.heard(PlayerState("buffering", 15.0, 60.0))
    assert not shown.done()
    show.heard(PlayerState("playing", 15.0, 60.0))
    assert shown.done()


async def test_a_position_that_moves_on_is_believed_and_timed_back() -> None:
    show = a_show([])
    shown = show._wait_for(15.0)
    show.heard(PlayerState("playing", 14.0, 60.0))
    show.heard(PlayerState("playing", 15.1, 60.0))
    assert not shown.done()
    show.heard(PlayerState("playing", 16.0, 60.0))
    assert shown.result() == pytest.approx(asyncio.get_running_loop().time() - 1.0, abs=0.1)


async def test_other_places_are_not_the_wished_one() -> None:
    show = a_show([])
    shown = show._wait_for(15.0)
    show.heard(PlayerState("buffering", 2.0, 60.0))
    for position in (2.0, 14.4, 20.1):
        show.heard(PlayerState("playing", position, 60.0))
    assert not shown.done()


async def test_a_player_that_fails_ends_the_wait() -> None:
    said: list[events.Note] = []
    show = a_show(said)
    shown = show._wait_for(0.0)
    show.heard(PlayerState("starting"))
    show.heard(PlayerState("failed", detail="no codec"))
    with pytest.raises(PlayerError, match="no codec"):
        await show._until(shown)
    assert said == [events.Player("mpv", "starting"), events.Player("mpv", "failed")]


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    show = a_show([])
    with pytest.raises(PlayerError, match="no picture within"):
        await show._until(show._wait_for(0.0))


async def test_what_is_played_counts_and_seeks_do_not() -> None:
    show = a_show([])
    for position in (0.0, 1.0, 2.5, 30.0, 30.5, 15.0):
        show.heard(PlayerState("playing", position, 60.0))
    assert show.played == pytest.approx(3.0)
    assert show._torrent.monitor.gauge.position == 15.0
    assert show._torrent.monitor.gauge.duration == 60.0
