"""A server elsewhere, as its client sees it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.remote import Lines, Remote

STREAM = (
    b'retry: 2000\n\nid: ab-1\nevent: ready\ndata: {"event": "ready"}\n\n: still here\n\nid: ab-2\ndata: {"n": 2}\n\n'
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_events_are_whole_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    lines, edges = Lines(), [0, *sorted(cuts), len(STREAM)]
    told = [each for a, b in pairwise(edges) for each in lines.feed(STREAM[a:b])]
    assert told == [{"event": "ready"}, {"n": 2}]
    assert lines.last == "ab-2"


@pytest.mark.parametrize("data", [b"data: \xff\n", b"data: {\n", b"data: []\n", b"data: 3\n", b"event: x\n", b"\n\n"])
def test_what_is_no_event_is_passed_over(data: bytes) -> None:
    assert Lines().feed(data) == []


@contextlib.asynccontextmanager
async def remote(handle: Callable[[web.Request], Awaitable[web.StreamResponse]], token: str = "") -> AsyncIterator[Any]:
    runner = web.AppRunner(web.Application())
    runner.app.router.add_route("*", "/api/v1/{rest:.*}", handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with Remote(f"http://127.0.0.1:{port}/", token) as made:
            yield made
    finally:
        await runner.cleanup()


async def test_what_is_asked_arrives() -> None:
    asked: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        kind, login = request.content_type, request.headers.get("Authorization")
        asked.append((request.method, request.path_qs, kind, login, await request.read()))
        return web.json_response({"n": 1}, status=201) if request.method == "POST" else web.Response(status=204)

    async with remote(handle, "secret") as one:
        assert await one.ask("POST", "/torrents", {"a": 1}) == (201, {"n": 1})
        assert await one.ask("POST", "/torrents", data=b"d", query=[("peer", "[::1]:2"), ("peer", "a:3")]) == (
            201,
            {"n": 1},
        )
        assert await one.ask("DELETE", "/torrents/ab") == (204, None)
    assert asked[0] == ("POST", "/api/v1/torrents", "application/json", "Bearer secret", b'{"a": 1}')
    assert asked[1][2:] == ("application/x-bittorrent", "Bearer secret", b"d")
    assert asked[1][1].count("peer=") == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, InputError),
        (422, InputError),
        (504, SwarmError),
        (401, EngineError),
        (429, EngineError),
        (507, EngineError),
    ],
)
async def test_refusals_are_the_errors_of_this_process(status: int, kind: type[HeadraceError]) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.json_response({"error": {"kind": "k", "message": "It cannot.", "hint": "Do."}}, status=status)

    async with remote(handle) as one:
        with pytest.raises(HeadraceError, match="It cannot") as caught:
            await one.get("/torrents")
        with pytest.raises(HeadraceError, match="It cannot"):
            await anext(one.listen(Lines()))
    assert (type(caught.value), caught.value.kind, caught.value.hint) == (kind, "k", "Do.")


@pytest.mark.parametrize("text", ["<html>", "[]", '{"error": 3}', ""])
async def test_what_another_program_answers_is_no_traceback(text: str) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text=text, status=502)

    async with remote(handle) as one:
        with pytest.raises(EngineError, match="status 502") as caught:
            await one.get("/torrents")
    assert caught.value.kind == "server"


async def test_an_answer_that_is_no_json_is_said() -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text="welcome")

    async with remote(handle) as one:
        with pytest.raises(EngineError, match="does not answer"):
            await one.get("/torrents")


async def test_nobody_there_is_said() -> None:
    with socket.socket() as held:  # bound, and nobody listens
        held.bind(("127.0.0.1", 0))
        async with Remote(f"http://127.0.0.1:{held.getsockname()[1]}") as one:
            with pytest.raises(EngineError, match="does not answer") as caught:
                await one.get("/torrents")
    assert (caught.value.kind, caught.value.exit_code) == ("server", 5)


async def test_a_stream_tells_where_it_was_when_it_comes_back() -> None:
    seen: list[str | None] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(STREAM)
        return response

    lines = Lines()
    async with remote(handle) as one:
        for _ in range(2):
            told = [each async for some in one.listen(lines) for each in some]
            assert told == [{"event": "ready"}, {"n": 2}]
    assert seen == [None, "ab-2"]
