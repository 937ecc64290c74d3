from __future__ import annotations

import asyncio

import pytest

from headrace.casting.base import Device, OnStatus, Show, Status
from headrace.errors import PlayerError
from headrace.players import cast
from headrace.players.base import PlayerState, check_device, is_device, launch

KITCHEN = Device("a1", "Kitchen", "chromecast", "10.0.0.1:8009")
SHOW = Show("http://10.0.0.2/x", "Film", "video/mp4")
PATH = "http://10.0.0.2/stream/x/0/Film.mp4"


class Fake:
    """A caster that does what it is told at once."""

    device = KITCHEN

    def __init__(self, tell: OnStatus) -> None:
        self.tell, self.did = tell, []  # type: tuple[OnStatus, list[str]]
        self.hangs = False
        self.refuses = False

    async def load(self, show: Show) -> None:
        if self.refuses:
            raise PlayerError("No.", kind="refused")
        self.did.append("load")
        self.tell(Status("starting"))

    async def play(self) -> None:
        self.did.append("play")

    async def pause(self) -> None:
        self.did.append("pause")

    async def seek(self, seconds: float) -> None:
        if self.refuses:
            raise PlayerError("No.", kind="refused")
        self.did.append(f"seek {seconds}")

    async def set_volume(self, level: float) -> None:
        self.did.append("volume")

    async def set_muted(self, muted: bool) -> None:
        self.did.append("muted")

    async def stop(self) -> None:
        self.did.append("stop")
        if self.hangs:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.did.append("close")


@pytest.fixture
def states() -> list[PlayerState]:
    return []


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake(lambda status: None)

    async def connect(device: Device, tell: OnStatus) -> Fake:
        made.tell = tell
        return made

    monkeypatch.setattr(cast, "connect", connect)
    return made


async def test_its_states_are_a_players(fake: Fake, states: list[PlayerState]) -> None:
    player = await cast.start(KITCHEN, SHOW, PATH, states.append)
    fake.tell(Status("playing", 5.0, 60.0, 0.5, False))
    fake.tell(Status("ended", 60.0, 60.0))
    assert await player.wait() == 0
    assert [(s.state, s.position) for s in states] == [("starting", None), ("playing", 5.0), ("ended", 60.0)]
    assert {s.path for s in states} == {PATH}, "positions are the stream's, whatever form was sent"
    assert fake.did == ["load", "close"]
    assert not await player.seek(3.0)


async def test_a_failure_is_raised_where_its_end_is_awaited(fake: Fake, states: list[PlayerState]) -> None:
    player = await cast.start(KITCHEN, SHOW, PATH, states.append)
    fake.tell(Status("failed", detail="Kitchen does not answer any more", kind="device_gone"))
    with pytest.raises(PlayerError, match="does not answer any more") as failed:
        await player.wait()
    assert failed.value.kind == "device_gone"
    assert states[-1].state == "failed"


async def test_a_cancelled_wait_stops_it_once(fake: Fake, states: list[PlayerState]) -> None:
    player = await cast.start(KITCHEN, SHOW, PATH, states.append)
    waiting = asyncio.ensure_future(player.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(player.stop(), waiting, return_exceptions=True)
    assert fake.did == ["load", "stop", "close"]
    assert states[-1].state == "ended"


async def test_a_device_that_does_not_stop_is_let_go(
    fake: Fake, states: list[PlayerState], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cast.CastPlayer, "stopped_within", 0.01)
    fake.hangs = True
    player = await cast.start(KITCHEN, SHOW, PATH, states.append)
    await player.stop()
    assert fake.did[-1] == "close"


async def test_seeking(fake: Fake, states: list[PlayerState]) -> None:
    player = await cast.start(KITCHEN, SHOW, PATH, states.append)
    assert await player.seek(7.0)
    assert fake.did[-1] == "seek 7.0"
    fake.refuses = True
    assert not await player.seek(7.0)
    assert not await player.add_subtitles(["x"])


async def test_one_that_refuses_is_let_go(fake: Fake, states: list[PlayerState]) -> None:
    fake.refuses = True
    with pytest.raises(PlayerError, match="No"):
        await cast.start(KITCHEN, SHOW, PATH, states.append)
    assert fake.did == ["close"]


def test_what_a_device_cannot_do() -> None:
    assert is_device("cast:Kitchen")
    assert not is_device("mpv")
    check_device("cast")
    with pytest.raises(PlayerError, match="--all"):
        check_device("cast", playlist=True)
    with pytest.raises(PlayerError, match="--"):
        check_device("cast", arguments=("--fs",))


async def test_only_play_has_what_it_needs() -> None:
    from headrace.players.base import Media

    with pytest.raises(PlayerError, match="Only play"):
        await launch("cast:Kitchen", Media("http://x"), lambda state: None)
