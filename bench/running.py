"""A tool at work in a lab: started, its URL waited for, ended.

The tool's folder, its environment and its output are its own; all its processes are ended with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import players
from bench.sampler import Sampler
from bench.tools.base import Launch, Tool, variables

if TYPE_CHECKING:
    from bench.lab import Lab

LOOK = 0.01
"""Seconds between two looks for the URL."""
POLITE = 10.0
"""Seconds that a tool has to end by itself."""


class ToolFailed(RuntimeError):
    """The tool did not do what was asked of it. The message goes into the row."""


class Running:
    """A tool from its launch on. Times of the clock are CLOCK_MONOTONIC."""

    def __init__(self, tool: Tool, lab: Lab, launch: Launch) -> None:
        self._tool = tool
        self._lab = lab
        self._launch = launch
        launch.make_folders()
        launch.output.unlink(missing_ok=True)
        tool.prepare(launch)
        words, environment = tool.argv(launch), variables(tool, launch, os.environ)
        with launch.output.open("wb") as output, launch.errors.open("ab") as errors:
            self.launched = time.monotonic()
            self._process = lab.client(
                words,
                cwd=launch.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        self._sampler = Sampler(self._process.pid)

    def offered(self, timeout: float) -> str:
        """Wait until the tool offers the film, at most so many seconds from its launch. Raises ToolFailed."""
        until = self.launched + timeout
        while not (url := self._tool.find(self._launch, self._process.pid)):
            self._check(until, "no URL")
            time.sleep(LOOK)
        for request in self._tool.requests(self._launch):
            self._ask(request, until)
        return url

    def _ask(self, request: list[str], until: float) -> None:
        while True:
            left = max(1.0, until - time.monotonic())
            asking = self._lab.client(players.curl(request, left), stderr=subprocess.DEVNULL)
            if asking.wait() == 0:
                return
            self._check(until, f"{request[-1]} is refused")
            time.sleep(LOOK)

    def _check(self, until: float, what: str) -> None:
        if self._process.poll() is not None:
            raise ToolFailed(f"it ended with {self._process.returncode}: {self._last_words()}")
        if time.monotonic() > until:
            raise ToolFailed(f"{what} after {until - self.launched:.0f} s")

    def _last_words(self) -> str:
        lines = [
            line
            for name in (self._launch.output, self._launch.errors)
            for line in _text(name).splitlines()
            if line.strip()
        ]
        return lines[-1].strip()[:200] if lines else "it said nothing"

    def since(self) -> float:
        """Seconds since the launch."""
        return time.monotonic() - self.launched

    def stop(self) -> tuple[float, int]:
        """End the tool as its user would, and by force if it does not. Processor seconds and bytes at the peak."""
        used = self._sampler.stop()
        self._signal(self._tool.stop)
        try:
            self._process.wait(POLITE)
        except subprocess.TimeoutExpired:
            pass
        self._tool.clean(self._launch)
        self._signal(signal.SIGKILL)
        self._process.wait()
        return used

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
