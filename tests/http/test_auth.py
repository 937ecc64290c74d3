"""The token: where it may stand, and what a login gives for it."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from headrace.http.logins import Derived, Logins
from headrace.library.library import Library

TOKEN = "a token of 24 characters"
COOKIE = Derived(TOKEN)._cookie()
CSRF = "Content-Type: application/json"


async def log_in(world: Any, token: str, *headers: str) -> Any:
    body = json.dumps({"token": token}).encode()
    wire = await world.connect()
    await wire.send("POST", "/api/v1/login", CSRF, f"Content-Length: {len(body)}", *headers)
    wire.writer.write(body)
    reply = await wire.head()
    reply.body = await wire.body(int(reply.headers.get("content-length", 0)))
    return reply


@pytest.fixture
async def locked(world: Any) -> Any:
    world.add([("a.mkv", b"x")])
    world.verify()
    await world.start(token=TOKEN)
    return world


async def test_a_cookie_for_the_token(locked, v1):
    reply = await log_in(locked, TOKEN)
    assert reply.status == 204
    cookie, *marks = reply.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(marks)
    assert "Secure" not in marks
    assert TOKEN not in cookie
    for path in ("/api/v1/torrents", f"/stream/{v1}/0/x", "/playlist.m3u8"):
        assert (await locked.ask("GET", path, f"Cookie: {cookie}")).status == 200
    reply = await locked.ask("POST", "/api/v1/logout", f"Cookie: {cookie}", "Content-Length: 0")
    assert reply.status == 204
    assert "Max-Age=0" in reply.headers["set-cookie"]


async def test_behind_a_proxy_with_tls_it_goes_by_tls_only(locked):
    assert "Secure" in (await log_in(locked, TOKEN, "X-Forwarded-Proto: https")).headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", COOKIE])
async def test_no_cookie_for_anything_else(locked, token):
    reply = await log_in(locked, token)
    assert reply.status in (403, 422)
    assert "set-cookie" not in reply.headers
    assert TOKEN.encode() not in reply.body


@pytest.mark.parametrize(
    "cookie", ["headrace=", f"headrace={TOKEN}", f"headrace={Derived('another')._cookie()}", f"other={COOKIE}"]
)
async def test_made_up_cookies(locked, cookie):
    assert (await locked.ask("GET", "/api/v1/torrents", f"Cookie: {cookie}")).status == 401


async def test_a_page_of_another_site_cannot_log_in(locked):
    reply = await log_in(locked, TOKEN, "Origin: http://evil.example")
    assert (reply.status, "set-cookie" in reply.headers) == (403, False)


async def test_a_wrong_bearer_is_not_mended_by_a_cookie(locked):
    cookie = f"Cookie: headrace={COOKIE}"
    assert (await locked.ask("GET", "/api/v1/torrents", cookie, "Authorization: Bearer wrong")).status == 401


async def test_the_page_itself_needs_no_token_and_what_it_asks_for_does(locked):
    page = await locked.ask("GET", "/")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert TOKEN.encode() not in page.body
    assert (await locked.ask("GET", "/api/v1/events")).status == 401


async def test_without_a_token_a_login_does_no_harm(world):
    await world.start()
    reply = await log_in(world, "whatever")
    assert (reply.status, "set-cookie" in reply.headers) == (204, False)


async def test_one_browser_is_shut_out_and_the_other_is_not(world, tmp_path):
    async with await Library.open(tmp_path) as library:
        logins = Logins(TOKEN, library)
        await logins.load()
        await world.start(token=TOKEN, logins=logins)
        mine, other = [
            "Cookie: " + (await log_in(world, TOKEN, f"User-Agent: {name}")).headers["set-cookie"].split(";")[0]
            for name in ("Firefox", "a phone")
        ]
        assert mine != other
        listed = json.loads((await world.ask("GET", "/api/v1/logins", mine)).body)["logins"]
        assert [(each["label"], each["current"]) for each in listed] == [("Firefox", True), ("a phone", False)]
        path = f"/api/v1/logins/{listed[1]['id']}"
        assert (await world.ask("DELETE", path, mine, "Content-Length: 0")).status == 204
        assert (await world.ask("DELETE", path, mine, "Content-Length: 0")).status == 404
        assert (await world.ask("GET", "/api/v1/logins", other)).status == 401
        assert (await world.ask("GET", "/api/v1/logins")).status == 401
        for origin, site in (("http://evil.example", "cross-site"), ("null", "none"), ("http://evil.example", "none")):
            for target in ("/api/v1/logins", f"/api/v1/logins/{listed[0]['id']}", "/api/v1/logout"):
                method = "POST" if target.endswith("out") else "DELETE"
                foreign = (f"Origin: {origin}", f"Sec-Fetch-Site: {site}", "Content-Length: 0")
                assert (await world.ask(method, target, mine, *foreign)).status == 403, "another site's page (CSRF)"
        for target in ("/api/v1/logins", f"/api/v1/logins/{listed[0]['id']}"):
            assert (await world.ask("DELETE", target, "Content-Length: 0")).status == 401, "an id is no key"
            assert (await world.ask("DELETE", target, f"Cookie: headrace={listed[0]['id']}")).status == 401
        for guess in ("0" * 16, listed[0]["id"][:-1], listed[0]["id"] + "0", "..%2Flogins", "%00", "é"):
            path = f"/api/v1/logins/{urllib.parse.quote(guess, safe='%')}"
            assert (await world.ask("DELETE", path, mine, "Content-Length: 0")).status == 404
        assert (await world.ask("GET", "/api/v1/logins", mine)).status == 200, "nothing of it has ended this login"
        third = (await log_in(world, TOKEN)).headers["set-cookie"].split(";")[0]
        reply = await world.ask("DELETE", "/api/v1/logins", mine, "Content-Length: 0")
        assert (reply.status, json.loads(reply.body)) == (200, {"ended": 1})
        assert (await world.ask("GET", "/api/v1/logins", f"Cookie: {third}")).status == 401
        assert (await world.ask("POST", "/api/v1/logout", mine, "Content-Length: 0")).status == 204
        assert (await world.ask("GET", "/api/v1/logins", mine)).status == 401, "a copy of the cookie is no good either"
