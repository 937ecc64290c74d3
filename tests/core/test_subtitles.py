from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import FileEntry
from headrace.core.subtitles import Sidecar, sidecars


def entries(*paths: str) -> list[FileEntry]:
    """Files of one size, but samples and trailers, which are small."""
    return [FileEntry(index, path, 10 if "sample" in path else 1000, 0) for index, path in enumerate(paths)]


def names(paths: list[str], video: str) -> list[str]:
    files = entries(*paths)
    return [sidecar.entry.path for sidecar in sidecars(files, files[paths.index(video)])]


def described(path: str, video: str = "Film.mkv") -> tuple[str, bool, bool]:
    files = entries(video, path)
    (sidecar,) = sidecars(files, files[0])
    return sidecar.language, sidecar.forced, sidecar.hearing_impaired


@pytest.mark.parametrize(
    ("path", "language", "forced", "impaired"),
    [
        ("Film.srt", "", False, False),
        ("Film.en.srt", "en", False, False),
        ("Film.eng.forced.srt", "en", True, False),
        ("film.EN.SDH.srt", "en", False, True),
        ("Film.en.cc.srt", "en", False, True),
        ("Film.en.hi.srt", "en", False, True),
        ("Film.hi.srt", "hi", False, False),
        ("Film.hi.sdh.srt", "hi", False, True),
        ("Film.hin.hi.srt", "hi", False, True),
        ("Film.pt-BR.srt", "pt-BR", False, False),
        ("Film.zh_Hans.ass", "zh-Hans", False, False),
        ("Film.fr-FR.vtt", "fr-FR", False, False),
        ("Film-en-forced.srt", "en", True, False),
        ("Film (English).srt", "en", False, False),
        ("Film [English] [SDH].srt", "en", False, True),
        ("Film.English (Forced).srt", "en", True, False),
        ("Film_german.srt", "de", False, False),
        ("Film.en.default.srt", "en", False, False),
        ("Film.en.1.srt", "en", False, False),
        ("Film.track3.[eng].srt", "en", False, False),
        ("Film.de-en.srt", "en", False, False),
        ("Film.unknown.srt", "", False, False),
        ("Subs/2_English.srt", "en", False, False),
        ("Subs/English.srt", "en", False, False),
        ("Subs/Film/3_English,SDH.srt", "en", False, True),
        ("Subs/French (Canada).srt", "fr", False, False),
        ("Subs/eng.srt", "en", False, False),
        ("Subs/English/Film.srt", "en", False, False),
        ("Subs/fr/other.srt", "fr", False, False),
        # Words of titles are no languages.
        ("Gone in no time.srt", "", False, False),
        ("La vie en rose.srt", "", False, False),
        ("A may be.srt", "be", False, False),
    ],
)
def test_what_a_name_says(path: str, language: str, forced: bool, impaired: bool) -> None:
    assert described(path) == (language, forced, impaired)


def test_a_movie_has_all_that_is_there() -> None:
    paths = ["M/Film.mkv", "M/Subs/2_English.srt", "M/Film.en.srt", "other.srt", "M/Sample/film-sample.mkv", "M/a.nfo"]
    assert names(paths, "M/Film.mkv") == ["M/Film.en.srt", "M/Subs/2_English.srt", "other.srt"]
    # A sample's subtitles are its own.
    assert names([*paths, "M/film-sample.srt"], "M/Film.mkv") == names(paths, "M/Film.mkv")


def test_packs_of_episodes() -> None:
    one, two, ten = (f"Show/Show.S01E{n}.1080p.mkv" for n in ("01", "02", "10"))
    paths = [
        one,
        two,
        ten,
        "Show/Show.S01E01.1080p.en.srt",
        "Show/Subs/Show.S01E02.1080p/3_French.srt",
        "Show/Subs/Show.S01E02.1080p/2_English.srt",
        "Show/Subs/Show.S01E10.en.srt",
        "Show/Subs/show 1x10 [de].srt",
        "Show/Subs/English.srt",
        "Show/Season 2/Show.S02E01.srt",
    ]
    assert names(paths, one) == ["Show/Show.S01E01.1080p.en.srt"]
    assert names(paths, two) == [
        "Show/Subs/Show.S01E02.1080p/2_English.srt",
        "Show/Subs/Show.S01E02.1080p/3_French.srt",
    ]
    assert names(paths, ten) == ["Show/Subs/show 1x10 [de].srt", "Show/Subs/Show.S01E10.en.srt"]


def test_an_episode_without_a_season_fits_any() -> None:
    paths = ["[G] Show - 01.mkv", "[G] Show - 02.mkv", "S1E02.srt"]
    assert names(paths, "[G] Show - 02.mkv") == ["S1E02.srt"]
    assert names(paths, "[G] Show - 01.mkv") == []


