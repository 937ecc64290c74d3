from __future__ import annotations

import io
import json
import sys

import pytest

from headrace.cli import output
from headrace.cli.jsonl import JsonPrinter
from headrace.cli.output import Later, Quiet
from headrace.cli.plain import PlainPrinter
from headrace.core import events
from headrace.settings import Settings

SERVING = events.Serving("http://127.0.0.1:1/x", "http://127.0.0.1:1/p", 1)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_which_view(monkeypatch: pytest.MonkeyPatch) -> None:
    from headrace.cli.view import LiveView

    monkeypatch.setattr(sys, "stderr", Tty())
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(output.choose(Settings(), "play"), LiveView)
    assert isinstance(output.choose(Settings(debug=True), "play"), PlainPrinter)
    assert isinstance(output.choose(Settings(quiet=True), "play"), Quiet)
    assert isinstance(output.choose(Settings(json=True, quiet=True), "play"), JsonPrinter)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(output.choose(Settings(), "play"), PlainPrinter)


def test_without_a_terminal_lines_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(output.choose(Settings(), "play"), PlainPrinter)


@pytest.mark.parametrize(
    ("settings", "verb", "printed"),
    [
        (Settings(player="none", quiet=True), "play", SERVING.url + "\n"),
        (Settings(player="none"), "play", SERVING.url + "\n"),
        (Settings(player="mpv"), "play", ""),
        (Settings(player="none"), "download", ""),
    ],
)
def test_the_url_goes_to_standard_output_where_it_is_the_result(
    settings: Settings, verb: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Later(settings, verb) as say:
        say(events.Ready(1))
        say(SERVING)
    assert capsys.readouterr().out == printed


def test_json_says_nothing_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    with Later(Settings(json=True, player="none"), "play") as say:
        say(SERVING)
    captured = capsys.readouterr()
    assert [json.loads(line)["event"] for line in captured.out.splitlines()] == ["serving"]
    assert captured.err == ""


def test_the_view_is_closed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class View:
        def __call__(self, note: events.Note) -> None:
            raise ZeroDivisionError

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(output, "choose", lambda settings, verb: View())
    with pytest.raises(ZeroDivisionError), Later(Settings(), "play") as say:
        say(SERVING)
    assert closed == [True]


def test_a_closed_pipe_does_not_end_what_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        tried = 0

        def write(self, text: str) -> int:
            self.tried += 1
            raise BrokenPipeError

    gone = Gone()
    monkeypatch.setattr(sys, "stdout", gone)
    quiet = Quiet(True)
    quiet(SERVING)
    quiet.close()
    assert gone.tried == 1


def test_nothing_is_made_before_the_first_note(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(output, "choose", lambda settings, verb: made.append(verb))
    with Later(Settings(), "play"):
        pass
    assert made == []
