"""The ``headrace`` command in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import headrace
from kit.waiting import Log

PACKAGE = str(Path(headrace.__file__).parents[1])


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """A running command; ``events`` are the objects of ``--json``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: Log[dict[str, Any]] = Log()
        self._lines: list[str] = []
        self._out = asyncio.create_task(self._listen())
        self._err = asyncio.create_task(process.stderr.read())  # type: ignore[union-attr]

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            line = raw.decode()
            self._lines.append(line)
            if line.startswith("{"):
                self.events(json.loads(line))
        self.events.end("the command has ended")

    async def event(self, name: str, *, after: float = 0, within: float = 60, **fields: Any) -> dict[str, Any]:
        """The first event of that name with these fields, ``after`` seconds from the command's start."""
        wanted = {"event": name, **fields}
        return await self.events.until(
            lambda event: event["t"] >= after and all(event.get(key) == wanted[key] for key in wanted),
            within=within,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command alone."""
        self.process.send_signal(number)

    async def end(self, within: float = 60) -> Ended:
        """Wait for its end."""
        try:
            async with asyncio.timeout(within):
                await self._out
                err = (await self._err).decode()
                code = await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"it has not ended within {within} s: {self.events.all[-5:]}") from None
        return Ended(code, "".join(self._lines), err)

    async def kill(self) -> None:
        """SIGKILL, if it has not ended."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await self.process.wait()
        for task in (self._out, self._err):
            task.cancel()


class Headrace:
    """Starts commands with a home of their own; none outlives the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.prefix: tuple[str, ...] = ()
        """What the command is run by: ``ip netns exec NAME``."""
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "XDG_"))},
            "HOME": str(home),
            "PYTHONPATH": PACKAGE,
            "HEADRACE_INTERFACE": "127.0.0.1",  # nothing leaves the machine, whatever a test forgets
            "HEADRACE_DHT": "no",
        }
        self._started: list[Command] = []

    async def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Command:
        """Start ``headrace ARGUMENTS``."""
        process = await asyncio.create_subprocess_exec(
            *self.prefix,
            *(sys.executable, "-m", "headrace"),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self.environment, **(env or {})},
            limit=1 << 24,
        )
        command = Command(process)
        self._started.append(command)
        return command

    async def run(self, *arguments: str, within: float = 60, env: Mapping[str, str] | None = None) -> Ended:
        """Run it to its end."""
        return await (await self.start(*arguments, env=env)).end(within)

    async def close(self) -> None:
        """End what still runs."""
        for command in self._started:
            await command.kill()


@contextlib.asynccontextmanager
async def headrace_in(home: Path) -> AsyncIterator[Headrace]:
    """Commands whose home is this folder."""
    made = Headrace(home)
    try:
        yield made
    finally:
        await made.close()


def plain(ended: Ended, code: int, *words: str) -> None:
    """It ended with this code, and said why in one or two lines with these words."""
    assert ended.code == code, ended
    lines = ended.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err, ended.err


def events(ended: Ended) -> Sequence[dict[str, Any]]:
    """All that it told with ``--json``."""
    return [json.loads(line) for line in ended.out.splitlines()]
