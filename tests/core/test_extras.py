from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.extras import extras_among
from headrace.core.pieces import FileEntry

MB = 1024 * 1024


def entries(*files: tuple[str, int]) -> list[FileEntry]:
    return [FileEntry(index, path, size, 0) for index, (path, size) in enumerate(files)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], set()),
        ([("sample.mkv", 5)], set()),
        ([("Movie.mkv", 1000), ("movie-sample.mkv", 50)], {1}),
        ([("Movie.mkv", 1000), ("Sample/movie.mkv", 50)], {1}),
        ([("Movie.mkv", 1000), ("Sample_Movie.mkv", 50)], {1}),
        ([("Movie.mkv", 1000), ("Trailers/movie.mkv", 50)], {1}),
        ([("Movie.mkv", 1000), ("Movie.Behind.The.Scenes.mkv", 50)], {1}),
        # A folder for extras is believed even if the extra is larger...
        ([("Movie.720p.mkv", 1000), ("Featurettes/Making of.1080p.mkv", 2000)], {1}),
        # ... but not against a film that is ten times larger than all else.
        ([("Extras/Movie.mkv", 5000), ("logo.mkv", 2)], set()),
        ([("Extras/Movie.mkv", 20), ("logo.mkv", 2)], {0}),
        ([("Extras/Movie.mkv", 21), ("logo.mkv", 2)], set()),
        ([("Movie.mkv", 1000), (" Extras /x.mkv", 900)], {1}),
        # A word is believed only of a small file.
        ([("Show.S01E01.mkv", 1000), ("Show.S01E02.The.Interview.mkv", 900)], set()),
        ([("Show.S01E01.mkv", 1000), ("Show.S01E02.The.Interview.mkv", 499)], {1}),
        ([("Show.S01E01.mkv", 1000), ("Show.S01E02.The.Interview.mkv", 500)], set()),
        # A word that all have is the title.
        ([("Trailer.Park.S01E01.mkv", 1000), ("Trailer.Park.S01E02.mkv", 200)], set()),
        ([("Trailer.Park.mkv", 1000), ("Trailer.Park.sample.mkv", 50)], {1}),
        ([("Extras/Extras.S01E01.mkv", 1000), ("Extras/Extras.S01E02.mkv", 900)], set()),
        ([("Trailer.mkv", 1000), ("Sample.mkv", 10)], set()),
        # Words are whole words.
        ([("Movie.mkv", 1000), ("Sampler.mkv", 50), ("Resample.mkv", 50)], set()),
        # Advertisements.
        ([("Movie.mkv", 1000 * MB), ("RARBG.mp4", MB)], {1}),
        ([("Movie.mkv", 1000 * MB), ("RARBG.mp4", 10 * MB)], set()),
        ([("Movie.mkv", 5000 * MB), ("Short.mp4", 30 * MB)], set()),
        ([("S01E01.mkv", 1000 * MB), ("S01E02.mkv", MB)], set()),
    ],
)
def test_extras(files: list[tuple[str, int]], expected: set[int]) -> None:
    assert extras_among(entries(*files)) == expected


PATHS = st.lists(st.sampled_from(["sample", "Extras/", "movie", "-", ".", "S01E01", "trailer"]), max_size=4).map(
    "".join
)


@given(st.lists(st.tuples(PATHS, st.integers(0, 3000)), max_size=6))
def test_something_always_remains(files: list[tuple[str, int]]) -> None:
    assert not files or len(extras_among(entries(*files))) < len(files)
