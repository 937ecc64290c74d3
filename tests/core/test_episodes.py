from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import episodes
from headrace.core.episodes import Episode, episode_by_rules, episode_by_title, episode_of, parse_selector


@pytest.mark.parametrize(
    ("path", "season", "numbers"),
    [
        ("Show.S02E05.1080p.WEB.x264-GRP.mkv", 2, (5,)),
        ("show_s2e5.avi", 2, (5,)),
        ("Show - s02.e05 - Name.mkv", 2, (5,)),
        ("Show S02 E05.mkv", 2, (5,)),
        ("Show S02 - EP05.mkv", 2, (5,)),
        ("Show S2 Episode 5.mkv", 2, (5,)),
        ("Show.S2019E123.mkv", 2019, (123,)),
        ("S00E01.mkv", 0, (1,)),
        ("Show.2x05.Name.avi", 2, (5,)),
        ("Show [02x05].avi", 2, (5,)),
        # Several in one file.
        ("Show.S01E01E02.mkv", 1, (1, 2)),
        ("Show.S01E01E03.mkv", 1, (1, 3)),
        ("Show.S01E01-E03.mkv", 1, (1, 2, 3)),
        ("Show.S01E01-E03-E05.mkv", 1, (1, 2, 3, 4, 5)),
        ("Show.S01E50-E61.mkv", 1, tuple(range(50, 62))),
        ("Show.S01E01-E60-E70.mkv", 1, tuple(range(1, 71))),
        ("Show.S01E01E01.mkv", 1, (1,)),
        ("Show.S01E1000.mkv", 1, (1000,)),
        ("Show.S01E01-03.mkv", 1, (1, 2, 3)),
        ("Show.S01E01-S01E03.mkv", 1, (1, 2, 3)),
        ("Show S01E01 - E02.mkv", 1, (1, 2)),
        ("Show.S01E01+E02.mkv", 1, (1, 2)),
        ("Show.S01E01.E02.mkv", 1, (1, 2)),
        ("show 1x02-03.avi", 1, (2, 3)),
        ("show 1x02-1x04.avi", 1, (2, 3, 4)),
        ("show 1x02+1x04.avi", 1, (2, 4)),
        # What is no second episode.
        ("Show.S01E05-1080p.mkv", 1, (5,)),
        ("Show.S01E05-720p.mkv", 1, (5,)),
        ("Show.S01E05-10bit.mkv", 1, (5,)),
        ("Show.S01E05-2012.mkv", 1, (5,)),
        ("Show.S01E05-E900.mkv", 1, (5,)),
        ("Show.S01E05-E05.mkv", 1, (5,)),
        ("Show.S01E05-E04.mkv", 1, (5,)),
        ("Show.S01E05.EAC3.mkv", 1, (5,)),
        # Seasons of folders.
        ("Show/Season 2/05 - Name.mkv", 2, (5,)),
        ("Show/Season 2/Episode 05.mkv", 2, (5,)),
        ("Show/Season 02/E05.mkv", 2, (5,)),
        ("Show/Staffel 2/Folge 5.mkv", 2, (5,)),
        ("Show.S02.1080p.BluRay/05.mkv", 2, (5,)),
        ("Show.S02.1080p.BluRay/Show.05.720p.mkv", 2, (5,)),
        ("Show Season 2 (2010)/[05] Name.mkv", 2, (5,)),
        ("Show S01-S05/Season 3/05 - Name.mkv", 3, (5,)),
        ("Season 1/Season 2/05.mkv", 2, (5,)),
        ("Season 2/205 - Name.mkv", 2, (5,)),
        ("Season 2/305 - Name.mkv", 2, (305,)),
        ("Season 2/200 - Name.mkv", 2, (200,)),
        ("Season 2/Show 720 05.mkv", 2, (5,)),
        ("Show/Specials/03 - Name.mkv", 0, (3,)),
        ("Show/Season 00/03 - Name.mkv", 0, (3,)),
        ("Season 1/Show.S03E04.mkv", 3, (4,)),
        ("Show Season 2.05 name.mkv", 2, (5,)),
        ("Show s02 05.mkv", 2, (5,)),
        ("Show Temporada 1 Cap 102.avi", 1, (2,)),
        ("Show.Series.2.5of6.mkv", 2, (5,)),
        ("05 Show Season 2 - 07.mkv", 2, (7,)),
        # No season.
        ("Show.1of6.Name.mkv", None, (1,)),
        ("[Group] Show - 05 [1080p].mkv", None, (5,)),
        ("[Group] Show - 05v2 [1080p].mkv", None, (5,)),
        ("[Group] Show S2 - 05 [1080p].mkv", 2, (5,)),
        ("[Group]_Show_-_1015_[1080p].mkv", None, (1015,)),
        ("Show Episode 5.mkv", None, (5,)),
        ("Show.E05.mkv", None, (5,)),
        ("Show.Ep.05.mkv", None, (5,)),
    ],
)
def test_episodes_by_rules(path: str, season: int | None, numbers: tuple[int, ...]) -> None:
    assert episode_by_rules(path) == episode_of(path) == Episode(season, numbers)


