"""A Chromecast to test with: Google Cast on a port of loopback, and a real mpv that plays what it is given.

Rules: it speaks the protocol as senders see it (TLS, length and protobuf, JSON within), so that what drives it here
drives a real one; what only a real one has (Google's certificates, its codecs' limits) it has not. No announcement: it
is named by its address. Messages: https://developers.google.com/cast/docs/media/messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pychromecast.generated.cast_channel_pb2 import CastMessage

NAMESPACE = "urn:x-cast:com.google.cast."
PLAYER, PLAYER_NAME = "CC1AD845", "Default Media Receiver"
COMMANDS = 12303
"""supportedMediaCommands: all basic ones."""


class Film:
    """What mpv plays, of one LOAD."""

    def __init__(self, session: int, media: dict[str, Any]) -> None:
        self.session, self.media = session, media
        self.state = "BUFFERING"
        self.idle_reason = ""
        self.position = 0.0
        self.tracks: list[int] = []
        self.process: asyncio.subprocess.Process | None = None
        self.pipe: asyncio.StreamWriter | None = None

    def told(self) -> dict[str, Any]:
        """Its status."""
        idle = {"idleReason": self.idle_reason} if self.idle_reason else {}
        return {
            "mediaSessionId": self.session,
            "playbackRate": 1,
            "playerState": self.state,
            "currentTime": self.position,
            "supportedMediaCommands": COMMANDS,
            "activeTrackIds": self.tracks,
            "media": self.media,
            **idle,
        }

    def command(self, *words: Any) -> None:
        """Tell mpv."""
        if self.pipe is not None:
            self.pipe.write(json.dumps({"command": words}).encode() + b"\n")

    async def end(self) -> None:
        """End mpv."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        if self.process is not None:
            await self.process.wait()


