from __future__ import annotations

from headrace.casting.base import Status
from headrace.casting.ticking import Clockwork
from headrace.testing.clock import run


def test_positions_follow_from_the_clock() -> None:
    told: list[Status] = []

    async def main() -> None:
        import asyncio

        clock = Clockwork(told.append)
        clock.begin(5.0, None)
        clock.hear("playing", 5.0, 8.0)
        await asyncio.sleep(2.5)
        clock.hear("paused", None, None)
        await asyncio.sleep(10)
        clock.hear("playing", None, None)
        await asyncio.sleep(10)
        clock.finish()
        clock.hear("playing", 1.0, None)
        await asyncio.sleep(5)

    run(main())
    assert [(s.state, s.position) for s in told[:6]] == [
        ("starting", None),
        ("playing", 5.0),
        ("playing", 6.0),
        ("playing", 7.0),
        ("paused", 7.5),
        ("playing", 7.5),
    ]
    assert max(s.position or 0.0 for s in told) == 8.0, "never behind the end"
    assert (told[-1].state, told[-1].position, told[-1].duration) == ("ended", 8.0, 8.0), "and nothing after it"


def test_the_volume_is_told_when_it_changes() -> None:
    told: list[Status] = []

    async def main() -> None:
        clock = Clockwork(told.append, ticks=False)
        clock.loud(0.5, False)
        clock.begin(0.0, None)
        clock.loud(0.5, False)
        clock.loud(0.2, True)
        clock.end(Status("failed", detail="gone", kind="device_gone"))
        clock.loud(0.9, False)

    run(main())
    assert [(s.state, s.volume, s.muted) for s in told] == [
        ("starting", 0.5, False),
        ("starting", 0.2, True),
        ("failed", 0.2, True),
    ]
