from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import choose
from headrace.core.choose import main_video, matches, playlist, select
from headrace.core.episodes import Episode
from headrace.core.pieces import FileEntry
from headrace.errors import InputError


def entries(*files: tuple[str, int]) -> list[FileEntry]:
    return [FileEntry(index, path, size, 0) for index, (path, size) in enumerate(files)]


MOVIE = entries(
    ("Movie/readme.txt", 9000), ("Movie/Movie.mkv", 1000), ("Movie/Sample/s.mkv", 60), ("Movie/Movie.en.srt", 5)
)
PACK = [
    *entries(
        ("Show/Season 1/Show.S01E10.mkv", 990),
        ("Show/Season 1/Show.S01E02.mkv", 1000),
        ("Show/Season 2/05 - Five.mkv", 900),
        ("Show/Season 2/06-07.mkv", 1),
        ("Show/Season 2/Show.S02E06-E08.mkv", 1500),
        ("Show/Season 2/Show.S02E06.srt", 9999),
        ("Show/[Group] Cover [1080p].jpg", 70),
    ),
    FileEntry(7, ".pad/12345", 5000, 0, pad=True),
]


def test_the_main_video() -> None:
    assert main_video(MOVIE).index == 1
    assert main_video(PACK).index == 4


def test_audio_counts_when_there_is_no_video() -> None:
    album = entries(("10 b.flac", 50), ("2 a.flac", 90), ("cover.jpg", 999))
    assert main_video(album).index == 1
    assert [entry.index for entry in playlist(album)] == [1, 0]
    both = [*album, FileEntry(3, "clip.mkv", 5, 0)]
    assert main_video(both).index == 3
    assert [entry.index for entry in playlist(both)] == [3]


def test_of_equals_the_first_is_the_main_video() -> None:
    assert main_video(entries(("E10.mkv", 5), ("E2.mkv", 5))).index == 1


def test_playlists_are_in_natural_order_without_extras() -> None:
    assert [entry.index for entry in playlist(MOVIE)] == [1]
    assert [entry.index for entry in playlist(PACK)] == [1, 0, 2, 3, 4]


@pytest.mark.parametrize(
    "names",
    [
        ("S01E01.mkv", "S01E02.mkv", "1x03.mkv", "2x01.mkv"),
        ("Show.S01E02.mkv", "Show.1x10.mkv", "Show.2x01.mkv", "Show.S02E02.mkv"),
        ("Show/Show s01.e01.mkv", "Show/Show S01E02.mkv", "Show/Show 1x03-04.mkv", "Show/Show S1 Ep5.mkv"),
        ("Show 1x02/a.mkv", "Show S01E03/a.mkv", "Show 2x01/a.mkv", "Show S10E01/a.mkv"),
        # Two shows stay apart, and what is no episode stays where its name puts it.
        ("Alpha 2x01.mkv", "Beta S01E01.mkv"),
        ("Show 1920x1080.mkv", "Show S01E01.mkv", "Show 2x01.mkv", "Show the film.mkv"),
    ],
)
def test_episodes_are_in_order_however_they_are_spelt(names: tuple[str, ...]) -> None:
    assert [entry.path for entry in playlist(entries(*((name, 5) for name in reversed(names))))] == list(names)


def test_two_spellings_of_one_episode_have_an_order() -> None:
    either = [entries(("2x01.mkv", 5), ("S02E01.mkv", 5)), entries(("S02E01.mkv", 5), ("2x01.mkv", 5))]
    assert [[entry.path for entry in playlist(files)] for files in either] == [["2x01.mkv", "S02E01.mkv"]] * 2


@pytest.mark.parametrize("choice", [main_video, playlist])
@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], ["no files"]),
        (entries(("a.txt", 2048), ("b.mkv", 0)), ["0 a.txt (2.0 KiB)", "1 b.mkv (0 B)"]),
        (entries(("m.part1.rar", 5), ("m.r00", 5)), ["archives"]),
        (entries(*[(f"{n}.txt", n) for n in range(9)]), ["8 8.txt", "3 3.txt (3 B) and 3 more"]),
        (entries(*[(f"{n}.txt", n) for n in range(6)]), ["0 0.txt (0 B)."]),
        (entries(("x\x1b[31m.txt", 1)), ["x?[31m.txt"]),
        (entries(("x" * 200 + ".txt", 1)), ["…xxx"]),
        ([FileEntry(0, "pad.mkv", 5, 0, pad=True)], ["no files"]),
    ],
)
def test_nothing_playable(choice: object, files: list[FileEntry], words: list[str]) -> None:
    assert callable(choice)
    with pytest.raises(InputError, match="no video") as caught:
        choice(files)
    for word in words:
        assert word in caught.value.hint
    assert "\n" not in str(caught.value)
    assert caught.value.kind == "nothing_playable"


