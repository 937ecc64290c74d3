"""A .torrent whose names mean harm, sent to the API of the real engine: no path leaves the torrent's own folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from kit.stack import LOOPBACK

from headrace.engine.libtorrent import LibtorrentEngine
from headrace.http.server import Server
from headrace.keeping import Keeping
from headrace.library.library import Library
from headrace.session import Session
from headrace.settings import Settings
from headrace.testing.metainfo import encode

pytestmark = pytest.mark.e2e

NAMES: list[tuple[bytes, list[bytes]]] = [
    (b"show", [b"..", b"..", b"x.mkv"]),
    (b"show", [b"../../x.mkv"]),
    (b"show", [b"/etc/passwd.mkv"]),
    (b"show", [b"C:\\Windows\\x.mkv"]),
    (b"show", [b"..\\..\\x.mkv"]),
    (b"show", [b"CON"]),
    (b"show", [b"NUL.mkv"]),
    (b"show", [b"a\0b.mkv"]),
    (b"show", [b"a\r\nSet-Cookie: x=1\r\n.mkv"]),
    (b"show", [b"\x1b[2J\x07.mkv"]),
    (b"show", [b"n" * 300 + b".mkv"]),
    (b"show", ["ü".encode() * 200 + b".mkv"]),
    (b"show", [b"\xff\xfe.mkv"]),
    (b"show", ["\u202evkm.exe".encode()]),
    (b"show", [b"<img src=x onerror=alert(1)>.mkv"]),
    (b"show", [b""]),
    (b"show", [b"."]),
    (b"..", [b"x.mkv"]),
    (b"/etc", [b"x.mkv"]),
    (b"../../etc", [b"x.mkv"]),
    (b".headrace", [b"library.db"]),
    (b"", [b"x.mkv"]),
]


def torrent(name: bytes, path: list[bytes]) -> bytes:
    """One hostile file and an honest one."""
    files = [{b"length": 10, b"path": path}, {b"length": 20, b"path": [b"honest.mkv"]}]
    info = {b"name": name, b"piece length": 16384, b"pieces": bytes(20), b"files": files}
    return encode({b"info": info})  # type: ignore[dict-item]


@pytest.fixture
async def served(data: Path) -> AsyncIterator[tuple[Session, str]]:
    settings = Settings(dir=data)
    async with (
        Session(settings, engine=LibtorrentEngine(LOOPBACK)) as session,
        await Library.open(settings.library_folder) as library,
    ):
        keeping = Keeping(session, library)
        server = Server(session.torrents, port=0, keeper=keeping)
        await server.start()
        yield session, server.base_url
        await server.aclose()
        await keeping.aclose()


@pytest.mark.parametrize(("name", "path"), NAMES, ids=repr)
async def test_a_hostile_name(
    served: tuple[Session, str], data: Path, client: aiohttp.ClientSession, name: bytes, path: list[bytes]
) -> None:
    session, url = served
    body, headers = torrent(name, path), {"Content-Type": "application/x-bittorrent"}
    async with client.post(f"{url}api/v1/torrents", data=body, headers=headers) as reply:
        assert reply.status == 201, await reply.text()
    (added,) = session.torrents
    await added.metadata(20)
    own = data / added.info_hash
    for file in added.files:
        place = added.handle.path_of(file.index)
        assert place.is_relative_to(own), place
        assert place.resolve().is_relative_to(own.resolve())
        assert ".." not in place.parts
        assert all(len(part.encode("utf-8", "replace")) <= 255 for part in place.parts)
        assert not any(ord(letter) < 32 or letter == "\x7f" for letter in file.path)
    async with client.head(f"{url}stream/{added.info_hash}/0/x") as reply:
        assert reply.status == 200
        assert "Set-Cookie" not in reply.headers
        assert reply.headers["Content-Disposition"].isascii()
    outside = {place.name for place in data.parent.iterdir()}
    assert outside <= {"home", "data"}, outside
