"""The stream map: whole first, then steps, at most so many, and never wrong."""

from __future__ import annotations

import asyncio
import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.http.maps import MapFeed, runs

PIECES = 20


class Client:
    """A feed whose steps a test takes when it likes; ``have`` is what it would draw."""

    def __init__(self, world, info_hash):
        self.woken = asyncio.Event()
        self.feed = MapFeed(world.torrents, info_hash, self.woken.set)
        self.have = set()

    async def step(self):
        await asyncio.wait_for(self.woken.wait(), 60)
        self.woken.clear()
        return self.take()

    def take(self):
        step = self.feed.step()
        if step is not None and step["whole"]:
            bits = base64.b64decode(step["have"])
            self.have = {n for n in range(step["pieces"]) if bits[n >> 3] >> (7 - (n & 7)) & 1}
        elif step is not None:
            self.have |= {n for start, count in step["came"] for n in range(start, start + count)}
        return step


@pytest.fixture
def film(world):
    return [("film.mkv", bytes(64 * 1024 * PIECES))]


async def test_whole_then_steps(world, film, v1):
    world.add(film)
    client = Client(world, v1)
    first = await client.step()
    assert first["whole"]
    assert (first["pieces"], first["piece_length"], first["heads"]) == (PIECES, 65536, [])
    assert first["index"] == [[0, 1], [0, 4096]]  # the head of the file, to see what it is
    assert client.take() is None
    world.torrents.dispatch([])
    world.handle.have[3:6] = b"\1\1\1"
    world.handle.have[9] = 1
    assert client.take()["came"] == [[3, 3], [9, 1]]
    assert client.have == {3, 4, 5, 9}
    client.feed.close()


async def test_readers_and_wishes(world, film, v1):
    torrent = world.add(film)
    client = Client(world, v1)
    await client.step()
    async with torrent.files[0].open(100_000) as reader:
        step = client.take()
        assert [(head["position"], head["waiting"]) for head in step["heads"]] == [(100_000, False)]
        assert not step["whole"]
        assert step["came"] == []
        assert step["in_flight"] == []
        assert any(start <= 1 < start + count for start, count, _ in step["wanted"])
        waiting = asyncio.create_task(reader.read(1))
        await asyncio.sleep(0)
        assert client.take()["heads"][0]["waiting"]
        waiting.cancel()
    assert client.take()["heads"] == []
    client.feed.close()


async def test_a_lost_piece_makes_it_whole_again(world, film, v1):
    world.add(film)
    world.verify()
    client = Client(world, v1)
    await client.step()
    world.handle.have[7] = 0
    step = client.take()
    assert step["whole"]
    assert client.have == set(range(PIECES)) - {7}
    client.feed.close()


async def test_before_the_metadata_and_before_the_torrent(world, film, v1, v2):
    client = Client(world, v2.upper())
    assert await client.step() is None
    world.add(film, known=False)
    assert client.take() is None
    world.know()
    assert client.take()["whole"]
    client.feed.close()


async def test_engine_events_wake_but_not_too_often(world, film, v1):
    from headrace.engine.base import BlockArrived, PiecesReady

    world.add(film)
    client = Client(world, v1)
    loop = asyncio.get_running_loop()
    await client.step()
    began = loop.time()
    for piece in range(PIECES):
        world.handle.have[piece] = 1
        world.torrents.dispatch([PiecesReady(v1, (piece,))])
    assert not client.woken.is_set()
    await client.step()
    assert loop.time() - began > 0.2
    assert client.have == set(range(PIECES))
    world.torrents.dispatch([BlockArrived(v1, 0, 0, False)])
    assert client.feed._timer is None
    client.feed.close()
    world.torrents.dispatch([PiecesReady(v1, (0,))])
    assert client.feed._timer is None


async def test_a_client_of_the_event_stream(serving, v1):
    wire = await serving.connect()
    await wire.send("GET", f"/api/v1/events?map={v1.upper()}")
    assert (await wire.head()).status == 200
    text = b""
    while b"event: map" not in text or not text.endswith(b"\n\n"):
        size = int(await asyncio.wait_for(wire.reader.readline(), 60), 16)
        text += await wire.body(size)
        await wire.body(2)
    data = json.loads(text.split(b"event: map\ndata: ")[1].split(b"\n\n")[0])
    assert data["infohash"] == v1
    assert data["whole"]
    assert b"id:" not in text.split(b"event: map")[1]
    assert len(serving.torrents._observers) == 1
    wire.close()
    await serving.until(lambda: not serving.torrents._observers)


@given(st.sets(st.integers(0, 30)))
def test_runs(numbers):
    found = list(runs(sorted(numbers)))
    assert {n for start, count in found for n in range(start, start + count)} == numbers
    assert all(a + count < b for (a, count), (b, _) in pairwise(found))
