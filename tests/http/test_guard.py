"""Host, token, CORS, methods and errors, over real connections."""

from __future__ import annotations

import json
import logging

import pytest

from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.http.guard import status_of
from headrace.streaming.waits import StreamFailed


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 404),
        (SwarmError("x"), 504),
        (StreamFailed("x"), 503),
        (EngineError("x"), 500),
        (EngineError("x", kind="disk_full"), 507),
        (HeadraceError("x"), 500),
    ],
)
def test_status_of(error, status):
    assert status_of(error) == status


def error_of(reply):
    assert reply.headers["content-type"].startswith("application/json")
    found = json.loads(reply.body)["error"]
    assert set(found) == {"kind", "message", "hint"}
    return found


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("", 200),
        ("localhost", 200),
        ("localhost:1", 200),
        ("LOCALHOST:99999", 200),
        ("[::1]:80", 200),
        ("127.9.9.9", 200),
        ("media.lan:80", 200),
        ("evil.com", 421),
        ("evil.com:8888", 421),
        ("127.0.0.1.evil.com", 421),
        ("localhost@evil.com", 421),
        ("192.168.7.7", 421),
        ("0.0.0.0", 421),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/torrents", "/nowhere"])
async def test_host(world, host, status, path):
    await world.start(allow_hosts=["Media.LAN"])
    reply = await world.ask("GET", path, host=host)
    assert reply.status == (404 if status == 200 and path == "/nowhere" else status)
    if status == 421:
        assert error_of(reply)["kind"] == "host"


async def test_an_options_request_meets_the_host_check_too(serving, v1):
    assert (await serving.ask("OPTIONS", f"/stream/{v1}/0/x", host="evil.com")).status == 421


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://evil.com/healthz", "", 421),
        ("http://evil.com:80/healthz", "localhost", 421),
        ("http://localhost:80/healthz", "evil.com", 421),
        ("http://localhost:80/healthz", "", 200),
    ],
)
async def test_the_target_counts_when_it_is_absolute(world, target, host, status):
    await world.start()
    assert (await world.ask("GET", target, host=host)).status == status


async def test_a_host_header_must_be_there_once(world):
    await world.start()
    assert (await world.ask("GET", "/healthz", host=None)).status == 400
    assert (await world.ask("GET", "/healthz", "Host: localhost")).status == 400
    assert (await world.ask("GET", "/healthz", host="")).status == 200
    assert (await world.ask("GET", "/healthz", host=None, version="1.0")).status == 200


async def test_a_server_by_name_answers_to_it(world):
    world.server = None
    server = await world.start(host="localhost", allow_hosts=["[fd00::1]:80"])
    assert server.url(world.add([("a.mkv", b"x")]), None).startswith(("http://127.0.0.1:", "http://[::1]:"))
    assert (await world.ask("GET", "/healthz", host="[fd00::1]")).status == 200


TOKENS = [
    ("/healthz", (), 200),
    ("/api/v1/torrents", (), 401),
    ("/stream/{v1}/0/x", (), 401),
    ("/playlist/{v1}.m3u8", (), 401),
    ("/nowhere", (), 401),
    ("/api/v1/torrents?token=s3cret", (), 401),
    ("/ui/none/app.js", (), 200),
    ("/stream/{v1}/0/x?token=s3cret", (), 200),
    ("/stream/{v1}/0/x?token=S3cret", (), 401),
    ("/stream/{v1}/0/x?token=", (), 401),
    ("/stream/{v1}/0/x?token=s3cret1", (), 401),
    ("/stream/{v1}/0/x?token=%C3%A9", (), 401),
    ("/api/v1/torrents", ("Authorization: Bearer s3cret",), 200),
    ("/api/v1/torrents", ("Authorization: bearer  s3cret ",), 200),
    ("/api/v1/torrents", ("Authorization: Bearer wrong",), 401),
    ("/api/v1/torrents", ("Authorization: Basic s3cret",), 401),
    ("/api/v1/torrents", ("Authorization: s3cret",), 401),
]


@pytest.mark.parametrize(("path", "headers", "status"), TOKENS)
async def test_token(world, v1, path, headers, status):
    world.add([("a.mkv", b"x")])
    world.verify()
    await world.start(token="s3cret")
    reply = await world.ask("GET", path.format(v1=v1), *headers)
    assert reply.status == status
    if status == 401:
        assert error_of(reply)["kind"] == "token"
        assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
async def test_other_methods(serving, v1, method):
    for path in (f"/stream/{v1}/0/x", "/api/v1/torrents", "/healthz"):
        reply = await serving.ask(method, path, "Content-Length: 0")
        assert reply.status == 405
        assert reply.headers["allow"] == "GET, HEAD, OPTIONS"
        assert error_of(reply)["kind"] == "method"


