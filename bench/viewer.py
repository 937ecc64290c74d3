"""A viewer in real time: takes the film as a player does, and tells of each stall.

    python -m bench.viewer URL --rate BYTES --length SECONDS [--from BYTE] PHASE…

PHASE is play:SECONDS (of film) or pause:SECONDS (by the clock, the connection kept). The answer is one line of JSON
(a ``Viewing``). It runs in the client's network namespace. URL may be a path.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from bench.model import Stall
from bench.playback import Playback

TICK = 0.02
"""Seconds between two looks at what arrived."""
CHUNK = 1 << 16
AGAIN = 0.5
"""Seconds after which a player asks anew when the server ended the answer."""
PATIENCE = 2.0
"""A phase of playing is given up after this many times its length, and a minute."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Part of a viewing."""

    kind: str
    seconds: float


@dataclass(slots=True)
class Viewing:
    """What a viewer saw. Times by CLOCK_MONOTONIC."""

    started: float | None = None
    played: float = 0.0
    """Seconds of film."""
    bytes: int = 0
    stalls: list[Stall] = field(default_factory=list)
    reconnects: int = 0
    """How often the server ended the answer early."""
    whole: bool = False
    """Whether all phases came to their end."""


def phase(text: str) -> Phase:
    """From an argument."""
    kind, _, seconds = text.partition(":")
    if kind not in ("play", "pause"):
        raise ValueError(f"{text}: play:SECONDS or pause:SECONDS")
    return Phase(kind, float(seconds))


def viewing_from(line: str) -> Viewing:
    """Read back the answer of a viewer."""
    data: dict[str, Any] = json.loads(line)
    data["stalls"] = [Stall(**stall) for stall in data["stalls"]]
    return Viewing(**data)


class Intake:
    """Reads the film in a thread of its own, while the player wants more."""

    def __init__(self, url: str, first: int) -> None:
        self._url = url
        self._first = first
        self._wanted = threading.Event()
        self._ended = False
        self.arrived = 0
        """Bytes so far."""
        self.reconnects = 0
        threading.Thread(target=self._run, daemon=True).start()

    def want(self, more: bool) -> None:
        """Read on, or hold."""
        if more:
            self._wanted.set()
        else:
            self._wanted.clear()

    def _run(self) -> None:
        while not self._ended:
            self._wanted.wait()
            try:
                with self._open() as body:
                    self._take(body)
            except (OSError, http.client.HTTPException):
                pass  # asked for again below, and counted
            if not self._ended:
                self.reconnects += 1
                time.sleep(AGAIN)

    def _open(self) -> IO[bytes]:
        place = self._first + self.arrived
        if self._url.startswith("/"):
            file = Path(self._url).open("rb", buffering=0)  # noqa: SIM115 - closed by the caller
            file.seek(place)
            return file
        request = urllib.request.Request(self._url, headers={"Range": f"bytes={place}-"})
        answer: IO[bytes] = urllib.request.urlopen(request, timeout=60)
        return answer

    def _take(self, body: IO[bytes]) -> None:
        read = getattr(body, "read1", body.read)
        while data := read(CHUNK):
            self.arrived += len(data)
            self._wanted.wait()
        self._ended = not getattr(body, "length", None)  # what an answer still owes; a file owes nothing


def view(url: str, first: int, rate: float, length: float, phases: list[Phase]) -> Viewing:
    """Go through all phases."""
    now = time.monotonic()
    playback, intake = Playback(rate, length, now), Intake(url, first)
    done = all(_go(playback, intake, one) for one in phases)
    playback.advance(time.monotonic(), intake.arrived)
    playback.end(time.monotonic())
    return Viewing(
        started=playback.started,
        played=playback.position,
        bytes=intake.arrived,
        stalls=playback.stalls,
        reconnects=intake.reconnects,
        whole=done,
    )


def _go(playback: Playback, intake: Intake, one: Phase) -> bool:
    """Whether the phase came to its end."""
    if one.kind == "pause":
        playback.pause(time.monotonic(), intake.arrived)
        intake.want(False)
        time.sleep(one.seconds)
        playback.go_on(time.monotonic())
        return True
    until = playback.position + one.seconds
    give_up = time.monotonic() + PATIENCE * one.seconds + 60
    while playback.position < until and not playback.over:
        intake.want(playback.wants)
        time.sleep(TICK)
        playback.advance(time.monotonic(), intake.arrived)
        if time.monotonic() > give_up:
            return False
    return True


def main() -> None:
    """View, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("phases", nargs="+", type=phase)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--length", type=float, required=True)
    parser.add_argument("--from", type=int, default=0, dest="first")
    options = parser.parse_args()
    viewing = view(options.url, options.first, options.rate, options.length, options.phases)
    print(json.dumps(asdict(viewing)), flush=True)


if __name__ == "__main__":
    main()
