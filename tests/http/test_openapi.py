"""The API and its description are one: same routes, and what is answered is what is described."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import aiohttp
import pytest
from aiohttp import web

from headrace.casting.base import Device
from headrace.casting.names import Wish, pick
from headrace.core.events import Cast, Demo
from headrace.engine.base import Peer
from headrace.errors import InputError
from headrace.http import answers, openapi
from headrace.http.openapi import OPERATIONS, document
from headrace.http.server import Server
from headrace.keeping import Keeping
from headrace.library.library import Library
from headrace.session import Session
from headrace.settings import Settings
from headrace.streaming.monitor import Status
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm

PACK = Content([FakeFile("S01E01.mkv", 300_000), FakeFile("S01E01.srt", 900)], 64 * 1024, "show")
WAITING = "/api/v1/events|/media|/subtitles"
"""Operations that wait for what may never come: not for a test that asks at random."""


class Exhibit:
    """A demo that is never there."""

    state = Demo("making", 0.5)

    def subscribe(self, subscriber: object) -> Callable[[], None]:
        return lambda: None

    async def begin(self) -> None: ...


class Stage:
    """A television that is always there, and plays nothing for long."""

    def __init__(self) -> None:
        self.cast = Cast("0123456789abcdef", "uuid:1", "TV", "dlna", PACK.info_hash, 0)

    def subscribe(self, subscriber: object) -> Callable[[], None]:
        return lambda: None

    async def devices(self) -> list[Device]:
        return [Device("uuid:1", "TV", "dlna", "127.0.0.1:80")]

    async def find(self, name: str) -> Device:
        return pick(await self.devices(), Wish(None, name))

    async def begin(self, device: Device, show: object, file: object) -> Cast:
        return self.cast

    def listed(self) -> list[Cast]:
        return [self.cast]

    async def change(self, name: str, change: object) -> Cast:
        if name != self.cast.id:
            raise InputError("None of that id.", kind="no_cast_id")
        return self.cast

    async def stop(self, name: str) -> None:
        await self.change(name, None)


def test_it_has_all_routes_and_no_other(tmp_path: Path) -> None:
    described = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}

    class Keeper:
        def more(self, torrent: object) -> dict[str, object]:
            return {}

    async def routes() -> set[tuple[str, str]]:
        from headrace.streaming.registry import Torrents

        app: web.Application = Server(Torrents(), keeper=Keeper(), exhibit=Exhibit(), stage=Stage())._application()  # type: ignore[arg-type]
        return {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}

    served = {(method, path) for method, path in asyncio.run(routes()) if path.startswith("/api/") and method != "HEAD"}
    assert described | {("GET", "/api/v1/openapi.json"), ("GET", "/api/v1/docs")} == served


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [one["operationId"] for methods in document()["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names) == len(OPERATIONS) + 1


@pytest.mark.parametrize(
    ("record", "answer", "untold"), [(Status, answers.Torrent, {"waiting"}), (Peer, answers.Peer, {"pieces"})]
)
def test_records_are_described_field_by_field(record: type, answer: type, untold: set[str]) -> None:
    """What is answered as it is stands in the description with the same type; ``waiting`` has a type of its own."""
    fields, told = get_type_hints(record), get_type_hints(answer)
    assert {name: told.get(name) for name in fields if name not in untold} == {
        name: kind for name, kind in fields.items() if name not in untold
    }


@pytest.mark.timeout(90)
async def test_what_is_answered_is_what_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of requests, right and wrong: none fails inside, and every answer has a status and a shape that the
    description names. What it calls wrong is refused."""
    # hashes and indexes that are there, so that answers are more than 404
    monkeypatch.setitem(openapi.INFOHASH, "schema", {"type": "string", "enum": [PACK.info_hash, "ab" * 20]})
    monkeypatch.setitem(openapi.INDEX, "schema", {"type": "string", "enum": ["0", "1", "main", "7"]})
    engine = FakeEngine(FakeSwarm(PACK, [FakePeer(rate=4_000_000)]))
    async with Session(Settings(dir=tmp_path), engine=engine) as session, await Library.open(tmp_path / "l") as library:
        keeping = Keeping(session, library)
        server = Server(session.torrents, port=0, keeper=keeping, exhibit=Exhibit(), stage=Stage())
        await server.start()
        try:
            async with aiohttp.ClientSession() as client:
                await client.post(f"{server.base_url}api/v1/torrents", json={"source": PACK.magnet})
            code, said = await schemathesis(f"{server.base_url}api/v1/openapi.json", tmp_path)
        finally:
            await server.aclose()
            await keeping.aclose()
    assert code == 0, said[-6000:]


async def schemathesis(url: str, folder: Path) -> tuple[int, str]:
    program = Path(sys.executable).with_name("schemathesis")
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
        "negative_data_rejection"
    )
    process = await asyncio.create_subprocess_exec(
        *(str(program), "run", url, "--checks", checks, "--phases", "coverage,fuzzing", "--max-time", "8"),
        *("--exclude-path-regex", WAITING, "--seed", "1", "--no-color", "--continue-on-failure"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 80)
    assert process.returncode is not None
    return process.returncode, out.decode()
