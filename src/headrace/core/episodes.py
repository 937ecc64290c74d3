"""Which episode a file is, by its path.

Rules: what a name says outright comes first (``S02E05``, ``2x05``), then a season (from the name, else from the
nearest folder that names one) with an episode beside it, then what parse-torrent-title makes of the name. It comes
last, and not at all for most packs, for its import takes 100 ms and each name 2. A number counts as an episode by
itself only where a folder names the season. All functions are deterministic and answer None where nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

_MAX_NAME = 255
"""Characters of a name that are read, the most that file systems hold; bounds what patterns can cost."""
_MAX_SPAN = 60
"""Episodes in one file: ``E01-E60`` is a range, ``E05-2012`` is not."""

_EP = r"(?:episode|épisode|episodio|folge|серия|cap(?:[ií]tulo)?|ep|e)"
_SXE = re.compile(
    rf"(?<![a-z0-9])s([0-9]{{1,4}})[ ._-]{{0,3}}{_EP}[ ._]?([0-9]{{1,4}})(?![0-9])"
    r"((?:[ ._]?[-+&~]?[ ._]?(?:s\1)?ep?[0-9]{1,4}(?![0-9])|-[0-9]{1,3}(?![0-9a-z]))*)"
)
_NXE = re.compile(
    r"(?<![a-z0-9])([0-9]{1,2})x([0-9]{2,3})(?![0-9a-z])((?:[-+&~](?:\1x)?[0-9]{2,3}(?![0-9a-z]))*)",
)
_MORE = re.compile(r"([-+&~]?)[ ._]?(?:s[0-9]+|[0-9]{1,2}x)?(?:ep?)?([0-9]+)(?![0-9x])")
_SEASON_WORD = r"(?:season|series|staffel|saison|temporada|stagione|seizoen|sezon|säsong|сезон)"
# "Seasons 1-5" and "S01-S05" name a whole show.
_SEASON = re.compile(
    rf"(?<![a-z0-9])(?:{_SEASON_WORD}[ ._-]*|s)([0-9]{{1,4}})(?![0-9a-z])(?![-+&~–]s?[0-9]|[ ._]*[-+&~–][ ._]*s[0-9])"
)
_SPECIALS = re.compile(r"specials?|season[ ._-]*0+")
_WORDED = re.compile(rf"(?<![a-z0-9]){_EP}[ ._-]{{0,3}}([0-9]{{1,4}})(?:v[0-9])?(?![0-9a-z])")
_DASHED = re.compile(r"[ _]-[ _](?!(?:19|20)[0-9]{2})([0-9]{1,4})(?:v[0-9])?(?=[ _.\[(]|$)")
_LEADING = re.compile(r"[\[(# ]*([0-9]{1,3})(?![0-9a-z])")
_COUNTED = re.compile(r"(?<![a-z0-9])([0-9]{1,3})[ ._]?of[ ._]?[0-9]{1,3}(?![0-9a-z])")
# Not the height of a picture, nor H.264.
_ALONE = re.compile(r"(?<![0-9a-z])(?!(?:264|265|480|540|576|720)(?![0-9]))([0-9]{2,3})(?![0-9a-z])")
_SELECTOR = re.compile(r"s([0-9]{1,4})[ ._-]?ep?([0-9]{1,4})|([0-9]{1,4})x([0-9]{1,4})")


class Episode(Struct, frozen=True):
    """The episodes in one file, in order. ``season`` is None when nothing says it."""

    season: int | None
    episodes: tuple[int, ...]

    def covers(self, season: int, episode: int) -> bool:
        """Whether this is the episode; a file without a season counts as of the first."""
        return episode in self.episodes and season == (1 if self.season is None else self.season)


def parse_selector(text: str) -> tuple[int, int] | None:
    """Season and episode of ``S02E05``, ``s2e5``, ``2x05``; None when the text is none of these."""
    match = _SELECTOR.fullmatch(text.strip().lower())
    return (int(match[1] or match[3]), int(match[2] or match[4])) if match else None


def episode_of(path: str) -> Episode | None:
    """Which episode the file with this path (``/`` between parts) is, by every means."""
    return episode_by_rules(path) or episode_by_title(path)


def episode_by_rules(path: str) -> Episode | None:
    """Which episode a file is, by this module's own patterns; microseconds, no import."""
    *folders, name = path.lower().split("/")
    stem = (name.rpartition(".")[0] or name)[:_MAX_NAME]
    if match := _SXE.search(stem) or _NXE.search(stem):
        return Episode(int(match[1]), _episodes(int(match[2]), match[3]))
    season, rest = _season(stem)
    patterns = [_WORDED, _COUNTED, _DASHED]
    if season is not None:
        patterns.append(_ALONE)
    else:
        season = next((found for folder in reversed(folders) if (found := _season(folder)[0]) is not None), None)
        patterns += [_LEADING, _ALONE] if season is not None else []
    number = _first(patterns, rest)
    return Episode(season, (_in_season(number, season),)) if number is not None else None


def episode_by_title(path: str) -> Episode | None:
    """Which episode parse-torrent-title takes a file to be."""
    from PTN import parse  # 100 ms with its first name, and most names do without

    name = path.rpartition("/")[2][:_MAX_NAME]
    try:
        found = parse(name)
    except Exception:  # patterns over names that anyone can choose: whatever breaks in them means "nothing found"
        return None
    episodes = _numbers(found.get("episode"))
    seasons = _numbers(found.get("season"))
    return Episode(seasons[0] if seasons else None, episodes) if episodes else None


def spelt_alike(path: str) -> str:
    """The path in lower case, with ``S02E05``, ``s02.ep05`` and ``2x05`` written in one way: for sorting."""
    return _NXE.sub(_mark, _SXE.sub(_mark, path.lower()))


def _mark(match: re.Match[str]) -> str:
    return f"s{int(match[1])}e{int(match[2])}{match[3]}"


def _numbers(value: object) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, int))


def _season(text: str) -> tuple[int | None, str]:
    """The season that a name or folder gives, and where to look for the episode: behind it, or all of the text."""
    text = text[:_MAX_NAME]
    if _SPECIALS.fullmatch(text):
        return 0, ""
    match = _SEASON.search(text)
    return (int(match[1]), text[match.end() :]) if match else (None, text)


def _first(patterns: list[re.Pattern[str]], stem: str) -> int | None:
    for pattern in patterns:
        find: Callable[[str], re.Match[str] | None] = pattern.match if pattern is _LEADING else pattern.search
        if match := find(stem):
            return int(match[1])
    return None


def _in_season(number: int, season: int | None) -> int:
    """``Season 2/205 - Name``: the fifth episode, for people who write 205 for 2x05."""
    return number % 100 if season and number // 100 == season and number % 100 else number


def _episodes(first: int, tail: str) -> tuple[int, ...]:
    """The episodes after the first: ``E02E03`` and ``+E02`` add one, ``-E03`` all up to it."""
    found = [first]
    for match in _MORE.finditer(tail):
        last = int(match[2])
        if match[1] in {"-", "~"} and 0 < last - found[-1] <= _MAX_SPAN:
            found += range(found[-1] + 1, last + 1)
        elif match[1] not in {"-", "~"} and last not in found:
            found.append(last)
    return tuple(found)
