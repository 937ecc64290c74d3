"""What is known of torrents, as JSON."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.engine.base import CONNECTING, Peer, Peers
from headrace.http.api import bitfield
from headrace.streaming.peers import PeerSample


@given(st.lists(st.booleans(), max_size=40))
def test_bitfield(have):
    found = bitfield(bytearray(have))
    assert len(found) == -(-len(have) // 8)
    bits = [bool(byte & (0x80 >> n)) for byte in found for n in range(8)]
    assert bits[: len(have)] == have
    assert not any(bits[len(have) :])


async def test_before_the_metadata(world, v1, v2):
    world.add([("a.mkv", b"x")], name="Film", known=False)
    server = await world.start()
    found = json.loads((await world.ask("GET", f"/api/v1/torrents/{v2}")).body)
    assert (found["infohash"], found["name"], found["size"], found["selected"]) == (v1, "Film", None, None)
    assert found["infohashes"] == sorted([v1, v2])
    assert found["url"] == server.url(world.torrent, None)
    assert found["phase"] == "metadata"
    files = json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}/files")).body)
    assert files == {"infohash": v1, "metadata": False, "files": []}
    pieces = json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}/pieces")).body)
    assert (pieces["pieces"], pieces["have"]) == (None, "")
    assert pieces["wanted"] == pieces["in_flight"] == pieces["heads"] == []


async def test_after_it(serving, v1, video):
    (found,) = json.loads((await serving.ask("GET", "/api/v1/torrents")).body)["torrents"]
    assert found["size"] == len(video) + 2 + 8
    assert (found["selected"], found["readers"], found["progress"]) == (0, 0, 1.0)
    assert found["playlist_url"].endswith(f"/playlist/{v1}.m3u8")
    assert {"state", "downloaded", "uploaded", "wanted", "down_rate", "peers", "waiting", "duration"} <= set(found)
    files = json.loads((await serving.ask("GET", f"/api/v1/torrents/{v1}/files")).body)["files"]
    assert [(f["index"], f["path"], f["size"], f["kind"]) for f in files][:2] == [
        (0, "film.mkv", len(video), "video"),
        (1, "film.srt", 2, "subtitle"),
    ]
    path = "/" + files[1]["url"].split("/", 3)[3]
    assert (await serving.ask("GET", path)).body == b"1\n"


async def test_pieces_tiers_and_heads(world, v1, video):
    world.add([("film.mkv", video)])
    world.verify(0)
    world.handle.flying = (2, 3)
    await world.start()
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x", "Range: bytes=131072-")
    await wire.head()
    await world.until(lambda: any(place.waiting_since for place in world.torrent.conductor.places.values()))
    found = json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}/pieces")).body)
    assert base64.b64decode(found["have"]) == b"\x80"
    assert (found["pieces"], found["in_flight"]) == (4, [2, 3])
    assert {"piece": 2, "tier": 1} in found["wanted"]
    assert all(entry["piece"] != 0 for entry in found["wanted"])
    (head,) = found["heads"]
    assert (head["piece"], head["position"], head["waiting"], head["aside"]) == (2, 131072, True, False)


async def test_a_head_at_the_very_end_is_in_the_last_piece(world, v1):
    torrent = world.add([("film.mkv", bytes(128 * 1024))])
    world.verify()
    await world.start()
    async with torrent.files[0].open(128 * 1024):
        found = json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}/pieces")).body)
    assert [head["piece"] for head in found["heads"]] == [1]


SEED = Peer("10.0.0.1:9", "qBittorrent 5", 300_000, 10, False, True, True, 1.0, b"", "tracker")
LEECH = Peer("[2001:db8::1]:9", "\x1b[31m<b>\udcff", 5, 0, True, False, False, 1 / 3, b"\1\0", "pex")


async def test_peers_as_they_are_now(serving, v1):
    serving.meet(LEECH, SEED, LEECH._replace(address="10.0.0.7:1", source=CONNECTING))
    reply = await serving.ask("GET", f"/api/v1/torrents/{v1}/peers")
    found = json.loads(reply.body)
    assert found == {
        "infohash": v1,
        "connecting": 1,
        "peers": [
            {
                "address": "10.0.0.1:9",
                "client": "qBittorrent 5",
                "down_rate": 300_000,
                "up_rate": 10,
                "choked": False,
                "interesting": True,
                "seed": True,
                "progress": 1.0,
                "source": "tracker",
            },
            {
                "address": "[2001:db8::1]:9",
                "client": "?[31m<b>?",
                "down_rate": 5,
                "up_rate": 0,
                "choked": True,
                "interesting": False,
                "seed": False,
                "progress": 0.3333,
                "source": "pex",
            },
        ],
    }
    serving.meet()
    assert json.loads((await serving.ask("GET", f"/api/v1/torrents/{v1}/peers")).body)["peers"] == []


async def test_an_engine_that_does_not_answer_is_not_waited_for_long(serving, v1, monkeypatch):
    serving.torrent.handle_event(Peers(v1, (SEED,)))
    monkeypatch.setattr(PeerSample.fresh, "__defaults__", (0.05,))
    found = json.loads((await serving.ask("GET", f"/api/v1/torrents/{v1}/peers")).body)
    assert [peer["address"] for peer in found["peers"]] == ["10.0.0.1:9"], "those that it told last"


@pytest.mark.parametrize("tail", ["", "/files", "/pieces", "/peers"])
async def test_an_unknown_torrent(serving, tail):
    reply = await serving.ask("GET", f"/api/v1/torrents/00{tail}")
    assert reply.status == 404
    assert json.loads(reply.body)["error"]["kind"] == "no_torrent"


async def test_answers_are_not_kept_by_anybody(serving):
    reply = await serving.ask("GET", "/api/v1/torrents")
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-type"].startswith("application/json")


async def test_names_that_are_no_unicode(world, v1):
    world.add([("a\udcff.mkv", b"x")], name="b\udcff", known=False)
    await world.start()
    assert json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}")).body)["name"] == "b\udcff"
