"""Pictures of films over HTTP."""

from __future__ import annotations

import json

import pytest

from headrace.media import testcard


async def test_a_picture_of_what_is_there(world, tmp_path, v1):
    testcard.make(tmp_path / "made.mp4", 2)
    world.add([("film.mp4", (tmp_path / "made.mp4").read_bytes()), ("a.txt", b"x")])
    await world.start()
    path = f"/api/v1/torrents/{v1}/files/main/poster"
    reply = await world.ask("GET", path)
    assert (reply.status, json.loads(reply.body)["error"]["kind"]) == (404, "no_picture")
    assert reply.headers["cache-control"] == "no-store"
    world.verify()
    reply = await world.ask("GET", path)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.body.startswith(b"\xff\xd8\xff")
    assert (await world.ask("GET", f"/api/v1/torrents/{v1}/files/0/poster")).body == reply.body
    assert (await world.ask("GET", f"/api/v1/torrents/{v1}/files/1/poster")).status == 404
    assert world.heads == 0


@pytest.mark.parametrize("index", ["7", "x", "main"])
async def test_no_file_and_no_metadata(world, v1, index):
    world.add([("film.mp4", b"x")], known=False)
    await world.start()
    assert (await world.ask("GET", f"/api/v1/torrents/{v1}/files/{index}/poster")).status == 404
