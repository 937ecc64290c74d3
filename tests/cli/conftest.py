from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import headrace
from headrace.core import events
from headrace.core.pieces import FileEntry, Layout

MAGNET = "magnet:?xt=urn:btih:" + "ab" * 20
MIB = 1024**2

NOTES: tuple[events.Note, ...] = (
    events.Starting(MAGNET),
    events.Metadata(
        "ab" * 20, "Show", 9 * MIB, MIB, ({"index": 0, "path": "Show/a.mkv", "size": 9 * MIB, "kind": "video"},)
    ),
    events.Selected(0, "Show/a.mkv", 9 * MIB),
    events.Serving("http://127.0.0.1:8888/stream/x/0/a.mkv", "http://127.0.0.1:8888/playlist/x.m3u8", 8888),
    events.Ready(MIB),
    events.Player("mpv", "playing"),
    events.Waiting("slow", "piece 4 on the way", 4, 2.0),
    events.Resumed(2.5),
    events.Warning("disk", "nearly full"),
    events.Done(60.0, 9 * MIB, MIB),
)


class FakeApp(types.ModuleType):
    """In place of ``headrace.app``: keeps what it was called with, says ``notes``, and ends with ``ending``."""

    def __init__(self) -> None:
        super().__init__("headrace.app")
        self.calls: list[tuple[str, Any, Any]] = []
        self.notes: tuple[events.Note, ...] = NOTES
        self.ending: int | BaseException = 0
        self.layout = Layout(
            "Show",
            MIB,
            9 * MIB,
            (
                FileEntry(0, "Show/read me.txt", 1000, 0),
                FileEntry(1, ".pad/1", 24, 1000, pad=True),
                FileEntry(2, "Show/a\x1b[31m.mkv", 8 * MIB, 1024),
                FileEntry(3, "Show/sample.mkv", 100, 1024 + 8 * MIB),
            ),
        )

    def _end(self) -> int:
        if isinstance(self.ending, BaseException):
            raise self.ending
        return self.ending

    def _work(self, verb: str, settings: Any, loaded: Any, say: Callable[[events.Note], None]) -> int:
        self.calls.append((verb, settings, loaded))
        for note in self.notes:
            say(note)
        return self._end()

    def play(self, settings: Any, loaded: Any, say: Callable[[events.Note], None], flags: frozenset[str]) -> int:
        self.flags = flags
        return self._work("play", settings, loaded, say)

    def download(self, settings: Any, loaded: Any, say: Callable[[events.Note], None]) -> int:
        return self._work("download", settings, loaded, say)

    def serve(self, settings: Any, say: Callable[[events.Note], None], fixed: frozenset[str], invite: Any) -> int:
        self.invite = invite
        return self._work("serve", settings, fixed, say)

    def list_files(self, settings: Any, loaded: Any) -> Layout:
        self.calls.append(("files", settings, loaded))
        self._end()
        return self.layout


@pytest.fixture(autouse=True)
def clean_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings but those of the test."""
    for name in list(os.environ):
        if name.startswith(("HEADRACE_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    fake = FakeApp()
    monkeypatch.setitem(sys.modules, "headrace.app", fake)
    monkeypatch.setattr(headrace, "app", fake, raising=False)
    return fake
