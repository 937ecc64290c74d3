"""A real mpv without picture or sound, steered through its socket."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from kit.waiting import Log, eventually


class Mpv:
    """A running mpv. ``events`` are its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: Log[dict[str, Any]] = Log()
        self._writer = writer
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            message = json.loads(line)
            if message.get("request_id") in self._asked and "event" not in message:
                self._asked.pop(message["request_id"]).set_result(message)
            else:
                self.events(message)
        self.events.end("mpv has ended")

    async def command(self, *words: Any) -> Any:
        """Send a command; its data, None for an error."""
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"command": words, "request_id": number}).encode() + b"\n")
        return (await asyncio.wait_for(self._asked[number], 60)).get("data")

    async def shown(self, *, after: int = 0, within: float = 30) -> float:
        """Wait for a first picture, after start or seek; its position in seconds."""
        await self.events.until(lambda event: event.get("event") == "playback-restart", after=after, within=within)
        return float(await self.command("get_property", "time-pos"))

    async def seek(self, seconds: float) -> float:
        """Go there exactly; the position of the picture that is then shown."""
        told = len(self.events.all)
        await self.command("seek", seconds, "absolute+exact")
        return await self.shown(after=told)


@contextlib.asynccontextmanager
async def mpv(url: str, *options: str) -> AsyncIterator[Mpv]:
    """An mpv that opens ``url`` and stays paused at its first picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mpv"
        process = await asyncio.create_subprocess_exec(
            *("mpv", "--no-config", "--vo=null", "--ao=null", "--pause", "--idle=no", "--really-quiet"),
            *(f"--input-ipc-server={path}", *options, url),
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:

            async def there() -> bool:
                assert process.returncode is None
                return path.exists()

            await eventually(there)
            reader, writer = await asyncio.open_unix_connection(path)
            running = Mpv(reader, writer)
            yield running
            writer.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
