from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from msgspec.structs import replace
from rich.console import Console

from headrace.cli.view import LiveView
from headrace.core import events

MIB = 1024**2
PROGRESS = events.Progress("playing", 723.0, 3130.0, 80.0, 34, 100, 3 * MIB, 120 * 1024, 24, 12, 1)
SELECTED = events.Selected(0, "Show/Sintel.mkv", 1200 * MIB)
SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"


class Terminal:
    """A view on a terminal of ``width`` columns, with a clock that stands still until it is set."""

    def __init__(self, width: int = 72) -> None:
        self.out = io.StringIO()
        self.console = Console(file=self.out, force_terminal=True, width=width, height=24, color_system=None)
        self.now = 0.0
        self.view = LiveView(console=self.console, clock=lambda: self.now)

    def pictures(self) -> int:
        return self.out.getvalue().count("Sintel")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_it_draws_on_notes_at_most_four_times_a_second() -> None:
    terminal = Terminal()
    for step in range(16):
        terminal.now = step / 16
        terminal.view(SELECTED)
    assert terminal.pictures() == 4


def test_the_last_picture_is_the_last_state() -> None:
    terminal = Terminal()
    terminal.view(SELECTED)
    terminal.view(PROGRESS)
    assert "Playing" not in terminal.out.getvalue()
    terminal.view.close()
    assert "Playing 12:03 / 52:10" in plain(terminal.out.getvalue())
    drawn = terminal.out.getvalue()
    terminal.view.close()
    assert terminal.out.getvalue() == drawn


def test_the_cursor_comes_back() -> None:
    terminal = Terminal()
    terminal.view(SELECTED)
    assert terminal.out.getvalue().count(HIDE) == 1
    terminal.view.close()
    assert terminal.out.getvalue().rindex(SHOW) > terminal.out.getvalue().rindex(HIDE)
    assert terminal.out.getvalue().endswith(("\n", SHOW))


def test_nothing_was_said_means_nothing_is_drawn() -> None:
    terminal = Terminal()
    terminal.view.close()
    assert terminal.out.getvalue() == ""


@pytest.mark.parametrize("width", [20, 40, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    terminal = Terminal(width)
    for note in (SELECTED, events.Serving("http://127.0.0.1:8888/" + "x" * 99, "", 8888), PROGRESS):
        terminal.now += 1
        terminal.view(note)
    terminal.view.close()
    lines = plain(terminal.out.getvalue()).replace("\r", "\n").split("\n")
    assert max(map(len, lines)) < width or width == 20
    assert max(map(len, lines)) <= width


def test_a_terminal_that_became_narrower_is_cleared_once() -> None:
    terminal = Terminal(72)
    terminal.view(SELECTED)
    terminal.console.width = 40
    for step in (1.0, 2.0):
        terminal.now = step
        terminal.view(replace(SELECTED, path="d/Sintel " + "w" * 60))
    assert terminal.out.getvalue().count("\x1b[2J") == 1
    terminal.console.width = 72
    terminal.now = 3.0
    terminal.view(SELECTED)
    assert terminal.out.getvalue().count("\x1b[2J") == 1
    terminal.view.close()
    assert terminal.out.getvalue().rindex(SHOW) > terminal.out.getvalue().rindex(HIDE)


def test_an_encoding_without_blocks_gets_others() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="replace")
    console = Console(file=stream, force_terminal=True, width=40, height=24, color_system=None)
    view = LiveView(console=console)
    view(replace(PROGRESS, position=None))
    view.close()
    stream.flush()
    assert b"#" in raw.getvalue()
    assert b"?" not in re.sub(rb"\x1b\[\?", b"", raw.getvalue())


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("ending", ["pass", "raise KeyboardInterrupt", "raise ValueError"])
def test_on_a_real_terminal_the_cursor_comes_back_whatever_happens(ending: str) -> None:
    import pty

    code = (
        "import sys; from headrace.cli.output import Later; from headrace.settings import Settings\n"
        "from headrace.core import events\n"
        "with Later(Settings(), 'play') as say:\n"
        "    say(events.Selected(0, 'Show/Sintel.mkv', 5))\n"
        f"    {ending}\n"
    )
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm"}
    ran = subprocess.Popen([sys.executable, "-c", code], stdout=theirs, stderr=theirs, stdin=theirs, env=environ)
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 4096):
            text += chunk
    except OSError:  # Linux's way of saying that the other end is closed
        pass
    os.close(ours)
    ran.wait()
    shown = text.decode()
    assert "Sintel.mkv" in plain(shown)
    assert shown.rindex(SHOW) > shown.rindex(HIDE)