@pytest.mark.parametrize(
    "path",
    [
        "Blade.Runner.2049.2017.1080p.mkv",
        "12 Monkeys.mkv",
        "300.mkv",
        "05 - name.mkv",
        "Movie - 2012.mkv",
        "Movie - 2001 (x).mkv",
        "Movie - 1900.mkv",
        "Show.S02.576p.mkv",
        "Show of 5.mkv",
        "Movie.1920x1080.mkv",
        "Movie.x264.mkv",
        "Show.S02.1080p.mkv",
        "Show S01-S05/Movie.mkv",
        "Seasons 1-5/Movie.mkv",
        "Season 2/Gag reel.mkv",
        "Show.S02.H.264.DD5.1.mkv",
        ".mkv",
        "",
    ],
)
def test_what_is_no_episode(path: str) -> None:
    assert episode_of(path) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"season": 2, "episode": 5}, Episode(2, (5,))),
        ({"season": [2, 3], "episode": [5, 6]}, Episode(2, (5, 6))),
        ({"episode": 5}, Episode(None, (5,))),
        ({"season": 2}, None),
        ({"episode": "x"}, None),
        ({}, None),
    ],
)
def test_what_the_library_answers(monkeypatch: pytest.MonkeyPatch, answer: dict[str, object], expected: object) -> None:
    monkeypatch.setattr("PTN.parse", lambda _name: answer)
    assert episode_by_title("a/b") == expected


def test_the_library_may_break(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> None:
        raise IndexError

    monkeypatch.setattr("PTN.parse", broken)
    assert episode_by_title("a/b") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S02E05", (2, 5)),
        ("s2e5", (2, 5)),
        ("2x05", (2, 5)),
        ("2X5", (2, 5)),
        (" s02 e05 ", (2, 5)),
        ("S02EP05", (2, 5)),
        ("S00E00", (0, 0)),
        ("S02", None),
        ("S02E", None),
        ("2x", None),
        ("Show S02E05", None),
        ("205", None),
        ("*S02E05*", None),
        ("", None),
    ],
)
def test_selectors(text: str, expected: object) -> None:
    assert parse_selector(text) == expected


def test_covers() -> None:
    assert Episode(2, (5, 6)).covers(2, 6)
    assert not Episode(2, (5, 6)).covers(1, 6)
    assert not Episode(2, (5, 6)).covers(2, 7)
    assert Episode(None, (5,)).covers(1, 5)
    assert not Episode(None, (5,)).covers(2, 5)
    assert Episode(0, (5,)).covers(0, 5)
    assert not Episode(0, (5,)).covers(1, 5)


@given(st.integers(0, 99), st.lists(st.integers(0, 999), min_size=1, max_size=4, unique=True))
def test_written_episodes_are_read(season: int, numbers: list[int]) -> None:
    name = f"Show.S{season:02}" + "".join(f"E{number:02}" for number in numbers) + ".mkv"
    assert episode_by_rules(name) == Episode(season, tuple(numbers))


WORDS = ("season", "ep", "E01", "S01", "1x02", "12", "999")
TOKENS = st.one_of(st.sampled_from("sex-.01/_² []()"), st.sampled_from(WORDS))


@given(st.one_of(st.text(), st.lists(TOKENS, max_size=20).map("".join)))
def test_any_path_is_read(path: str) -> None:
    for found in (episode_of(path), episode_by_title(path)):
        assert found is None or found.episodes


def test_long_names_take_no_time() -> None:
    before = time.process_time()
    for unit in ("s1e1", "-e1", "1x01-", " - 1", "season 1", "s1", "0", " ", "[", "e1e"):
        episode_by_rules(f"{unit * 5000}/{unit * 5000}")
    assert time.process_time() - before < 2  # 10 ms on a slow machine


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    code = "import sys; from headrace.core import episodes as e; e.episode_of('S01E02'); sys.exit('PTN' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert episodes.__doc__
