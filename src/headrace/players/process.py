"""A child process that is a player: apart from our terminal, its last words kept, and surely ended."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import cast

from headrace.errors import PlayerError
from headrace.players.record import scrub

TAIL = 20
"""Lines kept of what the player said."""

OPEN_LINE = 4096
"""Characters kept of a line that does not end."""

_TELLING = re.compile(r"\b(unable to|cannot|can't|could not|not supported|not supposed|not found)\b", re.IGNORECASE)
"""What is said of a file; VLC says the same of interfaces that it does without."""
_ADDRESS = re.compile(r"^\[[0-9a-f]{8,16}\] ")
"""The object's address that VLC begins its lines with."""


class Child(asyncio.SubprocessProtocol):
    """One process. stdin is a pipe or nothing; stdout and stderr come here as lines, decoded leniently."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = loop.create_future()
        self.silent: asyncio.Future[None] = loop.create_future()
        """Done when the pipe of its output is closed: nothing more will be said."""
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.on_line: Callable[[str], None] = lambda line: None
        self._open_line = ""
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Cut what it says into lines (mplayer and VLC also end them with a carriage return)."""
        text = self._open_line + data.decode("utf-8", "replace").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._open_line = rest[-OPEN_LINE:]
        for line in lines:
            self._take(line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """The end of its output; a last line without an end counts as well."""
        if fd == 1 and not self.silent.done():
            self._take(self._open_line)
            self.silent.set_result(None)

    def process_exited(self) -> None:
        """Comes when the process has gone, even while a grandchild holds the pipe open."""
        code = self._transport.get_returncode() if self._transport else None
        if not self.exited.done():
            self.exited.set_result(-1 if code is None else code)

    def _take(self, line: str) -> None:
        if line.strip():
            self.tail.append(line.strip())
            self.on_line(line.strip())

    def last_words(self, *, chatty: bool = False) -> str:
        """What tells best why it ended: a line that says what could not be done, else the last one; "" without any.

        Of a ``chatty`` player, which says much whatever happens, only the former counts. Queries of URLs are cut.
        """
        telling = [line for line in self.tail if _TELLING.search(line) and " interface " not in line]
        line = telling[0] if telling else "" if chatty or not self.tail else self.tail[-1]
        return _ADDRESS.sub("", scrub(line))[:300]

    def write(self, line: str) -> bool:
        """Send one line to its standard input. False when there is none any more."""
        pipe = self._transport.get_pipe_transport(0) if self._transport else None
        if pipe is None or pipe.is_closing() or self.exited.done():
            return False
        cast(asyncio.WriteTransport, pipe).write(line.encode() + b"\n")
        return True

    async def gone_within(self, timeout: float) -> bool:
        """Whether it ends within ``timeout`` seconds."""
        await asyncio.wait([self.exited], timeout=timeout)
        return self.exited.done()

    def terminate(self) -> None:
        """SIGTERM to it and all that it started (on Windows: end it)."""
        self._signal(getattr(signal, "SIGTERM"))  # noqa: B009

    def kill(self) -> None:
        """SIGKILL to it and all that it started (on Windows: end it)."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """Release the pipes; kills a process that still runs."""
        if self._transport:
            self._transport.close()

    def _signal(self, number: int) -> None:
        if self._transport is None or self.exited.done():
            return
        try:
            if sys.platform == "win32":
                self._transport.terminate()
            else:
                os.killpg(self._transport.get_pid(), number)  # it leads its own session, hence its own group
        except (ProcessLookupError, PermissionError):
            pass


async def spawn(argv: Sequence[str], *, stdin: bool = False) -> Child:
    """Start ``argv`` in a session of its own: our Ctrl-C, terminal and descriptors stay ours.

    Raises PlayerError when the program cannot be started.
    """
    loop = asyncio.get_running_loop()
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        _, child = await loop.subprocess_exec(
            Child,
            *argv,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # no effect on Windows
            creationflags=flags,
            close_fds=True,
        )
    except (OSError, ValueError) as error:
        name = PurePath(argv[0]).name
        why = error.strerror if isinstance(error, OSError) else str(error)
        hint = "Check that the program is installed and may be executed."
        raise PlayerError(f"{name} could not be started: {why}.", hint) from error
    return child
