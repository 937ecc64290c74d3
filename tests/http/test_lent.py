"""Subtitles that were lent to a device."""

from __future__ import annotations

from urllib.parse import urlsplit

from headrace.http.urls import Urls

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<i>Hello</i>\n"


async def test_a_device_fetches_them_in_its_form(serving):
    lent = serving.server.lent.lend(VTT, Urls("http://127.0.0.1:1"), "mine")
    assert lent.name == "mine"
    reply = await serving.ask("GET", urlsplit(lent.webvtt).path)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/vtt; charset=utf-8")
    assert reply.body.decode() == VTT
    assert reply.headers["access-control-allow-origin"] == "*", "Chromecasts read them by script"
    reply = await serving.ask("GET", urlsplit(lent.srt).path)
    assert reply.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert "00:00:01,000 --> 00:00:02,000" in reply.body.decode()


async def test_nothing_else_is_there(serving):
    serving.server.lent.lend(VTT, Urls("http://127.0.0.1:1"))
    for name in ("x.vtt", "..%2f..%2fetc%2fpasswd.vtt", ".srt"):
        assert (await serving.ask("GET", f"/subtitles/lent/{name}")).status == 404


async def test_the_latest_are_kept(serving, monkeypatch):
    monkeypatch.setattr("headrace.http.lent.KEPT", 2)
    lent = [serving.server.lent.lend(VTT, Urls("http://127.0.0.1:1"), name) for name in "abc"]
    assert [(await serving.ask("GET", urlsplit(one.webvtt).path)).status for one in lent] == [404, 200, 200]


async def test_against_the_token(world, video):
    world.add([("film.mkv", video)])
    server = await world.start(token="0123456789abcdef")
    lent = server.lent.lend(VTT, Urls("http://127.0.0.1:1", "0123456789abcdef"))
    parts = urlsplit(lent.webvtt)
    assert (await world.ask("GET", parts.path)).status == 401
    assert (await world.ask("GET", f"{parts.path}?{parts.query}")).status == 200
