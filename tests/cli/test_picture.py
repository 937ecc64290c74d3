from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headrace.cli import words
from headrace.cli.picture import Picture, lines, map_of
from headrace.core import events

MIB = 1024**2
PROGRESS = events.Progress("playing", 723.0, 3130.0, 80.0, 34, 100, 3 * MIB, 120 * 1024, 24, 12, 1)
METADATA = events.Metadata("ab", "Show", 1200 * MIB, MIB, ())
SELECTED = events.Selected(0, "Show/Sintel.mkv", 1200 * MIB)
SERVING = events.Serving("http://127.0.0.1:8888/stream/abababab/0/Sintel.mkv", "http://127.0.0.1/p", 8888)


class Mapped(events.Progress, frozen=True):
    map: str | bytes = ""


def picture(*notes: events.Note, url_first: bool = False) -> Picture:
    made = Picture(url_first=url_first)
    for note in notes:
        made.take(note)
    return made


def drawn(made: Picture, width: int = 72, *, unicode: bool = True) -> list[str]:
    return ["".join(part.text for part in line) for line in lines(made, width, unicode=unicode)]


def test_while_it_plays() -> None:
    shown = drawn(picture(METADATA, SELECTED, SERVING, events.Player("mpv", "playing"), PROGRESS))
    assert shown[0] == "Sintel.mkv  1.2 GiB"
    assert shown[1] == "Playing 12:03 / 52:10 · mpv"
    assert shown[2].endswith("  34 %")
    assert shown[3] == "1:20 ahead · down 3.0 MiB/s · up 120 KiB/s · 24 peers, 12 seeds"
    assert shown[4] == SERVING.url


def test_the_start() -> None:
    made = picture(events.Starting("magnet:?xt=urn:btih:ab"))
    assert drawn(made) == ["ab", "Getting the metadata"]
    made.take(events.Waiting("no_peers", "looking for peers: none answered yet, waiting 3 s", None, 3.0))
    assert drawn(made)[-1] == "looking for peers: none answered yet, waiting 3 s"
    made.take(METADATA)
    made.take(replace(PROGRESS, state="buffering", position=None, time_to_playable=3.2))
    made.take(events.Resumed(1.0))
    assert "Buffering · plays in about 3 s" in drawn(made)
    assert not any("looking" in line for line in drawn(made))
    made.take(events.Ready(MIB))
    assert "Ready" in drawn(made)[1]


def test_where_it_goes_on_is_shown_until_it_was_noticed() -> None:
    told = "Going on at 12:34; --no-resume starts at the beginning"
    made = picture(METADATA, SELECTED, events.GoingOn(0, "Show/Sintel.mkv", 754.0))
    assert told in drawn(made)
    made.take(replace(PROGRESS, position=760.0))
    assert told in drawn(made)
    made.take(replace(PROGRESS, position=775.0))
    assert told not in drawn(made)


def test_the_reason_of_a_wait_and_warnings_are_shown() -> None:
    made = picture(SELECTED, replace(PROGRESS, state="waiting"))
    made.take(events.Waiting("piece_unavailable", "no connected peer has piece 412 yet: waiting 12 s", 412, 12.0))
    made.take(events.Warning("disk", "nearly full"))
    shown = drawn(made)
    assert "Waiting 12:03 / 52:10" in shown
    assert "no connected peer has piece 412 yet: waiting 12 s" in shown
    assert shown[-1] == "Warning: nearly full"
    assert any("412" in line for line in drawn(made, 30))


def test_the_url_comes_first_where_it_is_what_is_wanted() -> None:
    assert drawn(picture(SELECTED, SERVING, url_first=True))[1] == SERVING.url
    assert drawn(picture(SELECTED, SERVING))[-1] == SERVING.url


def test_the_player_says_what_it_does_if_it_differs() -> None:
    assert drawn(picture(events.Player("mpv", "starting"), PROGRESS))[0].endswith("· mpv: starting")
    assert "none" not in drawn(picture(events.Player("none", "playing"), PROGRESS))[0]


def test_a_player_that_has_all_its_bytes_still_plays() -> None:
    whole = replace(PROGRESS, state="finished")
    assert drawn(picture(events.Player("mpv", "playing"), whole))[0] == "Playing 12:03 / 52:10 · mpv"
    assert drawn(picture(events.Player("mpv", "paused"), whole))[0] == "Paused 12:03 / 52:10 · mpv"
    assert drawn(picture(events.Player("mpv", "ended"), whole))[0] == "Complete · mpv: ended"


def test_the_headline_is_broken_between_its_parts() -> None:
    made = picture(events.Player("mpv", "starting"), replace(PROGRESS, state="buffering", time_to_playable=3.0))
    assert drawn(made, 36)[:2] == ["Buffering · plays in about 3 s", "mpv: starting"]


