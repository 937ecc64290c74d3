"""VLC's HTTP interface (share/lua/http/requests/README.txt of VLC 3): status.json, asked once a second.

Rules:
- It listens on 127.0.0.1 with a password of its own for each run. Both stand in VLC's arguments, which users of the
  same machine can read: they could pause the film.
- VLC tells neither that it waits for bytes nor that it failed: a position that stands still while it says "playing" is
  buffering, and an end before any picture is a failure (seen by whoever watches the process).
- It adds subtitles from paths only, so those behind a URL are fetched first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from headrace.players.base import Media, PlayerState
from headrace.players.folder import private_folder
from headrace.players.process import Child
from headrace.players.record import Control, is_url
from headrace.players.report import Reporter
from headrace.players.vlc import later_subtitles

if TYPE_CHECKING:
    import aiohttp

RETRY = 0.1
"""Seconds between two questions until it plays."""
EACH = 1.0
"""Seconds between two questions while it plays."""
STILL = 2
"""Answers with the same position after which it is taken to wait for bytes."""
MOST_SUBTITLES = 20 * 1024 * 1024
"""Bytes of a subtitle file that are fetched at most."""


def free_port() -> int:
    """A port that is free now. Should another take it first, VLC plays on without telling us anything."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def position_of(status: dict[str, Any]) -> float:
    """Seconds: ``time`` is whole, ``position`` is a finer share of a length that is whole; the finer, if both agree."""
    whole = max(float(status.get("time") or 0), 0.0)
    fine = float(status.get("position") or 0.0) * float(status.get("length") or 0)
    return round(fine, 3) if whole <= fine < whole + 1 else whole


def uri_of(playlist: dict[str, Any], number: int) -> str:
    """The URI of entry ``number`` in playlist.json, "" when it is not there."""
    if playlist.get("type") == "leaf" and str(playlist.get("id")) == str(number):
        return str(playlist.get("uri", ""))
    return next((uri for child in playlist.get("children", ()) if (uri := uri_of(child, number))), "")


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


class VlcLink:
    """Follows one VLC."""

    def __init__(self, program: str, media: Media, reporter: Reporter) -> None:
        self.control = Control(platform=sys.platform, port=free_port(), password=secrets.token_urlsafe(12))
        self.connected = asyncio.Event()
        self._media = media
        self._reporter = reporter
        self._session: aiohttp.ClientSession | None = None
        self._program = program
        self._later = list(later_subtitles(media))
        self._folder = ""
        self._adding: asyncio.Task[bool] | None = None
        self._paths: dict[int, str] = {}
        self._shown = 0
        """The entry that has shown a picture."""
        self._before = -1.0
        self._still = 0

    async def follow(self, child: Child) -> None:
        """Ask until VLC goes."""
        import aiohttp

        login = {"Authorization": aiohttp.encode_basic_auth("", self.control.password)}
        limit = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(headers=login, timeout=limit, trust_env=False) as self._session:
            while not child.exited.done():
                with contextlib.suppress(OSError, TimeoutError, ValueError, aiohttp.ClientError):
                    await self._look(await self._get("status"))
                await child.gone_within(EACH if self._shown else RETRY)

    async def _get(self, name: str, **query: str) -> dict[str, Any]:
        if self._session is None or self._session.closed:
            raise ConnectionError
        url = f"http://127.0.0.1:{self.control.port}/requests/{name}.json"
        async with self._session.get(url, params=query) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json(content_type=None)
            return found

    async def _look(self, status: dict[str, Any]) -> None:
        self.connected.set()
        number = int(status.get("currentplid", -1))
        if status.get("state") not in ("playing", "paused"):
            self._stopped()
            return
        position = position_of(status)
        if number != self._shown and position > 0:
            await self._first_picture(number)
        if number == self._shown:
            self._reporter.report(
                PlayerState(
                    self._state(str(status["state"]), position),
                    position,
                    float(status.get("length") or 0) or None,
                    self._paths.get(number, ""),
                )
            )

    def _stopped(self) -> None:
        """VLC plays nothing: between two entries, at the end, or stopped by the user with its window left open."""
        if self._shown:
            self._reporter.report(PlayerState("ended"))
        self._shown = 0

    async def _first_picture(self, number: int) -> None:
        self._stopped()
        first = not self._paths
        self._paths[number] = uri_of(await self._get("playlist"), number) or self._media.url
        self._shown, self._still = number, 0
        if first and self._later:  # the first of them last, because VLC shows the newest
            self._adding = asyncio.get_running_loop().create_task(self._add(self._later[::-1]))
        if first and self._media.playlist and self._media.start > 0:
            await self.seek(self._media.start)

    def _state(self, told: str, position: float) -> str:
        self._still = self._still + 1 if told == "playing" and position == self._before else 0
        self._before = position
        return "buffering" if self._still >= STILL else told

    async def _order(self, command: str, value: str = "", name: str = "val") -> bool:
        import aiohttp

        try:
            await self._get("status", command=command, **({name: value} if value else {}))
        except (OSError, TimeoutError, ValueError, aiohttp.ClientError):
            return False
        return True

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """Add them all; VLC shows the newest. Before the first picture they are taken and added then."""
        if not self._paths and self.connected.is_set():
            self._later += sources
            return True
        return await self._add(sources)

    async def _add(self, sources: Sequence[str]) -> bool:
        """Hand over paths, fetching what lies behind a URL first."""
        done = True
        for source in sources:
            path = await self._fetch(source) if is_url(source) else _absolute(source)
            done = bool(path) and await self._order("addsubtitle", path) and done
        return done

    async def _fetch(self, url: str) -> str:
        """The subtitles behind ``url`` as a file that keeps its name, "" when they cannot be had."""
        import aiohttp

        name = PurePosixPath(unquote(urlsplit(url).path)).name or "subtitles.srt"
        try:
            async with aiohttp.ClientSession(trust_env=False) as session, session.get(url) as answer:
                answer.raise_for_status()
                data = await answer.content.read(MOST_SUBTITLES)
        except (OSError, TimeoutError, aiohttp.ClientError):
            return ""
        self._folder = self._folder or private_folder(self._program, os.environ)
        path = Path(tempfile.mkdtemp(dir=self._folder)) / name
        path.write_bytes(data)
        return str(path)

    async def seek(self, seconds: float) -> bool:
        """To the whole second, which is all that VLC takes."""
        return await self._order("seek", str(int(max(seconds, 0))))

    async def ask_to_quit(self) -> None:
        """Play the item that ends VLC."""
        await self._order("in_play", "vlc://quit", "input")

    def close(self) -> None:
        """Remove the fetched subtitles."""
        if self._adding:
            self._adding.cancel()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
