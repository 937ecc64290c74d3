"""What a viewer does with a tool: the stories of ``bench.scenarios``, each filling its part of a row.

Rules: a story gets a stage and a row, and is done when it returns; what it could not see stays None in the row. It
raises ToolFailed when there is nothing to see at all. All seconds of a row count from the tool's launch.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import paths, players
from bench.model import Row, Scenario, Seek, Stall, Story
from bench.players import Player
from bench.running import Running, ToolFailed
from bench.tools.base import Launch, Tool
from bench.viewer import Viewing, viewing_from

if TYPE_CHECKING:
    from bench.lab import Lab

START_TIMEOUT, SEEK_TIMEOUT = 60.0, 30.0
"""Seconds after which nothing is waited for any longer."""
BEFORE_PAUSE, AFTER_PAUSE = 10.0, 20.0
"""Seconds of film that are played around a pause."""


@dataclass(slots=True)
class Stage:
    """Where a story plays."""

    lab: Lab
    scenario: Scenario
    tool: Tool
    launch: Launch
    player: Player = "ffmpeg"
    """Which one shows the first frame; frames after seeks are ffmpeg's."""

    @property
    def duration(self) -> float:
        """Of the film, seconds."""
        return self.lab.torrent.duration

    def frame(self, url: str, at: float, player: Player = "ffmpeg", timeout: float = SEEK_TIMEOUT) -> float | None:
        """Seconds until a player has a frame at a place (seconds of the film), None if it has none in time."""
        began = time.monotonic()
        process = self.open(url, at, player)
        # a wait with a timeout looks every 50 ms only
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        done = process.wait() == 0
        timer.cancel()
        return time.monotonic() - began if done else None

    def open(self, url: str, at: float, player: Player = "ffmpeg") -> subprocess.Popen[bytes]:
        """Start a player that ends at its first frame."""
        with self.launch.folder.joinpath("player-errors").open("ab") as errors:
            words = players.frame(url, at, player)
            return self.lab.client(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)

    def view(self, url: str, place: float, *phases: str) -> Viewing:
        """View in real time from a place (a share of the film) on. Raises ToolFailed if the viewer dies."""
        size = self.lab.torrent.files[self.lab.torrent.video].size
        words = [sys.executable, "-m", "bench.viewer", url, *phases, "--from", str(int(place * size))]
        words += ["--rate", str(size / self.duration), "--length", str(self.duration * (1 - place))]
        with self.launch.folder.joinpath("player-errors").open("ab") as errors:
            process = self.lab.client(
                words, cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
            output, _ = process.communicate()
        try:
            return viewing_from(output.decode())
        except (ValueError, TypeError) as error:
            raise ToolFailed(f"the viewer ended with {process.returncode}") from error


def begin(stage: Stage, row: Row) -> tuple[Running, str]:
    """Launch the tool and wait for its URL, the first byte and the first frame: how each story begins.

    The tool is ended when there is no URL or no frame.
    """
    running = Running(stage.tool, stage.lab, stage.launch)
    row.launched = row.launched or running.launched
    try:
        return running, _start(stage, row, running)
    except BaseException:
        _end(stage, running, row)
        raise


def _start(stage: Stage, row: Row, running: Running) -> str:
    before = stage.lab.received()
    url = running.offered(START_TIMEOUT)
    row.offered = running.since()
    probe = threading.Thread(target=_first_byte, args=(stage, row, running, url), daemon=True)
    probe.start()
    left = START_TIMEOUT - running.since()
    seconds = stage.frame(url, 0.0, stage.player, left)
    if seconds is None:
        raise ToolFailed(f"no frame after {START_TIMEOUT:.0f} s")
    if stage.player == "mpv":
        row.first_frame_mpv = running.since()
    else:
        row.first_frame = running.since()
    row.received_first_frame = stage.lab.received() - before
    probe.join(2)
    return url


def _first_byte(stage: Stage, row: Row, running: Running, url: str) -> None:
    while (left := START_TIMEOUT - running.since()) > 0:
        words = players.first_byte(url, left)
        if stage.lab.client(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait() == 0:
            row.first_byte = running.since()
            return
        time.sleep(0.05)


def _end(stage: Stage, running: Running, row: Row) -> None:
    row.received = stage.lab.received()
    cpu, memory = running.stop()
    row.cpu += cpu
    row.memory = max(row.memory, memory)


def watch(stage: Stage, row: Row, running: Running, url: str) -> None:
    """Seek into fresh regions, one after another."""
    for to in stage.scenario.seeks:
        time.sleep(stage.scenario.every)
        at, before = running.since(), stage.lab.received()
        seconds = stage.frame(url, to * stage.duration)
        row.seeks.append(Seek(to, seconds, stage.lab.received() - before, at))


def rapid(stage: Stage, row: Row, running: Running, url: str) -> None:
    """Seek again and again without waiting; what counts is the last one."""
    before = stage.lab.received()
    for to in stage.scenario.seeks[:-1]:
        due = time.monotonic() + stage.scenario.every
        process = stage.open(url, to * stage.duration)
        time.sleep(max(0.0, due - time.monotonic()))
        process.kill()
        process.wait()
    at = running.since()
    last = stage.scenario.seeks[-1]
    seconds = stage.frame(url, last * stage.duration)
    row.seeks.append(Seek(last, seconds, stage.lab.received() - before, at))


def playback(stage: Stage, row: Row, running: Running, url: str) -> None:
    """Play from the start in real time."""
    _note(row, running, stage.view(url, 0.0, f"play:{stage.scenario.seconds:g}"))


def pause(stage: Stage, row: Row, running: Running, url: str) -> None:
    """Play, pause with the connection kept, play."""
    phases = (f"play:{BEFORE_PAUSE:g}", f"pause:{stage.scenario.seconds:g}", f"play:{AFTER_PAUSE:g}")
    _note(row, running, stage.view(url, 0.0, *phases))


def viewers(stage: Stage, row: Row, running: Running, url: str) -> None:
    """Several viewers at once: each gets a frame at its place, and then plays from there."""
    places = stage.scenario.seeks[: stage.scenario.viewers]

    def one(place: float) -> tuple[Seek, Viewing]:
        at = running.since()
        seconds = stage.frame(url, place * stage.duration)
        return Seek(place, seconds, 0, at), stage.view(url, place, f"play:{stage.scenario.seconds:g}")

    with ThreadPoolExecutor(len(places)) as pool:
        for seek, viewing in pool.map(one, places):
            row.seeks.append(seek)
            _note(row, running, viewing)


def _note(row: Row, running: Running, viewing: Viewing) -> None:
    row.played += viewing.played
    row.played_bytes += viewing.bytes
    row.reconnects += viewing.reconnects
    row.stalls += [Stall(stall.at - running.launched, stall.seconds) for stall in viewing.stalls]
    if not viewing.whole:
        row.error = f"it was given up after {viewing.played:.0f} s of film"


AFTER: dict[Story, Callable[[Stage, Row, Running, str], None]] = {
    "watch": watch,
    "rapid": rapid,
    "playback": playback,
    "pause": pause,
    "viewers": viewers,
}
"""What comes after the first frame, for all stories with one launch."""


def play(stage: Stage, row: Row) -> None:
    """Go through the scenario's story. Raises ToolFailed; the tool is ended in any case."""
    running, url = begin(stage, row)
    try:
        if stage.scenario.story != "warm":
            AFTER[stage.scenario.story](stage, row, running, url)
    finally:
        _end(stage, running, row)
    if stage.scenario.story == "warm":
        _again(stage, row)


def _again(stage: Stage, row: Row) -> None:
    """The second launch, with what the first one left."""
    second = Row(row.scenario, row.tool)
    running, _ = begin(stage, second)
    _end(stage, running, row)
    row.second_start = second.first_frame if stage.player == "ffmpeg" else second.first_frame_mpv
