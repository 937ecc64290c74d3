from __future__ import annotations

import io

from headrace.cli.plain import PlainPrinter
from headrace.core import events

MIB = 1024**2


def progress(downloaded: int, state: str = "buffering") -> events.Progress:
    return events.Progress(state, None, None, None, downloaded, 100, 2 * MIB, 0, 3, 1, 0)


def said(*notes: events.Note) -> list[str]:
    out = io.StringIO()
    printer = PlainPrinter(out)
    for note in notes:
        printer(note)
    printer.close()
    return out.getvalue().splitlines()


def test_a_line_for_each_thing_that_happens() -> None:
    assert said(
        events.Starting("magnet:?xt=urn:btih:ab"),
        events.Metadata("ab", "Show\x1b[2J", 9 * MIB, MIB, ({}, {})),
        events.Selected(0, "Show/a.mkv", 9 * MIB),
        events.Serving("http://127.0.0.1:1/x", "http://127.0.0.1:1/p", 1),
        events.Ready(MIB),
        events.GoingOn(0, "Show/a.mkv", 754.2),
        events.Player("mpv", "playing"),
        events.Warning("disk", "nearly full"),
        events.Done(60.0, 9 * MIB, MIB),
    ) == [
        "Opening ab",
        "Show [2J: 2 files, 9.0 MiB",
        "Chosen: Show/a.mkv (9.0 MiB)",
        "Serving http://127.0.0.1:1/x",
        "Ready: 1.0 MiB buffered",
        "Going on at 12:34; --no-resume starts at the beginning",
        "mpv: playing",
        "Warning: nearly full",
        "Done: played 1:00, received 9.0 MiB, sent 1.0 MiB",
    ]


def test_what_does_not_change_is_not_repeated() -> None:
    assert said(
        events.Player("mpv", "playing"),
        events.Player("mpv", "playing"),
        events.Waiting("slow", "slow one", 1, 1.0),
        events.Waiting("slow", "slow two", 1, 6.0),
        events.Waiting("choked", "choked", 1, 11.0),
        events.Resumed(12.4),
        events.Waiting("choked", "again", 1, 1.0),
        events.Player("mpv", "paused"),
    ) == [
        "mpv: playing",
        "Waiting: slow one",
        "Waiting: choked",
        "Going on after 12 s",
        "Waiting: again",
        "mpv: paused",
    ]


def test_a_download_tells_each_tenth_once() -> None:
    lines = said(*(progress(n) for n in (0, 5, 10, 12, 35, 34, 100, 100)))
    assert lines == [f"{n}%: 2.0 MiB/s from 3 peers" for n in (10, 35, 100)]


def test_progress_while_playing_is_not_told() -> None:
    assert said(events.Player("mpv", "playing"), progress(50, "playing")) == ["mpv: playing"]


def test_nothing_wanted_is_no_progress() -> None:
    assert said(events.Progress("metadata", None, None, None, 0, 0, 0, 0, 0, 0, 0)) == []


def test_a_download_says_nothing_of_playing() -> None:
    assert said(events.Done(0.0, MIB, 0)) == ["Done: received 1.0 MiB, sent 0 B"]


def test_a_closed_pipe_is_survived() -> None:
    class Gone(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            raise BrokenPipeError

    out, heard = Gone(), list[events.Note]()
    printer = PlainPrinter(out, heard.append)
    printer(events.Ready(1))
    printer(events.Ready(2))
    assert (out.writes, len(heard)) == (1, 2)
