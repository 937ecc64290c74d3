"""mpv's JSON IPC (https://mpv.io/manual/stable/#json-ipc): one JSON object a line, both ways.

Rules:
- The socket lies in a folder that only we may enter. mpv makes it after it has read its configuration (0.1 to 1 s), so
  connecting is tried until it is there or mpv has gone. Without IPC mpv plays all the same; it only tells nothing.
- A command that may wait for bytes is sent as ``async``, else mpv answers nothing else meanwhile.
- On Windows the address is a named pipe, which only the proactor loop (asyncio's default there) can open.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headrace.players.base import Media, PlayerState
from headrace.players.folder import private_folder
from headrace.players.process import Child
from headrace.players.record import Control, seconds
from headrace.players.report import Reporter

OBSERVED = ("time-pos", "duration", "pause", "paused-for-cache", "eof-reached", "seeking")
OF_ONE_FILE = ("duration", "path")
"""Asked for when a file is loaded: a change that is none (two files of equal length) is not told. The path, without
which nothing is reported, comes last."""
RETRY = 0.02
"""Seconds between two tries to connect."""
SOCKET_PATH_LIMIT = 100
"""Bytes in the path of a unix socket: 104 on macOS, 108 on Linux, both with a final NUL."""


def address_for(program: str, media: Media, platform: str, env: Mapping[str, str]) -> tuple[str, str]:
    """(address, folder to remove afterwards). A socket that the user asked for in the player's arguments is used."""
    for word in reversed(media.extra):
        for option in ("--input-ipc-server=", "--mpv-input-ipc-server="):
            if word.startswith(option):
                return word.removeprefix(option), ""
    if platform == "win32":
        return rf"\\.\pipe\headrace-{secrets.token_hex(8)}", ""
    folder = private_folder(program, env)
    if len(os.fsencode(folder)) > SOCKET_PATH_LIMIT - len("/mpv"):
        Path(folder).rmdir()
        folder = tempfile.mkdtemp(prefix="headrace-", dir="/tmp")
    return f"{folder}/mpv", folder