class FakeCast:
    """The device. ``loads`` are the LOAD messages that it got; ``busy`` refuses to start its player, and so
    often the connection ``breaks`` when it is to."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self.loads: list[dict[str, Any]] = []
        self.busy = False
        self.breaks = 0
        self.volume = {"level": 0.5, "muted": False, "controlType": "attenuation"}
        self._folder = folder
        self._numbers = itertools.count(1)
        self._app = ""
        self._film: Film | None = None
        self._senders: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        await _certificate(self._folder)
        context.load_cert_chain(self._folder / "cert.pem", self._folder / "key.pem")
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Gone, as if somebody pulled the plug."""
        if self._server is not None:
            self._server.close()
        for sender in list(self._senders):
            sender.transport.abort()
        if self._film is not None:
            await self._film.end()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def launch_other(self) -> None:
        """Somebody else starts another application on it."""
        if self._film is not None:
            await self._film.end()
            self._film = None
        self._app = f"other-{next(self._numbers)}"
        self._tell_receiver(0)

    @property
    def idle(self) -> bool:
        """Whether it runs nothing."""
        return not self._app

    # messages
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._senders.add(writer)
        try:
            while True:
                (size,) = struct.unpack(">I", await reader.readexactly(4))
                message = CastMessage()
                message.ParseFromString(await reader.readexactly(size))
                await self._answer(writer, message)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._senders.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, message: Any) -> None:
        if not message.namespace.startswith(NAMESPACE) or not message.payload_utf8:
            return
        asked = json.loads(message.payload_utf8)
        kind, number = asked.get("type"), asked.get("requestId", 0)
        if kind == "PING":
            self._send(writer, "tp.heartbeat", {"type": "PONG"})
        elif message.namespace == f"{NAMESPACE}receiver":
            await self._receiver(writer, kind, number, asked)
        elif message.namespace == f"{NAMESPACE}media":
            await self._media(writer, kind, number, asked)

    async def _receiver(self, writer: asyncio.StreamWriter, kind: str, number: int, asked: dict[str, Any]) -> None:
        if kind == "LAUNCH" and self.busy:
            self._send(writer, "receiver", {"type": "LAUNCH_ERROR", "requestId": number, "reason": "NOT_ALLOWED"})
            return
        if kind == "LAUNCH" and self.breaks:
            self.breaks -= 1
            writer.transport.abort()
            return
        if kind == "LAUNCH":
            self._app = f"player-{next(self._numbers)}"
        elif kind == "STOP":
            if self._film is not None:
                await self._film.end()
            self._film, self._app = None, ""
        elif kind == "SET_VOLUME":
            self.volume |= asked["volume"]
        self._tell_receiver(number)

    def _tell_receiver(self, number: int) -> None:
        running = {
            "appId": PLAYER if self._app.startswith("player") else "0F5096E8",
            "displayName": PLAYER_NAME,
            "namespaces": [{"name": f"{NAMESPACE}media"}],
            "sessionId": self._app,
            "transportId": self._app,
            "statusText": "",
        }
        status = {"volume": self.volume, "applications": [running] if self._app else []}
        for writer in self._senders:
            self._send(writer, "receiver", {"type": "RECEIVER_STATUS", "requestId": number, "status": status})

    async def _media(self, writer: asyncio.StreamWriter, kind: str, number: int, asked: dict[str, Any]) -> None:
        film = self._film
        if kind == "LOAD":
            await self._load(asked, number)
            return
        if kind == "GET_STATUS" or film is None:
            self._tell_media(number)
            return
        if kind == "PLAY":
            film.command("set_property", "pause", False)
            film.state = "PLAYING"
        elif kind == "PAUSE":
            film.command("set_property", "pause", True)
            film.state = "PAUSED"
        elif kind == "SEEK":
            film.command("seek", asked["currentTime"], "absolute")
            film.command("set_property", "pause", False)
            film.state, film.position = "BUFFERING", asked["currentTime"]
        elif kind == "STOP":
            film.state, film.idle_reason = "IDLE", "CANCELLED"
            await film.end()
        self._tell_media(number)

    def _tell_media(self, number: int = 0) -> None:
        told = {"type": "MEDIA_STATUS", "requestId": number, "status": [self._film.told()] if self._film else []}
        for writer in self._senders:
            self._send(writer, "media", told, self._app or "receiver-0")

    def _send(self, writer: asyncio.StreamWriter, name: str, told: dict[str, Any], source: str = "receiver-0") -> None:
        message = CastMessage()
        message.protocol_version = message.CASTV2_1_0
        message.source_id, message.destination_id = source, "*"
        message.namespace = f"{NAMESPACE}{name}"
        message.payload_type = message.STRING
        message.payload_utf8 = json.dumps(told)
        data = message.SerializeToString()
        with contextlib.suppress(OSError):
            writer.write(struct.pack(">I", len(data)) + data)

    # playing
    async def _load(self, asked: dict[str, Any], number: int) -> None:
        self.loads.append(asked)
        if self._film is not None:
            await self._film.end()
        film = self._film = Film(next(self._numbers), asked["media"])
        film.tracks, film.position = asked.get("activeTrackIds", []), asked.get("currentTime", 0.0)
        task = asyncio.get_running_loop().create_task(self._play(film, number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play(self, film: Film, number: int) -> None:
        ours, theirs = socket.socketpair()
        options = ("--no-config", "--vo=null", "--ao=null", "--idle=no", "--really-quiet")
        # FFmpeg 5.1 reads nonsense after a seek in HLS of fragmented MP4, and this option is one, to 0 too
        start = (f"--start={film.position}",) if film.position else ()
        film.process = await asyncio.create_subprocess_exec(
            *("mpv", *options, *start, f"--input-ipc-client=fd://{theirs.fileno()}", film.media["contentId"]),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        reader, film.pipe = await asyncio.open_unix_connection(sock=ours)
        try:
            for name in ("time-pos", "duration", "paused-for-cache"):
                film.command("observe_property", 1, name)
            began = False
            async for line in reader:
                began = self._heard(film, json.loads(line), number) or began
        except (OSError, ValueError):
            began = True
        finally:
            film.pipe.close()
            code = await film.process.wait()
        if film is self._film and film.state != "IDLE":
            film.state, film.idle_reason = "IDLE", "FINISHED" if began and code == 0 else "ERROR"
            if began:
                self._tell_media()
            else:
                self._refuse(number)

    def _refuse(self, number: int) -> None:
        for writer in self._senders:
            failed = {"type": "LOAD_FAILED", "requestId": number, "detailedErrorCode": 104}
            self._send(writer, "media", failed, self._app)

    def _heard(self, film: Film, event: dict[str, Any], number: int) -> bool:
        """What mpv told; whether it shows something."""
        name, value = event.get("name"), event.get("data")
        if name == "time-pos" and isinstance(value, float | int):
            film.position = float(value)
        elif name == "duration" and isinstance(value, float | int):
            film.media["duration"] = float(value)
        elif event.get("event") == "playback-restart":
            film.state = "PLAYING" if film.state == "BUFFERING" else film.state
            self._tell_media(number)
            return True
        return False


async def _certificate(folder: Path) -> None:
    """A certificate for the device: senders do not look at it, but TLS wants one."""
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", "/CN=fake", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise RuntimeError("openssl made no certificate")


@contextlib.asynccontextmanager
async def fake_cast() -> AsyncIterator[FakeCast]:
    """A device for a while."""
    with tempfile.TemporaryDirectory() as folder:
        device = FakeCast(Path(folder))
        await device.start()
        try:
            yield device
        finally:
            await device.vanish()
