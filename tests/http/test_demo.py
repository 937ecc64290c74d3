"""The demo over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable

from msgspec.structs import replace

from headrace.core.events import Demo
from headrace.errors import EngineError


class Exhibit:
    """Does as it is told."""

    def __init__(self, lacks: str = "") -> None:
        self.state, self.lacks, self.begun = Demo(), lacks, 0
        self.subscribers: list[Callable[[Demo], None]] = []

    def subscribe(self, subscriber: Callable[[Demo], None]) -> Callable[[], None]:
        self.subscribers.append(subscriber)
        return lambda: None

    def tell(self, **fields: object) -> None:
        self.state = replace(self.state, **fields)
        for subscriber in self.subscribers:
            subscriber(self.state)

    async def begin(self) -> None:
        self.begun += 1
        if self.lacks:
            raise EngineError(f"FFmpeg lacks {self.lacks}.", "Install it.", kind="missing")
        if self.state.state == "none":
            self.tell(state="making")


async def test_it_is_begun_and_told(world, v1):
    exhibit = Exhibit()
    await world.start(exhibit=exhibit)
    none = await world.ask("GET", "/api/v1/demo")
    assert (none.status, json.loads(none.body)["state"]) == (200, "none")
    listener = await world.connect()
    await listener.send("GET", "/api/v1/events")
    await listener.head()
    assert (await world.ask("POST", "/api/v1/demo")).status == 202
    told = await listener.reader.readuntil(b'"making", "share": 0.0')
    assert b"event: demo\n" in told
    exhibit.tell(state="ready", share=1.0, infohash=v1)
    reply = await world.ask("POST", "/api/v1/demo")
    assert reply.status == 200
    assert json.loads(reply.body) == {"state": "ready", "share": 1.0, "infohash": v1, "message": "", "hint": ""}


async def test_what_lacks_is_said(world):
    await world.start(exhibit=Exhibit("everything"))
    reply = await world.ask("POST", "/api/v1/demo")
    assert reply.status == 503
    assert json.loads(reply.body)["error"] == {
        "kind": "missing",
        "message": "FFmpeg lacks everything.",
        "hint": "Install it.",
    }


async def test_who_may_not(world):
    exhibit = Exhibit()
    await world.start(exhibit=exhibit, token="s3cret-s3cret-s3cret")
    assert (await world.ask("POST", "/api/v1/demo")).status == 401
    bearer = "Authorization: Bearer s3cret-s3cret-s3cret"
    assert (await world.ask("POST", "/api/v1/demo", bearer, "Origin: http://evil.test")).status == 403
    assert (await world.ask("GET", "/api/v1/demo")).status == 401
    assert exhibit.begun == 0


async def test_a_server_without_one_has_no_route(world):
    await world.start()
    assert (await world.ask("POST", "/api/v1/demo")).status == 404
    assert (await world.ask("GET", "/api/v1/demo")).status == 404
