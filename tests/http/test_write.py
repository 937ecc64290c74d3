"""What may be changed over HTTP, and what is refused and changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from headrace.errors import EngineError, InputError
from headrace.http import bodies, write
from headrace.library.records import Position

JSON = "Content-Type: application/json"
HASH = "ab" * 20


class FakeKeeper:
    """Remembers what it was asked for."""

    def __init__(self, world: Any) -> None:
        self.world, self.calls = world, []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def _did(self, *call: Any) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.calls.append(call)

    async def add(self, source: Any, wish: Any) -> Any:
        await self._did("add", source, wish)
        known = len(self.world.torrents) > 0
        return self.world.torrent if known else self.world.add([("a.mkv", b"x")], known=False), not known

    async def remove(self, torrent: Any, *, delete_data: bool) -> None:
        await self._did("remove", delete_data)

    async def change(self, torrent: Any, change: Any) -> None:
        await self._did("change", change)

    async def add_peers(self, torrent: Any, peers: list[str]) -> int:
        await self._did("peers", peers)
        return len(peers)

    def more(self, torrent: Any) -> dict[str, Any]:
        return {"added": 1.5}

    async def position(self, file: Any) -> Any:
        return None

    async def positions(self, torrent: Any) -> list[Position]:
        return [Position(HASH, 1, 90.5, 5000.0, 7.0, False), Position(HASH, 0, 4999.0, 5000.0, 6.0, True)]

    async def set_position(self, file: Any, place: Any) -> Position:
        await self._did("position", place.seconds, place.duration)
        return Position(HASH, file.index, place.seconds, place.duration, 7.0, finished=False)

    def settings(self) -> dict[str, Any]:
        return {"down_limit": 1}

    async def change_settings(self, change: Any) -> None:
        await self._did("settings", change)


@pytest.fixture
async def keeper(world: Any) -> FakeKeeper:
    made = FakeKeeper(world)
    await world.start(keeper=made)
    return made


async def send(world: Any, method: str, path: str, body: Any = None, *headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    wire = await world.connect()
    kind = () if any(h.startswith("Content-Type") for h in headers) else (JSON,)
    wire.writer.write(b"")
    await wire.send(method, path, *kind, *headers, f"Content-Length: {len(data)}")
    wire.writer.write(data)
    reply = await wire.head()
    length = int(reply.headers.get("content-length", "0"))
    reply.body = await wire.body(length) if length else b""
    return reply


def error(reply: Any) -> str:
    return str(json.loads(reply.body)["error"]["kind"])


async def test_adding(world, keeper, v1):
    reply = await send(world, "POST", "/api/v1/torrents", {"source": HASH, "file": 3, "paused": True})
    assert (reply.status, reply.headers["location"]) == (201, f"/api/v1/torrents/{v1}")
    found = json.loads(reply.body)
    assert (found["infohash"], found["added"], found["size"]) == (v1, 1.5, None)
    ((_, source, wish),) = keeper.calls
    assert (source, wish.selector, wish.paused) == (HASH, "3", True)
    again = await send(world, "POST", "/api/v1/torrents", {"source": HASH})
    assert again.status == 200
    assert keeper.calls[1][2].selector == ""


async def test_adding_a_torrent_file(world, keeper):
    path = "/api/v1/torrents?file=S01E02&paused=true&tracker=http://a/&tracker=http://b/&peer=1.2.3.4:5"
    reply = await send(world, "POST", path, b"d4:infode", "Content-Type: application/x-bittorrent")
    assert reply.status == 201
    ((_, source, wish),) = keeper.calls
    assert (source, wish.file, wish.paused) == (b"d4:infode", "S01E02", True)
    assert (wish.trackers, wish.peers) == (["http://a/", "http://b/"], ["1.2.3.4:5"])


FORM = "Content-Type: multipart/form-data; boundary=cut"
TORRENT = b"d4:infode\r\n--cu\r\n\xff\x00\n"


def form(**fields: bytes | str | list[str]) -> bytes:
    """Bytes are a file, texts are texts."""
    parts = []
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            file = '; filename="a.torrent"\r\nContent-Type: application/x-bittorrent' if isinstance(each, bytes) else ""
            data = each if isinstance(each, bytes) else each.encode()
            parts.append(
                f'--cut\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
            )
    return b"".join(parts) + b"--cut--\r\n"


async def test_adding_by_a_form(world, keeper, v1):
    body = form(paused="true", torrent=TORRENT, file="S01E02", tracker=["http://a/", "http://b/"], peer="1.2.3.4:5")
    reply = await send(world, "POST", "/api/v1/torrents", body, FORM)
    assert reply.status == 201
    reply = await send(world, "POST", "/api/v1/torrents", form(source=HASH), FORM, "Accept: text/html,*/*;q=0.8")
    assert (reply.status, reply.headers["location"]) == (303, f"/#/t/{v1}")
    large = b"d" + b"x" * 3_000_000
    assert (await send(world, "POST", "/api/v1/torrents", form(torrent=large), FORM)).status == 200
    assert keeper.calls.pop()[1] == large
    (_, data, wish), (_, source, _) = keeper.calls
    assert (data, source) == (TORRENT, HASH)
    assert (wish.paused, wish.file, wish.keep) == (True, "S01E02", True)
    assert (wish.trackers, wish.peers) == (["http://a/", "http://b/"], ["1.2.3.4:5"])


@pytest.mark.parametrize(
    ("body", "header", "status", "kind"),
    [
        (form(torrent=TORRENT, paused="perhaps"), FORM, 422, "invalid"),
        (form(paused="true"), FORM, 422, "invalid"),
        (form(source=""), FORM, 422, "invalid"),
        (form(), FORM, 422, "invalid"),
        (form(source=HASH, colour="red"), FORM, 422, "invalid"),
        (form(source=HASH, torrent="text"), FORM, 422, "invalid"),
        (form(torrent=b"d", other=b"d"), FORM, 400, "bad_form"),
        (b"--cut\r\n\r\nx\r\n--cut--\r\n", FORM, 400, "bad_form"),
        (b"no form", FORM, 400, "bad_form"),
        (b"", "Content-Type: multipart/form-data", 400, "bad_form"),
        (form(source=HASH)[:-12], FORM, 400, "bad_form"),
        (b'--cut\r\nContent-Disposition: form-data; name="source"\r\n\r\n\xff\r\n--cut--\r\n', FORM, 400, "bad_form"),
    ],
)
async def test_forms_that_are_wrong_change_nothing(world, keeper, body, header, status, kind):
    reply = await send(world, "POST", "/api/v1/torrents", body, header)
    assert (reply.status, error(reply)) == (status, kind)
    assert keeper.calls == []


async def test_a_form_has_its_bounds_and_its_origin(world, keeper, monkeypatch):
    reply = await send(world, "POST", "/api/v1/torrents", form(source=HASH), FORM, "Origin: http://evil.example")
    assert reply.status == 403
    monkeypatch.setattr(write, "MAX_TORRENT", 2000)
    reply = await send(world, "POST", "/api/v1/torrents", form(torrent=b"x" * 1500, file="y" * 501), FORM)
    assert (reply.status, error(reply)) == (413, "too_large")
    monkeypatch.setattr(bodies, "WITHIN", 0.05)
    wire = await world.connect()
    await wire.send("POST", "/api/v1/torrents", FORM, "Content-Length: 1000")
    wire.writer.write(form(source=HASH)[:30])
    assert (await wire.head()).status == 408
    assert keeper.calls == []


@pytest.mark.parametrize(
    ("path", "body", "header", "status", "kind"),
    [
        ("", {}, JSON, 422, "invalid"),
        ("", {"source": ""}, JSON, 422, "invalid"),
        ("", {"source": 1}, JSON, 422, "invalid"),
        ("", {"source": HASH, "extra": 1}, JSON, 422, "invalid"),
        ("", {"source": HASH, "peers": ["1:1"] * 201}, JSON, 422, "invalid"),
        ("", {"source": HASH, "file": -1}, JSON, 422, "invalid"),
        ("", [], JSON, 422, "invalid"),
        ("", b"", JSON, 400, "bad_json"),
        ("", b'{"source":', JSON, 400, "bad_json"),
        ("", b'{"source": "\xff"}', JSON, 400, "bad_json"),
        ("", b'{"source": "\\ud800"}', JSON, 400, "bad_json"),
        ("", b"source=x", "Content-Type: application/x-www-form-urlencoded", 415, "media_type"),
        ("", b"{}", "Content-Type: text/plain", 415, "media_type"),
        ("?paused=perhaps", b"d", "Content-Type: application/octet-stream", 422, "invalid"),
    ],
)
async def test_what_cannot_be_added_changes_nothing(world, keeper, path, body, header, status, kind):
    reply = await send(world, "POST", f"/api/v1/torrents{path}", body, header)
    assert (reply.status, error(reply)) == (status, kind)
    assert keeper.calls == []


async def test_what_is_wrong_with_a_source_is_told_without_its_secrets(world, keeper):
    keeper.error = InputError("http://t/9f8e7d6c5b4a39281706: no.", "Look.", kind="bad_torrent")
    reply = await send(world, "POST", "/api/v1/torrents", {"source": HASH})
    assert (reply.status, error(reply)) == (422, "bad_torrent")
    assert b"9f8e" not in reply.body
    keeper.error = EngineError("Open elsewhere.", kind="in_use")
    assert (await send(world, "POST", "/api/v1/torrents", {"source": HASH})).status == 409


async def test_bodies_have_their_bounds(world, keeper, monkeypatch):
    monkeypatch.setattr(bodies, "MAX_JSON", 1000)
    monkeypatch.setattr(write, "MAX_TORRENT", 2000)
    reply = await send(world, "POST", "/api/v1/torrents", {"source": "x" * 1000})
    assert (reply.status, error(reply)) == (413, "too_large")
    wire = await world.connect()
    await wire.send("POST", "/api/v1/torrents", "Content-Type: application/x-bittorrent", "Transfer-Encoding: chunked")
    wire.writer.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n3e9\r\n" + b"x" * 1001 + b"\r\n")
    assert (await wire.head()).status == 413
    assert keeper.calls == []


async def test_who_sends_slowly_is_let_go(world, keeper, monkeypatch):
    monkeypatch.setattr(bodies, "WITHIN", 0.05)
    wire = await world.connect()
    await wire.send("POST", "/api/v1/torrents", JSON, "Content-Length: 10")
    wire.writer.write(b"{")
    reply = await wire.head()
    assert reply.status == 408
    assert keeper.calls == []


async def test_so_many_at_once_and_no_more(world, keeper):
    keeper.gate.clear()
    sent = [asyncio.create_task(send(world, "POST", "/api/v1/torrents", {"source": HASH})) for _ in range(9)]
    done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = (task.result() for task in done)
    assert (refused.status, error(refused), refused.headers["retry-after"]) == (429, "busy", "1")
    keeper.gate.set()
    assert sorted(reply.status for reply in await asyncio.gather(*sent)) == [200] * 7 + [201, 429]
    assert (await send(world, "POST", "/api/v1/torrents", {"source": HASH})).status == 200


async def test_removing(world, keeper, v1):
    world.add([("a.mkv", b"x")])
    assert (await send(world, "DELETE", f"/api/v1/torrents/{v1}?data=perhaps")).status == 422
    assert (await send(world, "DELETE", "/api/v1/torrents/00")).status == 404
    assert (await send(world, "DELETE", f"/api/v1/torrents/{v1}")).status == 204
    assert (await send(world, "DELETE", f"/api/v1/torrents/{v1}?data=delete")).status == 204
    assert keeper.calls == [("remove", False), ("remove", True)]


async def test_changing(world, keeper, v1):
    world.add([("a.mkv", b"x")])
    body = {"paused": True, "down_limit": 5, "files": [0]}
    reply = await send(world, "PATCH", f"/api/v1/torrents/{v1}", body)
    assert (reply.status, json.loads(reply.body)["infohash"]) == (200, v1)
    ((_, change),) = keeper.calls
    assert (change.paused, change.down_limit, change.files) == (True, 5, [0])
    for wrong in ({"paused": "yes"}, {"down_limit": -1}, {"up_limit": 1.5}, {"files": [-1]}, {"nothing": 1}):
        assert (await send(world, "PATCH", f"/api/v1/torrents/{v1}", wrong)).status == 422
    assert len(keeper.calls) == 1


async def test_peers(world, keeper, v1):
    world.add([("a.mkv", b"x")])
    reply = await send(world, "POST", f"/api/v1/torrents/{v1}/peers", {"peers": ["127.0.0.1:1", "[::1]:2"]})
    assert json.loads(reply.body) == {"added": 2}
    assert (await send(world, "POST", f"/api/v1/torrents/{v1}/peers", {"peers": []})).status == 422


async def test_positions(world, keeper, v1):
    world.add([("a.mkv", b"x"), ("b.mkv", b"y")])
    path = f"/api/v1/torrents/{v1}/files/1/position"
    nobody = json.loads((await world.ask("GET", path)).body)
    assert nobody == {
        **{"infohash": v1, "index": 1, "seconds": 0.0, "duration": None, "updated": None},
        **{"finished": False, "resume": 0.0},
    }
    reply = await send(world, "PUT", path, {"seconds": 90.5, "duration": 5000})
    found = json.loads(reply.body)
    assert (found["seconds"], found["duration"], found["updated"], found["resume"]) == (90.5, 5000, 7.0, 90.5)
    assert keeper.calls == [("position", 90.5, 5000.0)]
    for wrong in ({"seconds": -1}, {"seconds": "1"}, {"seconds": 1e9}, {}):
        assert (await send(world, "PUT", path, wrong)).status == 422
    assert (await send(world, "PUT", path.replace("/1/", "/7/"), {"seconds": 1})).status == 404
    assert len(keeper.calls) == 1


async def test_positions_of_all_files(world, keeper, v1):
    world.add([("a.mkv", b"x"), ("b.mkv", b"y")])
    found = json.loads((await world.ask("GET", f"/api/v1/torrents/{v1}/positions")).body)
    assert found["infohash"] == v1
    told = [(each["infohash"], each["index"], each["resume"], each["finished"]) for each in found["positions"]]
    assert told == [(v1, 1, 90.5, False), (v1, 0, 0.0, True)]
    assert (await world.ask("GET", f"/api/v1/torrents/{HASH}/positions")).status == 404


async def test_positions_before_the_metadata(world, keeper, v1):
    world.add([("a.mkv", b"x")], known=False)
    reply = await send(world, "PUT", f"/api/v1/torrents/{v1}/files/0/position", {"seconds": 1})
    assert (reply.status, error(reply)) == (409, "no_metadata")


async def test_settings(world, keeper):
    assert json.loads((await world.ask("GET", "/api/v1/settings")).body) == {"down_limit": 1}
    assert (await send(world, "PATCH", "/api/v1/settings", {"max_peers": 7})).status == 200
    assert (await send(world, "PATCH", "/api/v1/settings", {"max_peers": 0})).status == 422
    ((_, change),) = keeper.calls
    assert change.max_peers == 7


async def test_without_a_keeper_nothing_can_be_changed(world, v1):
    world.add([("a.mkv", b"x")])
    await world.start()
    for method, path in (("POST", "/api/v1/torrents"), ("DELETE", f"/api/v1/torrents/{v1}")):
        reply = await send(world, method, path, {})
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_the_methods_of_a_path_are_told(world, keeper, v1):
    reply = await world.ask("OPTIONS", f"/api/v1/torrents/{v1}")
    assert reply.headers["allow"] == "DELETE, GET, HEAD, PATCH, OPTIONS"


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: http://evil.com",),
        ("Origin: null",),
        ("Origin: http://127.0.0.1",),
        ("Origin: http://127.0.0.1:1",),
        ("Origin: garbage",),
        ("Origin: http://evil.com:{port}",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        ("Origin: http://127.0.0.1:{port}", "Origin: http://evil.com"),
        ("Origin: http://evil.com", "Content-Type: text/plain"),
    ],
)
async def test_pages_of_others_change_nothing(world, keeper, v1, headers):
    """CSRF: a page that the user has open elsewhere sends requests here."""
    world.add([("a.mkv", b"x")])
    ours = tuple(header.format(port=world.server.port) for header in headers)
    for method, path in (("POST", "/api/v1/torrents"), ("DELETE", f"/api/v1/torrents/{v1}?data=delete")):
        reply = await send(world, method, path, {"source": HASH}, *ours)
        assert (reply.status, error(reply)) == (403, "origin")
    assert keeper.calls == []


async def test_our_own_page_may(world, keeper):
    own = f"Origin: http://127.0.0.1:{world.server.port}"
    reply = await send(world, "POST", "/api/v1/torrents", {"source": HASH}, own, "Sec-Fetch-Site: same-origin")
    assert reply.status == 201


async def test_rebound_names_change_nothing(world, keeper):
    """DNS rebinding: the page's own name suddenly leads here, so Origin and Host agree."""
    wire = await world.connect()
    body = json.dumps({"source": HASH}).encode()
    origin = f"Origin: http://evil.com:{world.server.port}"
    host = f"evil.com:{world.server.port}"
    await wire.send("POST", "/api/v1/torrents", JSON, origin, f"Content-Length: {len(body)}", host=host)
    wire.writer.write(body)
    assert (await wire.head()).status == 421
    assert keeper.calls == []


async def test_the_description_and_its_page(world, keeper):
    wire = await world.connect()
    await wire.send("GET", "/api/v1/docs", "Accept: text/html")
    reply = await wire.head()
    text = (await wire.body(int(reply.headers["content-length"]))).decode()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "/api/v1/torrents/{infohash}/files" in text
    await wire.send("GET", "/api/v1/openapi.json")
    reply = await wire.head()
    assert json.loads(await wire.body(int(reply.headers["content-length"])))["openapi"] == "3.1.0"
