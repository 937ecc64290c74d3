"""Casting over HTTP, to devices that do as a test says."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from headrace.casting.base import Device
from headrace.casting.names import Wish, pick
from headrace.core.events import Cast
from headrace.errors import InputError, PlayerError

TV = Device("uuid:1", "TV", "dlna", "127.0.0.1:80", "X9", "http://127.0.0.1/secret.xml")
JSON = "Content-Type: application/json"


class Stage:
    def __init__(self) -> None:
        self.shows, self.changes, self.casts, self.subscribers = [], [], {}, []
        self.error: PlayerError | None = None

    def subscribe(self, subscriber):
        self.subscribers.append(subscriber)
        return lambda: None

    def tell(self, cast):
        self.casts[cast.id] = cast
        for subscriber in self.subscribers:
            subscriber(cast)

    async def devices(self):
        if self.error:
            raise self.error
        return [TV]

    async def find(self, name):
        return pick(await self.devices(), Wish(None, name))

    async def begin(self, device, show, file):
        self.shows.append(show)
        cast = Cast("c1", device.id, device.name, device.kind, file.torrent.info_hash, file.index)
        self.tell(cast)
        return cast

    def listed(self):
        return list(self.casts.values())

    async def change(self, name, change):
        if name not in self.casts:
            raise InputError("None.", kind="no_cast_id")
        if self.error:
            raise self.error
        self.changes.append(change)
        return self.casts[name]

    async def stop(self, name):
        if self.casts.pop(name, None) is None:
            raise InputError("None.", kind="no_cast_id")


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
async def film(world, stage):
    world.add([("Film.mkv", b"x" * 1000), ("Film.en.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n")])
    world.verify()
    await world.start(stage=stage)
    return world


async def send(world, method, path, body=None):
    data = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    wire = await world.connect()
    wire.writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{JSON}\r\nContent-Length: {len(data)}\r\n\r\n{data}".encode()
    )
    reply = await wire.head()
    size = int(reply.headers.get("content-length", 0))
    return reply, json.loads(await wire.body(size)) if size else None


async def test_devices(film):
    reply, told = await send(film, "GET", "/api/v1/devices")
    assert reply.status == 200
    assert told == {"devices": [TV.as_dict()]}


async def test_a_film_is_cast_steered_and_ended(film, stage, v1):
    listener = await film.connect()
    await listener.send("GET", "/api/v1/events")
    await listener.head()
    wish = {"device": "tv", "infohash": v1, "start": 12.5}
    reply, told = await send(film, "POST", "/api/v1/cast", wish)
    assert (reply.status, reply.headers["location"]) == (201, "/api/v1/cast/c1")
    assert (told["id"], told["state"], told["index"], told["hls"]) == ("c1", "starting", 0, False)
    (show,) = stage.shows
    assert show.start == 12.5
    assert show.url == f"http://127.0.0.1:{film.server.port}/stream/{v1}/0/Film.mkv"
    assert show.captions.srt.endswith("/s1.srt")
    stage.tell(replace(stage.casts["c1"], state="playing", position=13.0))
    event = await listener.reader.readuntil(b'"position": 13.0')
    assert b"event: cast\n" in event
    _, listed = await send(film, "GET", "/api/v1/cast")
    assert listed["casts"][0]["state"] == "playing"
    reply, told = await send(film, "PATCH", "/api/v1/cast/c1", {"paused": True, "volume": 0.5, "position": 3})
    assert (reply.status, told["id"]) == (200, "c1")
    (change,) = stage.changes
    assert (change.paused, change.volume, change.position) == (True, 0.5, 3.0)
    assert (await send(film, "DELETE", "/api/v1/cast/c1"))[0].status == 204
    assert (await send(film, "DELETE", "/api/v1/cast/c1"))[0].status == 404


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        ({"device": "radio"}, 404, "no_device"),
        ({"device": ""}, 422, "invalid"),
        ({"infohash": "ab" * 20}, 404, "no_torrent"),
        ({"index": 9}, 422, None),
        ({"subtitles": "s9"}, 422, "no_track"),
        ({"start": -1}, 422, "invalid"),
        ({"oops": 1}, 422, "invalid"),
    ],
)
async def test_what_is_wrong_starts_nothing(film, stage, v1, more, status, kind):
    reply, told = await send(film, "POST", "/api/v1/cast", {"device": "tv", "infohash": v1} | more)
    assert reply.status == status
    assert kind in (None, told["error"]["kind"])
    assert stage.shows == []


async def test_without_subtitles(film, stage, v1):
    await send(film, "POST", "/api/v1/cast", {"device": "uuid:1", "infohash": v1, "subtitles": "none"})
    assert stage.shows[0].captions is None


async def test_subtitles_of_ones_own(film, stage, v1):
    """Lent to the device, in the form that it reads; what cannot be read starts nothing."""
    wish = {"device": "tv", "infohash": v1, "captions": "1\n00:00:01,000 --> 00:00:02,000\nMine\n"}
    reply, _ = await send(film, "POST", "/api/v1/cast", wish)
    assert reply.status == 201
    captions = stage.shows[0].captions
    lent = await film.ask("GET", urlsplit(captions.webvtt).path)
    assert lent.body.startswith(b"WEBVTT")
    assert b"Mine" in lent.body
    stage.shows.clear()
    for more in ({"subtitles": "s1"}, {"captions": ""}, {"captions": "no subtitles at all"}):
        reply, told = await send(film, "POST", "/api/v1/cast", wish | more)
        assert (reply.status, bool(told["error"]["message"])) == (422, True)
    assert stage.shows == []


@pytest.mark.parametrize(("kind", "status"), [("device_gone", 410), ("device_busy", 409), ("no_cast", 404), ("x", 409)])
async def test_what_a_device_refuses(film, stage, v1, kind, status):
    await send(film, "POST", "/api/v1/cast", {"device": "tv", "infohash": v1})
    stage.error = PlayerError("No.", kind=kind)
    for method, path, body in (
        ("GET", "/api/v1/devices", None),
        ("PATCH", "/api/v1/cast/c1", {"paused": True}),
        ("POST", "/api/v1/cast", {"device": "tv", "infohash": v1}),
    ):
        reply, told = await send(film, method, path, body)
        assert (reply.status, told["error"]["kind"]) == (status, kind)


@pytest.mark.parametrize("change", [{"volume": 2}, {"volume": "loud"}, {"position": -3}, {"stop": True}])
async def test_changes_are_checked(film, stage, v1, change):
    await send(film, "POST", "/api/v1/cast", {"device": "tv", "infohash": v1})
    assert (await send(film, "PATCH", "/api/v1/cast/c1", change))[0].status == 422
    assert stage.changes == []


async def test_before_the_metadata(world, stage, v1):
    world.add([("Film.mkv", b"x")], known=False)
    await world.start(stage=stage)
    reply, told = await send(world, "POST", "/api/v1/cast", {"device": "tv", "infohash": v1})
    assert (reply.status, told["error"]["kind"]) == (409, "no_metadata")


async def test_a_server_without_a_stage_has_none(serving):
    assert (await serving.ask("GET", "/api/v1/cast")).status == 404
