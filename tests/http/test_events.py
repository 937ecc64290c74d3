"""Server-sent events."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from headrace.core.events import Cast, Progress, Ready, Warning
from headrace.http import events
from headrace.http.events import Letter, Mailbox


def progress(n=0):
    values = dict.fromkeys(Progress.__struct_fields__)
    return Progress(**values | {"state": "playing", "downloaded": n})


def letters(text):
    return [Letter(n, name == "progress", name.encode() + b"%d" % n) for n, name in enumerate(text)]


async def test_a_mailbox_gives_all_that_came_in_order():
    box = Mailbox()
    for letter in letters(["ready", "progress"]):
        box.put(letter)
    assert await box.take() == [b"ready0", b"progress1"]


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        (["ready", "progress", "error"], [b"ready0", b"progress1", b"error2"]),
        (["ready", "progress", "error", "ready"], [b"ready0", b"error2", b"ready3"]),
        (["progress", "ready", "progress", "progress"], [b"ready1", b"progress2", b"progress3"]),
        (["ready", "error", "ready", "error"], [b"error1", b"ready2", b"error3"]),
    ],
)
async def test_a_full_mailbox_loses_the_oldest_progress_first(came, kept):
    box = Mailbox(3)
    for letter in letters(came):
        box.put(letter)
    assert await box.take() == kept


async def test_a_mailbox_wakes_who_waits_and_ends():
    box = Mailbox()
    waiting = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    box.put(Letter(1, False, b"a"))
    assert await waiting == [b"a"]
    box.put(Letter(2, False, b"b"))
    box.close()
    assert await box.take() == [b"b"]
    assert await box.take() is None


async def test_what_is_said_late_is_made_when_it_is_taken():
    box = Mailbox()
    texts = iter([b"first", b"second"])
    box.call(lambda: next(texts))
    box.call(lambda: next(texts))
    box.put(Letter(1, False, b"letter"))
    assert await box.take() == [b"letter", b"first"]
    box.call(lambda: next(texts))
    box.close()
    assert await box.take() == [b"second"]
    assert await box.take() is None


class Stream:
    """A client of server-sent events, after the rules of the HTML standard."""

    def __init__(self, wire):
        self.wire = wire
        self.buffer = b""

    async def block(self):
        """The next block of lines."""
        while b"\n\n" not in self.buffer:
            size = int(await asyncio.wait_for(self.wire.reader.readline(), 60), 16)
            self.buffer += await self.wire.body(size)
            assert await self.wire.body(2) == b"\r\n"
            if not size:
                return None
        block, _, self.buffer = self.buffer.partition(b"\n\n")
        return dict(line.split(": ", 1) for line in block.decode().split("\n"))


async def listen(world, *headers, path="/api/v1/events"):
    wire = await world.connect()
    await wire.send("GET", path, *headers)
    reply = await wire.head()
    stream = Stream(wire)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    assert await stream.block() == {"retry": "2000"}
    return stream


async def test_each_note_is_an_event(world, v1):
    torrent = world.add([("a.mkv", b"x")])
    await world.start(uptime=lambda: 12.34567)
    stream = await listen(world)
    torrent.say(Ready(500))
    torrent.say(Warning("hash", "two\nlines \u2028 é"))
    first, second = await stream.block(), await stream.block()
    assert first["event"] == "ready"
    assert json.loads(first["data"]) == {"event": "ready", "t": 12.346, "infohash": v1, "buffered_bytes": 500}
    assert list(json.loads(first["data"]))[:3] == ["event", "t", "infohash"]
    assert json.loads(second["data"])["message"] == "two\nlines \u2028 é"
    assert first["id"] != second["id"]


async def test_two_clients_hear_the_same(world):
    torrent = world.add([("a.mkv", b"x")])
    await world.start()
    streams = [await listen(world), await listen(world)]
    torrent.say(Ready(1))
    blocks = [await stream.block() for stream in streams]
    assert blocks[0] == blocks[1]


async def test_who_comes_back_gets_what_it_missed_but_no_old_progress(world):
    torrent = world.add([("a.mkv", b"x")])
    await world.start()
    stream = await listen(world)
    torrent.say(Ready(1))
    seen = (await stream.block())["id"]
    stream.wire.close()
    torrent.say(progress())
    torrent.say(Ready(2))
    again = await listen(world, f"Last-Event-ID: {seen}")
    other = await listen(world, path=f"/api/v1/events?last={seen}")  # a page that begins a new stream has no header
    torrent.say(Ready(3))
    for stream in (again, other):
        blocks = [await stream.block() for _ in range(2)]
        assert [json.loads(block["data"])["buffered_bytes"] for block in blocks] == [2, 3]
    both = await listen(world, f"Last-Event-ID: {blocks[-1]['id']}", path=f"/api/v1/events?last={seen}")
    torrent.say(Ready(4))
    assert json.loads((await both.block())["data"])["buffered_bytes"] == 4


async def test_who_comes_back_hears_of_devices_what_is_said_once(world):
    torrent = world.add([("a.mkv", b"x")])
    server = await world.start()
    torrent.say(Ready(1))
    seen = (await (await listen(world, "Last-Event-ID: other-1")).block())["id"]
    cast = Cast("c1", "uuid:1", "TV", "dlna", torrent.info_hash, 0)
    for state in ("playing", "paused", "playing", "ended"):
        server._events.tell(replace(cast, state=state))
    again = await listen(world, f"Last-Event-ID: {seen}")
    assert [json.loads((await again.block())["data"])["state"] for _ in range(2)] == ["paused", "ended"]


@pytest.mark.parametrize("last", ["other-9", "9", "x", "-", "other-²"])
async def test_an_id_of_another_run_gets_all_that_is_remembered(world, last):
    torrent = world.add([("a.mkv", b"x")])
    await world.start()
    torrent.say(Ready(1))
    stream = await listen(world, f"Last-Event-ID: {last}")
    assert json.loads((await stream.block())["data"])["event"] == "ready"


async def test_a_quiet_stream_has_a_heartbeat(world, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)
    await world.start()
    stream = await listen(world)
    assert await stream.block() == {"": "still here"}
    assert await stream.block() == {"": "still here"}


async def test_a_gone_client_is_forgotten(world):
    world.add([("a.mkv", b"x")])
    server = await world.start()
    stream = await listen(world)
    assert len(server._events._mailboxes) == 1
    stream.wire.close()
    assert await world.until(lambda: not server._events._mailboxes) < 0.1


async def test_who_does_not_read_holds_nobody_and_little_memory(world, monkeypatch):
    torrent = world.add([("a.mkv", b"x")])
    server = await world.start()
    lazy = await listen(world)
    for n in range(300):
        torrent.say(Warning("long", "x" * 50_000))
        torrent.say(progress(n))
        await asyncio.sleep(0)
    (box,) = server._events._mailboxes
    assert len(box._letters) <= events.MAILBOX
    other = await listen(world)
    torrent.say(Ready(7))
    assert json.loads((await other.block())["data"])["buffered_bytes"] == 7
    began = asyncio.get_running_loop().time()
    await server.aclose()
    assert asyncio.get_running_loop().time() - began < 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(lazy.wire.reader.read(), 60)


async def test_the_stream_ends_politely_with_the_server(world):
    world.add([("a.mkv", b"x")])
    server = await world.start()
    stream = await listen(world)
    began = asyncio.get_running_loop().time()
    await server.aclose()
    assert await stream.block() is None
    assert asyncio.get_running_loop().time() - began < 1


async def test_head_and_http_1_0(world):
    torrent = world.add([("a.mkv", b"x")])
    await world.start()
    reply = await world.ask("HEAD", "/api/v1/events")
    assert reply.headers["content-type"] == "text/event-stream"
    wire = await world.connect()
    await wire.send("GET", "/api/v1/events", version="1.0")
    assert "transfer-encoding" not in (await wire.head()).headers
    torrent.say(Ready(1))
    assert await wire.body(13) == b"retry: 2000\n\n"
    assert (await wire.reader.readline()).startswith(b"id: ")