def test_packs_of_films() -> None:
    paths = ["P/A/A.mkv", "P/A/Subs/English.srt", "P/B/B.mkv", "P/B/English.srt", "P/English.srt"]
    assert names(paths, "P/A/A.mkv") == ["P/A/Subs/English.srt"]
    assert names(paths, "P/B/B.mkv") == ["P/B/English.srt"]


def test_films_beside_each_other_need_names() -> None:
    paths = ["Film.mkv", "Film 2.mkv", "Film.srt", "Film 2.srt", "Film 2.en.srt", "Filmography.srt", "x/Film.srt"]
    assert names(paths, "Film.mkv") == ["Film.srt", "x/Film.srt"]
    assert names(paths, "Film 2.mkv") == ["Film 2.srt", "Film 2.en.srt"]


def test_films_of_one_name_share_by_folder() -> None:
    paths = ["CD1/film.avi", "CD2/film.avi", "CD1/film.srt", "CD2/s/film.srt", "Subs/film.srt"]
    assert names(paths, "CD1/film.avi") == ["CD1/film.srt", "Subs/film.srt"]
    assert names(paths, "CD2/film.avi") == ["CD2/s/film.srt", "Subs/film.srt"]
    nested = ["film.avi", "a/film.avi", "a/film.srt", "film.srt"]
    assert names(nested, "film.avi") == ["film.srt"]
    assert names(nested, "a/film.avi") == ["a/film.srt"]


def test_the_best_come_first() -> None:
    paths = [
        "M/Film.mkv",
        "M/zz.srt",
        "M/Film.en.forced.srt",
        "M/Film.en.sdh.srt",
        "M/Film.en.sup",
        "M/Film.fr.srt",
        "M/Film.en.srt",
        "M/Film.srt",
        "M/Film.it.forced.sdh.srt",
        "M/Subs/Film.aa.srt",
        "M/Subs/Film/10_English.srt",
        "M/Subs/Film/2_English.srt",
    ]
    assert names(paths, "M/Film.mkv") == [
        "M/Film.srt",
        "M/Film.en.srt",
        "M/Film.fr.srt",
        "M/Film.en.sup",
        "M/Film.en.sdh.srt",
        "M/Film.en.forced.srt",
        "M/Film.it.forced.sdh.srt",
        "M/Subs/Film.aa.srt",
        "M/Subs/Film/2_English.srt",
        "M/Subs/Film/10_English.srt",
        "M/zz.srt",
    ]


def test_vobsub_is_a_pair() -> None:
    files = entries("Film.mkv", "Film.idx", "FILM.sub", "Subs/en.idx", "Film.de.sub")
    found = sidecars(files, files[0])
    assert found == [Sidecar(files[4], "de"), Sidecar(files[1], companion=files[2])]


def test_what_is_no_sidecar() -> None:
    files = [
        *entries("Film.mkv", "Film.nfo", "Film.lrc", "Film.jpg"),
        FileEntry(4, "Film.srt", 0, 0),
        FileEntry(5, "Film.en.srt", 9, 0, pad=True),
    ]
    assert sidecars(files, files[0]) == []


def test_music_beside_a_video_changes_nothing() -> None:
    assert names(["a/Film.mkv", "b/song.mp3", "x.srt"], "a/Film.mkv") == ["x.srt"]


@pytest.mark.parametrize("video", ["a.b/noext", ".mkv", ""])
def test_odd_videos(video: str) -> None:
    assert names([video, "x.mkv", "x.srt"], video) == ["x.srt"]


PARTS = st.sampled_from(
    ["a", "b", "/", ".mkv", ".srt", ".idx", ".sub", ".en", "S01E01", "S01E02", "Subs/", " ", "sample"]
)
PATHS = st.lists(st.lists(PARTS, max_size=5).map("".join), min_size=1, max_size=6, unique=True)


@given(PATHS)
def test_each_file_is_found_at_most_once(paths: list[str]) -> None:
    files = entries(*paths)
    for video in files:
        found = sidecars(files, video)
        used = [sidecar.entry.index for sidecar in found]
        used += [sidecar.companion.index for sidecar in found if sidecar.companion]
        assert len(set(used)) == len(used)
        assert set(used) <= set(range(len(files)))


@given(st.lists(st.sampled_from(["A", "B", "C"]), min_size=2, max_size=3, unique=True))
def test_what_is_named_for_one_video_is_for_it_alone(stems: list[str]) -> None:
    paths = [f"{stem}{suffix}" for stem in stems for suffix in (".mkv", ".en.srt")]
    for stem in stems:
        assert names(paths, f"{stem}.mkv") == [f"{stem}.en.srt"]
