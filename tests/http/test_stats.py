"""Figures of all that goes on."""

from __future__ import annotations

import json

from headrace.engine.base import Stats


async def test_nothing_goes_on(world):
    await world.start(uptime=lambda: 12.3456)
    found = json.loads((await world.ask("GET", "/api/v1/stats")).body)
    assert found == {
        **{"uptime": 12.346, "torrents": 0, "down_rate": 0, "up_rate": 0, "downloaded": 0, "uploaded": 0},
        **{"peers": 0, "readers": 0, "held": [], "heads": []},
    }


async def test_each_head_has_its_rate(world, v1, video):
    torrent = world.add([("notes.nfo", b"n" * 100), ("film.mkv", video)])
    world.verify(0, 1)
    await world.start()
    torrent.handle_event(Stats(v1, "downloading", 5000, 70, 9000, 20, 3, 1))
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/1/x", "Range: bytes=1000-")
    await wire.head()
    await wire.body(64 * 1024)
    await world.until(lambda: any(place.waiting_since for place in torrent.conductor.places.values()))
    found = json.loads((await world.ask("GET", "/api/v1/stats")).body)
    assert (found["torrents"], found["readers"], found["down_rate"], found["peers"]) == (1, 1, 5000, 3)
    (head,) = found["heads"]
    assert (head["infohash"], head["index"], head["position"]) == (v1, 1, 128 * 1024 - 100)
    assert head["bytes"] == 128 * 1024 - 1100
    assert head["rate"] > 10_000
    assert head["waiting"] >= 0
    wire.close()
    await world.until(lambda: world.heads == 0)
    assert json.loads((await world.ask("GET", "/api/v1/stats")).body)["heads"] == []


async def test_who_gives_way_is_told(world, v1, video):
    torrent = world.add([("film.mkv", video)])
    await world.start()
    torrent.set_limits(70_000, 0)
    torrent.hold(50_000)
    assert json.loads((await world.ask("GET", "/api/v1/stats")).body)["held"] == [{"infohash": v1, "rate": 50_000}]
    torrent.hold(0)
    assert json.loads((await world.ask("GET", "/api/v1/stats")).body)["held"] == []


async def test_what_peerflix_tells(serving, v1, video):
    found = json.loads((await serving.ask("GET", "/.json")).body)
    assert set(found) == {
        *("totalLength", "downloaded", "uploaded", "downloadSpeed", "uploadSpeed", "totalPeers", "activePeers", "files")
    }
    assert found["totalLength"] == len(video) + 10
    assert found["files"][0]["name"] == "film.mkv"
    assert found["files"][0]["length"] == len(video)
    path = "/" + found["files"][0]["url"].split("/", 3)[3]
    assert (await serving.ask("HEAD", path)).status == 200


async def test_peerflix_has_one_torrent(world):
    await world.start()
    assert (await world.ask("GET", "/.json")).status == 404
    assert (await world.ask("GET", "/.m3u")).body == b"#EXTM3U\n#PLAYLIST:Headrace\n"


async def test_its_playlist_of_one_file(serving, v1, video):
    reply = await serving.ask("GET", f"/playlist/{v1}.m3u8")
    head, title, about, url = reply.body.decode().splitlines()
    assert (head, title, about) == ("#EXTM3U", "#PLAYLIST:A film", "#EXTINF:-1,film.mkv")
    got = await serving.ask("GET", "/" + url.split("/", 3)[3])
    assert (got.status, got.body) == (200, video)


async def test_its_playlist(serving, v1):
    reply = await serving.ask("GET", "/.m3u")
    assert reply.body == (await serving.ask("GET", f"/playlist/{v1}.m3u8")).body
    assert b"/stream/" in reply.body