@pytest.mark.parametrize(
    ("selector", "index"),
    [
        # An index is the torrent's own, whatever it is of.
        ("0", 0),
        ("5", 5),
        ("05", 5),
        (" 6 ", 6),
        # Episodes.
        ("S01E02", 1),
        ("s1e2", 1),
        ("1x02", 1),
        ("S01E10", 0),
        ("S02E05", 2),
        ("2x5", 2),
        ("S02E07", 4),
        ("s02e08", 4),
        # Globs, on names and on paths.
        ("*.srt", 5),
        ("*.JPG", 6),
        ("show.s01e1?.mkv", 0),
        ("Show/Season 2/05*", 2),
        ("*e[01]2.mkv", 1),
        # Of several the best: the largest, or the first if all are episodes.
        ("*.mkv", 1),
        ("Season 1", 1),
        ("*S02*", 4),
        ("Season 2", 2),
        ("show/*", 1),
        # Names, from the strictest reading.
        ("show/season 2/show.s02e06.SRT", 5),
        ("Show.S02E06.srt", 5),
        ("five", 2),
        ("05 - five", 2),
        ("05 five", 2),
        ("show s01e10", 0),
        ("[Group] Cover [1080p].jpg", 6),
        ("[group]", 6),
    ],
)
def test_selectors(selector: str, index: int) -> None:
    assert select(PACK, selector).index == index


def test_a_stem_is_stricter_than_a_part() -> None:
    files = entries(("Movie 2.mkv", 900), ("Movie.mkv", 100))
    assert select(files, "movie").index == 1
    assert select(files, "mov").index == 0


def test_extras_are_not_the_best_match() -> None:
    assert select(MOVIE, "*.mkv").index == 1
    assert select(MOVIE, "sample").index == 2
    assert select(MOVIE, "*").index == 1
    assert select(MOVIE, "*.txt").index == 0


def test_all_matches_come_in_natural_order() -> None:
    assert [entry.index for entry in matches(PACK, "season 1")] == [1, 0]
    assert [entry.index for entry in matches(PACK, "*.mkv")] == [1, 0, 2, 3, 4]


@pytest.mark.parametrize("selector", ["", " ", "8", "7", "9" * 20, "-1", "S3E1", "*.avi", "nothing", "...", "[x", "?"])
def test_no_such_file(selector: str) -> None:
    with pytest.raises(InputError, match="has no file") as caught:
        select(PACK, selector)
    assert "4 Show/Season 2/Show.S02E06-E08.mkv (1.5 KiB)" in caught.value.hint
    assert caught.value.kind == "no_such_file"


def test_an_episode_that_only_the_library_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def library(path: str) -> Episode | None:
        asked.append(path)
        return Episode(3, (4,)) if "strange" in path else None

    monkeypatch.setattr(choose, "episode_of", library)
    files = entries(("a.S01E01.mkv", 5), ("strange.mkv", 5))
    assert select(files, "S01E01").index == 0
    assert not asked
    assert select(files, "S03E04").index == 1


NAMES = st.lists(st.sampled_from(["a", "b", "/", ".mkv", ".txt", ".mp3", "S01E02", "sample", "2", "10"]), max_size=4)
FILES = st.lists(st.tuples(NAMES.map("".join), st.integers(0, 9), st.booleans()), max_size=5).map(
    lambda files: [FileEntry(index, path, size, 0, pad) for index, (path, size, pad) in enumerate(files)]
)


@given(FILES, st.one_of(st.text("ab*?[].S01E2 m", max_size=5), st.text(max_size=4)))
def test_an_answer_is_one_of_the_files_or_a_refusal(files: list[FileEntry], selector: str) -> None:
    for choice in (lambda: main_video(files), lambda: select(files, selector)):
        try:
            found = choice()
        except InputError:
            continue
        assert found in files
        assert not found.pad


@given(FILES)
def test_the_main_video_is_on_the_playlist(files: list[FileEntry]) -> None:
    try:
        listed = playlist(files)
    except InputError:
        return
    assert main_video(files) in listed
    assert len(set(listed)) == len(listed)
    assert select(files, str(listed[0].index)) == listed[0]