def test_the_end() -> None:
    made = picture(SELECTED, PROGRESS, events.Waiting("slow", "slow", 1, 1.0), events.Done(60.0, 9 * MIB, MIB))
    assert drawn(made)[1] == "Played 1:00 · received 9.0 MiB · sent 1.0 MiB"
    assert "slow" not in drawn(made)
    assert drawn(picture(events.Done(0.0, MIB, 0))) == ["received 1.0 MiB · sent 0 B"]


def test_a_download_says_when_all_is_there() -> None:
    made = picture(SELECTED, replace(PROGRESS, state="ready", wanted=100 * MIB, downloaded=40 * MIB, position=None))
    made.fetching = True
    assert drawn(made)[1] == "Downloading · done in about 20 s"
    assert drawn(made)[3] == "down 3.0 MiB/s · up 120 KiB/s · 24 peers, 12 seeds"
    made.take(replace(PROGRESS, state="ready", down_rate=0))
    assert drawn(made)[1] == "Downloading"
    made.take(replace(PROGRESS, state="waiting", position=None))
    assert drawn(made)[1] == "Waiting"
    made.take(replace(PROGRESS, state="finished", position=None))
    assert drawn(made)[1] == "Complete"


def test_the_bar_fills_with_what_is_there() -> None:
    still = replace(PROGRESS, position=None)
    bar = drawn(picture(replace(still, downloaded=50)), 26)[1]
    assert bar == "██████████░░░░░░░░░░  50 %"
    assert drawn(picture(replace(still, downloaded=50)), 26, unicode=False)[1] == "##########..........  50 %"
    assert drawn(picture(replace(still, downloaded=0)), 26)[1] == "░" * 20 + "   0 %"
    assert drawn(picture(replace(still, downloaded=999)), 26)[1] == "█" * 20 + " 100 %"
    assert drawn(picture(replace(still, state="finished", downloaded=0)), 26)[1] == "█" * 20 + " 100 %"


def test_the_bar_shows_the_map_when_there_is_one() -> None:
    mapped = Mapped("playing", None, None, 80.0, 34, 100, 0, 0, 1, 1, 1, map="8080")
    assert drawn(picture(mapped), 10)[1].startswith("█░█░")
    assert drawn(picture(mapped), 8)[1].startswith("▓▓")
    assert drawn(picture(replace(mapped, map=bytes([8, 0, 0, 1]))), 10)[1].startswith("█░░▒")
    assert map_of(replace(mapped, map="")) == []
    assert map_of(None) == []


def test_the_bar_shows_where_the_player_is() -> None:
    made = picture(replace(PROGRESS, position=50.0, duration=100.0))
    bar = next(line for line in lines(made, 26) if len(line) == 4)
    assert (bar[0].text, bar[1].style, len(bar[0].text)) == ("█" * 6 + "▓" + "░" * 3, "reverse", 10)
    end = picture(replace(PROGRESS, position=101.0, duration=100.0))
    assert len(next(line for line in lines(end, 26) if len(line) == 4)[0].text) == 19


def test_names_from_strangers_cannot_steer_the_terminal() -> None:
    made = picture(
        events.Starting("a\x1b[2J"),
        replace(METADATA, name="b\x1b]0;x\x07"),
        replace(SELECTED, path="d/c\x1b[31m\n.mkv"),
        replace(SERVING, url="http://h/\x1b"),
        events.Player("p\x1b", "pl\x1baying"),
        events.Waiting("slow", "w\x1b", 1, 1.0),
        events.Warning("k", "m\x1b"),
        replace(PROGRESS, state="st\x1bate"),
    )
    assert all(line.isprintable() for line in drawn(made))


NOTES = st.sampled_from(
    [
        METADATA,
        replace(SELECTED, path="d/" + "日本 long name " * 9 + ".mkv"),
        SERVING,
        PROGRESS,
        replace(PROGRESS, state="buffering", time_to_playable=100.0, position=None),
        replace(PROGRESS, wanted=0),
        events.Player("mpv", "starting"),
        events.Waiting("slow", "arrives at 391 KiB/s, the video plays at 586 KiB/s", 1, 1.0),
        events.Warning("disk", "w" * 90),
        events.Done(60.0, MIB, MIB),
    ]
)


@given(st.lists(NOTES, max_size=8), st.integers(12, 60), st.booleans())
def test_every_line_fits(notes: list[events.Note], width: int, unicode: bool) -> None:
    shown = drawn(picture(*notes), width, unicode=unicode)
    assert all(words.cells(line) <= width for line in shown)


@pytest.mark.parametrize("width", [-3, 0, 1, 5])
def test_a_terminal_without_room_does_not_crash(width: int) -> None:
    assert drawn(picture(METADATA, SELECTED, SERVING, PROGRESS, events.Warning("k", "m")), width)
