"""What files are to a viewer."""

from __future__ import annotations

from headrace.core.pieces import FileEntry
from headrace.http.catalog import described, text_subtitles


def entries(*paths, size=1_000_000_000):
    return [FileEntry(index, path, size, size * index) for index, path in enumerate(paths)]


def test_a_season_pack():
    files = entries("Show/S01E10.mkv", "Show/S01E02-E03.mkv", "Show/2x01.mp4", "Show/S01E10.srt")
    found = described([*files, FileEntry(4, "Show/sample.mkv", 1000, 4_000_000_000)])
    assert [found[index]["order"] for index in range(5)] == [1, 0, 2, None, None]
    assert found[1]["episode"] == {"season": 1, "episodes": [2, 3]}
    assert found[3]["episode"] is found[4]["episode"] is None
    season = {"season": 2, "episodes": [1]}
    assert found[2] == {"offset": 2_000_000_000, "media_type": "video/mp4", "order": 2, "episode": season}


def test_nothing_plays():
    assert described(entries("a.txt"))[0] == {"offset": 0, "media_type": "text/plain", "order": None, "episode": None}
    assert described([]) == {}


def test_only_subtitles_that_are_text():
    files = entries("Film.mkv", "Film.en.srt", "Film.sup", "Film.idx", "Film.sub", "Film.de.ass", "Film.lrc")
    assert [found.entry.index for found in text_subtitles(files, files[0])] == [5, 1]