async def _open(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if sys.platform != "win32":
        return await asyncio.open_unix_connection(address)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_pipe_connection(lambda: protocol, address)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class MpvLink:
    """Follows one mpv."""

    def __init__(
        self, program: str, media: Media, reporter: Reporter, later: Sequence[str] = (), *, display: bool = True
    ):
        """``later``: the subtitles that the argument vector leaves to the link."""
        address, self._folder = address_for(program, media, sys.platform, os.environ)
        self.control = Control(platform=sys.platform, display=display, socket=address)
        self.connected = asyncio.Event()
        self._media = media
        self._reporter = reporter
        self._writer: asyncio.StreamWriter | None = None
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._later = list(later)
        self._given = len(later) < len(media.subtitles)
        """Some subtitles stand in the argument vector: mpv shows those."""
        self._known: dict[str, Any] = {}
        self._shows = False
        self._first = True
        self._adding: asyncio.Task[bool] | None = None

    async def follow(self, child: Child) -> None:
        """Connect, observe, and report until mpv closes the connection."""
        try:
            reader = await self._connect(child)
            if reader is None:
                return
            await self._introduce()
            async for line in reader:
                self._take(json.loads(line))
        except (OSError, ValueError, asyncio.LimitOverrunError):
            pass  # mpv has gone, or is no mpv: the process itself is watched elsewhere
        finally:
            self._hang_up()

    async def _connect(self, child: Child) -> asyncio.StreamReader | None:
        while not child.exited.done():
            try:
                reader, self._writer = await _open(self.control.socket)
            except (FileNotFoundError, ConnectionRefusedError):
                await child.gone_within(RETRY)
            else:
                return reader
        return None

    async def _introduce(self) -> None:
        for number, name in enumerate(OBSERVED, start=1):
            self._send("observe_property", number, name)
        self._send("get_property", "seekable").add_done_callback(self._joined)  # there is one only in a loaded file
        self.connected.set()

    def _joined(self, reply: asyncio.Future[Any]) -> None:
        """A machine under load may let us in only when the first file is loaded: its events are past then."""
        if self._first and not reply.cancelled() and reply.result().get("error") == "success":
            self._shows = True
            self._file_loaded()

    def _send(self, *command: Any, wait: bool = False) -> asyncio.Future[Any]:
        number = next(self._ids)
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._writer is None or self._writer.is_closing():
            reply.set_result({"error": "not connected"})
            return reply
        self._replies[number] = reply
        message = {"command": list(command), "request_id": number} | ({"async": True} if wait else {})
        self._writer.write(json.dumps(message).encode() + b"\n")
        return reply

    async def _ask(self, *command: Any, wait: bool = False) -> bool:
        answer = await self._send(*command, wait=wait)
        return bool(answer.get("error") == "success")

    def _take(self, message: dict[str, Any]) -> None:
        if "request_id" in message and "event" not in message:
            reply = self._replies.pop(message["request_id"], None)
            if reply and not reply.done():
                reply.set_result(message)
            return
        event = message.get("event")
        if event == "property-change":
            self._known[message["name"]] = message.get("data")
            self._report()
        elif event == "start-file":
            self._start_file()
        elif event == "file-loaded":
            self._file_loaded()
        elif event == "playback-restart":
            self._shows = True
            self._known["seeking"] = False  # told a moment later
            self._report()
        elif event == "end-file":
            self._end_file(message)

    def _start_file(self) -> None:
        """Forget the file before: its position must never be taken for this one's."""
        self._shows = False
        for name in ("time-pos", *OF_ONE_FILE):
            self._known.pop(name, None)
        self._reporter.report(PlayerState("starting", path=self._media.url if self._first else ""))

    def _file_loaded(self) -> None:
        for name in OF_ONE_FILE:
            self._send("get_property", name).add_done_callback(functools.partial(self._learn, name))
        if self._first:
            self._first = False
            self._first_file()

    def _learn(self, name: str, reply: asyncio.Future[Any]) -> None:
        if not reply.cancelled() and reply.result().get("data") is not None:
            self._known[name] = reply.result()["data"]
            self._report()

    def _report(self) -> None:
        """What the properties say together; silent between two files and until the file's name is known."""
        known = self._known
        if not self._shows or not known.get("path"):
            return
        if known.get("eof-reached"):
            state = "ended"  # only with keep-open: the window stays
        elif known.get("pause"):
            state = "paused"
        elif known.get("paused-for-cache") or known.get("seeking"):
            state = "buffering"
        else:
            state = "playing"
        position, duration, path = known.get("time-pos"), known.get("duration"), known["path"]
        if position is not None:  # it is gone already when the file ends
            self._reporter.report(PlayerState(state, max(position, 0.0), duration, path))

    def _end_file(self, message: dict[str, Any]) -> None:
        """``redirect`` is a playlist that was read; all other reasons but ``error`` are an end."""
        self._shows = False
        reason = message.get("reason")
        if reason == "error":
            self._reporter.report(PlayerState("failed", detail=message.get("file_error", "")))
        elif reason != "redirect":
            self._reporter.report(PlayerState("ended"))

    def _first_file(self) -> None:
        self._start_here_only()
        if self._later:
            self._adding = asyncio.get_running_loop().create_task(self._add(self._later, select=not self._given))

    def _start_here_only(self) -> None:
        """Our ``--start`` would hold for every entry of a playlist.

        Where a file ends by ``--length`` is reckoned from it at every moment, so it must not be gone for one: both
        commands are sent as one list, which only mpv's other syntax has (and answers nothing to).
        """
        theirs = any(word.removeprefix("--mpv-").removeprefix("--").startswith("start=") for word in self._media.extra)
        if self._media.playlist and self._media.start > 0 and not theirs and self._writer is not None:
            start = seconds(self._media.start)
            self._writer.write(f"set start none; set file-local-options/start {start}\n".encode())

    async def _add(self, sources: Sequence[str], *, select: bool) -> bool:
        """The first one is selected when asked for; the others can be switched to."""
        added = [
            await self._ask("sub-add", source, "select" if select and number == 0 else "auto", wait=True)
            for number, source in enumerate(sources)
        ]
        return all(added)

    async def add_subtitles(self, sources: Sequence[str]) -> bool:
        """Add them all; the first is shown unless some subtitles are shown already.

        Before the first file is loaded they are taken and added then: who starts mpv before the video is there need
        not wait for it.
        """
        if self._first and self._writer is not None:
            self._later += sources
            return True
        if self._adding and not self._adding.done():  # those that were handed over first keep their places
            await asyncio.wait([self._adding])
        answer = await self._send("get_property", "sid")
        return await self._add(sources, select=answer.get("data") in (False, None, "no"))

    async def seek(self, position: float) -> bool:
        """Absolute, and exact as mpv's own default for absolute seeks."""
        return await self._ask("seek", position, "absolute")

    async def ask_to_quit(self) -> None:
        """Send ``quit``."""
        self._send("quit")

    def _hang_up(self) -> None:
        for reply in self._replies.values():
            if not reply.done():
                reply.set_result({"error": "not connected"})
        self._replies.clear()
        if self._writer is not None:
            self._writer.close()

    def close(self) -> None:
        """Drop the connection and remove the socket's folder."""
        self._hang_up()
        if self._adding:
            self._adding.cancel()
        if self._folder:
            with contextlib.suppress(OSError):
                shutil.rmtree(self._folder)
