"""Which of a torrent's files is meant.

Rules: pad files do not exist. Playable is what has a video's name and is not empty; audio counts when there is no
video at all. Of several candidates the best is: playable before the rest, no sample or trailer, and then the largest,
or, when all of them are episodes, the first. A selector is read as, in this order: a number is an index; ``S02E05`` and
``2x05`` an episode; a pattern with ``* ? [`` a glob; else a name, from the strictest reading that fits anything:
the path, the name, a part of the path, a part with dots and dashes read as blanks. Case never matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from headrace.core.display import printable
from headrace.core.episodes import Episode, episode_by_rules, episode_of, parse_selector, spelt_alike
from headrace.core.extras import extras_among
from headrace.core.media_types import kind_of, suffix_of
from headrace.core.natural import natural_key
from headrace.core.pieces import FileEntry
from headrace.core.units import format_size
from headrace.errors import InputError

_ARCHIVE = re.compile(r"rar|r[0-9]{2,3}|zip|7z|tar|gz|iso", re.ASCII)
_SHOWN = 6
"""Files that an error lists."""


def main_video(files: Sequence[FileEntry]) -> FileEntry:
    """The largest video that is no sample, trailer or other extra; the largest audio file when there is no video.

    ``InputError`` that lists what there is when nothing is playable.
    """
    return _largest(_main(files))


def playlist(files: Sequence[FileEntry]) -> list[FileEntry]:
    """All videos but samples and other extras, in natural order; all audio files when there is no video.

    Episodes come in order however they are spelt: ``S01E01`` before ``2x01``. ``InputError`` when nothing is playable.
    """
    return _in_order(_main(files))


def select(files: Sequence[FileEntry], selector: str) -> FileEntry:
    """The one file that a selector means; the module's rules say which, of several. ``InputError`` when none."""
    found = matches(files, selector)
    good = _main(found) if _playable(found) else found
    if len(good) > 1 and all(episode_by_rules(entry.path) for entry in good):
        return _in_order(good)[0]
    return _largest(good)


def matches(files: Sequence[FileEntry], selector: str) -> list[FileEntry]:
    """All files that a selector fits, in natural order; never none: ``InputError`` that lists what there is."""
    listed = [entry for entry in files if not entry.pad]
    selector = selector.strip()
    if re.fullmatch(r"-?[0-9]+", selector, re.ASCII):
        found = [entry for entry in listed if str(entry.index) == (selector.lstrip("0") or "0")]
    elif selector:
        found = _by_episode(listed, selector) or _by_glob(listed, selector) or _by_name(listed, selector)
    else:
        found = []
    if not found:
        raise InputError(f"The torrent has no file {printable(selector)!r}.", _contents(listed), kind="no_such_file")
    return _in_order(found)


def _main(files: Sequence[FileEntry]) -> list[FileEntry]:
    playable = _playable(files)
    if not playable:
        listed = [entry for entry in files if not entry.pad]
        raise InputError("The torrent has no video and no audio file.", _contents(listed), kind="nothing_playable")
    extras = extras_among(playable)
    return [entry for entry in playable if entry.index not in extras]


def _playable(files: Iterable[FileEntry]) -> list[FileEntry]:
    """The videos; the audio files when there are none."""
    there = [entry for entry in files if not entry.pad and entry.size]
    videos = [entry for entry in there if kind_of(entry.path) == "video"]
    return videos or [entry for entry in there if kind_of(entry.path) == "audio"]


def _largest(files: Sequence[FileEntry]) -> FileEntry:
    return max(_in_order(files), key=lambda entry: entry.size)


def _in_order(files: Iterable[FileEntry]) -> list[FileEntry]:
    return sorted(files, key=lambda entry: (natural_key(spelt_alike(entry.path)), entry.path))


def _by_episode(files: Sequence[FileEntry], selector: str) -> list[FileEntry]:
    wanted = parse_selector(selector)
    if wanted is None:
        return []
    playable = _playable(files)
    found: list[FileEntry] = []
    for read in (episode_by_rules, episode_of):
        found = found or [entry for entry in playable if _covers(read(entry.path), wanted)]
    return found


def _covers(episode: Episode | None, wanted: tuple[int, int]) -> bool:
    return episode is not None and episode.covers(*wanted)


def _by_glob(files: Sequence[FileEntry], selector: str) -> list[FileEntry]:
    if not re.search(r"[*?\[]", selector):
        return []
    pattern = selector.casefold()
    return [
        entry
        for entry in files
        if fnmatchcase(entry.path.casefold(), pattern) or fnmatchcase(entry.name.casefold(), pattern)
    ]


def _by_name(files: Sequence[FileEntry], selector: str) -> list[FileEntry]:
    wanted = selector.casefold()
    words = _words(wanted)
    readings = (
        lambda entry: entry.path.casefold() == wanted,
        lambda entry: entry.name.casefold() == wanted,
        lambda entry: entry.name.casefold().rpartition(".")[0] == wanted,
        lambda entry: wanted in entry.path.casefold(),
        lambda entry: bool(words) and words in _words(entry.path.casefold()),
    )
    return next((found for fits in readings if (found := [entry for entry in files if fits(entry)])), [])


def _words(text: str) -> str:
    return re.sub(r"[\s._-]+", " ", text).strip()


def _contents(files: Sequence[FileEntry]) -> str:
    """What a torrent holds, in one line, the largest files first."""
    if not files:
        return "It holds no files."
    largest = sorted(files, key=lambda entry: -entry.size)[:_SHOWN]
    shown = ", ".join(f"{entry.index} {printable(entry.path)} ({format_size(entry.size)})" for entry in largest)
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    packed = any(_ARCHIVE.fullmatch(suffix_of(entry.path)) for entry in largest) and not _playable(files)
    advice = " What lies in archives cannot be streamed: download it." if packed else ""
    return f"It holds: {shown}{more}.{advice}"
