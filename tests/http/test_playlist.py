"""Extended M3U."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.http.playlist import Entry, render


def test_entries_with_and_without_durations():
    text = render([Entry("One", "http://h/1", 61.6), Entry("Two, part 2", "http://h/2"), Entry("3", "u", 0.0)], "Pack")
    assert text.split("\n") == [
        "#EXTM3U",
        "#PLAYLIST:Pack",
        "#EXTINF:62,One",
        "http://h/1",
        "#EXTINF:-1,Two, part 2",
        "http://h/2",
        "#EXTINF:0,3",
        "u",
        "",
    ]


def test_without_a_title():
    assert render([]) == "#EXTM3U\n"


@given(st.text(st.characters(codec=None), max_size=8), st.text(max_size=8))
def test_a_title_never_makes_a_line(title, name):
    lines = render([Entry(name, "http://h/1")], "x" + title).encode().decode().splitlines()
    assert len(lines) == 4
    assert lines[3] == "http://h/1"