@pytest.mark.parametrize("path", ["/nowhere", "/hls/x", "/api/v1/torrents/x/y"])
async def test_what_is_not_built_is_absent(serving, path):
    for method in ("GET", "POST", "OPTIONS"):
        reply = await serving.ask(method, path, "Content-Length: 0")
        assert reply.status == 404
        assert error_of(reply)["kind"] == "not_found"


CORS = [
    ("/stream/{v1}/0/x", "", True),
    ("/stream/{v1}/99/x", "", True),
    ("/playlist/{v1}.m3u8", "", True),
    ("/playlist.m3u8", "", False),
    ("/api/v1/torrents", "", False),
    ("/playlist.m3u8?token=t", "t", True),
    ("/api/v1/torrents?token=t", "t", True),
    ("/stream/{v1}/0/x", "t", True),
]


@pytest.mark.parametrize(("path", "token", "is_open"), CORS)
async def test_cors(world, v1, path, token, is_open):
    world.add([("a.mkv", b"x")])
    world.verify()
    await world.start(token=token)
    preflight = ("Origin: https://a.example", "Access-Control-Request-Method: GET")
    for method, headers in (("GET", preflight[:1]), ("HEAD", ()), ("OPTIONS", preflight)):
        reply = await world.ask(method, path.format(v1=v1), *headers)
        assert reply.headers.get("access-control-allow-origin") == ("*" if is_open else None)
    assert reply.status == 204
    assert ("access-control-allow-methods" in reply.headers) is is_open


async def test_a_preflight_of_a_range_request(serving, v1):
    asked = ("Access-Control-Request-Method: GET", "Access-Control-Request-Headers: range,authorization")
    reply = await serving.ask("OPTIONS", f"/stream/{v1}/0/x", "Origin: null", *asked)
    assert reply.status == 204
    assert reply.headers["access-control-allow-headers"] == "range, authorization"
    exposed = reply.headers["access-control-expose-headers"].split(", ")
    assert {"Content-Length", "Content-Range", "Accept-Ranges", "ETag"} <= set(exposed)


@pytest.mark.parametrize(("given", "granted"), [("", None), ("?token=wrong", None), ("?token=t", "true")])
async def test_public_pages_need_the_token_to_reach_into_the_network(world, v1, given, granted):
    world.add([("a.mkv", b"x")])
    await world.start(token="t")
    asked = ("Access-Control-Request-Method: GET", "Access-Control-Request-Private-Network: true")
    reply = await world.ask("OPTIONS", f"/stream/{v1}/0/x{given}", *asked)
    assert reply.status == 204
    assert reply.headers.get("access-control-allow-private-network") == granted


async def test_options_that_are_no_preflight_tell_the_methods(serving):
    reply = await serving.ask("OPTIONS", "/api/v1/torrents")
    assert (reply.status, reply.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_the_server_names_itself_and_not_its_parts(serving, v1):
    for path in ("/healthz", f"/stream/{v1}/0/x", "/nowhere"):
        assert (await serving.ask("GET", path)).headers["server"].startswith("headrace/")


async def test_a_fault_of_ours_is_a_500_without_details(serving, v1, monkeypatch, caplog):
    monkeypatch.setattr(serving.torrents, "get", lambda _: 1 / 0)
    reply = await serving.ask("GET", f"/stream/{v1}/0/x?token=hidden")
    assert reply.status == 500
    assert error_of(reply)["kind"] == "unexpected"
    assert b"ZeroDivision" not in reply.body
    assert "hidden" not in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("raw", [b"GET /x?token=hidden HTTP/9.9.9\r\n\r\n", b"\x16\x03\x01 hidden\r\n\r\n"])
async def test_garbage_leaves_no_secrets_in_the_log(world, caplog, capfd, raw):
    caplog.set_level(logging.DEBUG)
    await world.start(token="hidden")
    wire = await world.connect()
    wire.writer.write(raw)
    assert b" 400 " in await wire.reader.readline()
    assert "hidden" not in caplog.text
    assert "hidden" not in capfd.readouterr().err


async def test_no_token_in_the_log_of_an_ordinary_day(world, v1, caplog):
    caplog.set_level(logging.DEBUG)
    world.add([("a.mkv", b"x")])
    world.verify()
    await world.start(token="hidden")
    for path in (f"/stream/{v1}/0/x?token=hidden", "/nowhere?token=hidden", f"/stream/{v1}/7/x?token=hidden"):
        await world.ask("GET", path)
    assert "hidden" not in caplog.text
