"""Which subtitle files of a torrent belong to a video.

Rules: in this order of trust: the same stem (``Film.srt``, ``Film.en.forced.srt``), unless a longer stem of another
video fits; a folder with the video's stem (``Subs/Show.S01E02/2_English.srt``, as in scene packs); the same episode;
and, for a video that is alone at home, all that lies there: a torrent with one video needs no names, and in a pack of
films each has its folder. Samples and other extras make no video less alone. VobSub is a pair, ``.idx`` with ``.sub``;
half of one is nothing (a ``.sub`` alone is text). The best come first: by that trust, then whole before forced ones,
plain before those for the deaf, text before pictures, and in natural order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from headrace.core.episodes import episode_by_rules
from headrace.core.extras import extras_among
from headrace.core.languages import language_of
from headrace.core.media_types import kind_of, suffix_of
from headrace.core.natural import NaturalKey, natural_key
from headrace.core.pieces import FileEntry

# A word of a name; "pt-br" is one, "en-forced" is two.
_WORD = re.compile(
    r"(?<![^\W_])([a-z]{2,3})[-_](?:br|us|gb|ca|au|mx|ar|419|tw|hk|cn|sg|hans|hant|at|ch|be|\1)(?![^\W_])"
    r"|[^\s._()\[\]{},+&-]+"
)
_FORCED = frozenset({"forced", "foreign", "signs"})
_HEARING_IMPAIRED = frozenset({"sdh", "cc", "hoh", "impaired"})
_SAYING_NOTHING = frozenset({"full", "default", "sub", "subs", "subtitles", "utf8", "utf", "hearing", "songs", "track"})
_PICTURES = frozenset({"idx", "sup"})


class Sidecar(Struct, frozen=True):
    """A subtitle file. ``language`` is a BCP 47 tag, or empty. ``companion`` is the ``.sub`` of a VobSub ``.idx``."""

    entry: FileEntry
    language: str = ""
    forced: bool = False
    hearing_impaired: bool = False
    companion: FileEntry | None = None


def sidecars(files: Sequence[FileEntry], video: FileEntry) -> list[Sidecar]:
    """The subtitle files that belong to ``video``, the best first."""
    listed = [entry for entry in files if not entry.pad and entry.size]
    companions = _companions(listed)
    home = _Home(listed, video)
    found: list[tuple[int, Sidecar]] = []
    for entry in listed:
        if _is_subtitle(entry, companions) and (trust := home.trust(entry)) is not None:
            found.append((trust, _described(entry, video, companions.get(entry.index))))
    found.sort(key=lambda pair: (pair[0], _order(pair[1], video)))
    return [sidecar for _, sidecar in found]


def _is_subtitle(entry: FileEntry, companions: dict[int, FileEntry]) -> bool:
    suffix = suffix_of(entry.path)
    if kind_of(entry.path) != "subtitle" or suffix == "lrc":
        return False
    if suffix == "idx":
        return entry.index in companions
    return all(entry.index != companion.index for companion in companions.values())


def _companions(files: Sequence[FileEntry]) -> dict[int, FileEntry]:
    """For each VobSub index its pictures: the same path, but for the suffix."""
    pictures = {_bare(entry.path): entry for entry in files if suffix_of(entry.path) == "sub"}
    indexes = [entry for entry in files if suffix_of(entry.path) == "idx"]
    return {entry.index: pictures[_bare(entry.path)] for entry in indexes if _bare(entry.path) in pictures}


def _bare(path: str) -> str:
    """A path without its suffix, in one case."""
    suffix = suffix_of(path)
    return (path[: -len(suffix) - 1] if suffix else path).casefold()


def _stem(path: str) -> str:
    return _bare(path).rpartition("/")[2]


def _folder(path: str) -> str:
    """The path of a file's folder, in one case, with a slash at its end; empty at the top."""
    return "".join(path.casefold().rpartition("/")[:2])


def _begins(stem: str, video: str) -> bool:
    """Whether a stem is a video's, with no more than words behind it."""
    return bool(video) and stem.startswith(video) and not stem[len(video) : len(video) + 1].isalnum()


class _Home:
    """A video's place among the others."""

    def __init__(self, files: Sequence[FileEntry], video: FileEntry) -> None:
        kind = kind_of(video.path)
        others = [entry for entry in files if kind_of(entry.path) == kind and entry.index != video.index]
        extras = extras_among([*others, video])
        rivals = [_folder(entry.path) for entry in others if entry.index not in extras]
        self._stem, self._folder = _stem(video.path), _folder(video.path)
        self._stems = [_stem(entry.path) for entry in others]
        self._twins = [_folder(entry.path) for entry in others if _stem(entry.path) == self._stem]
        self._episode = episode_by_rules(video.path)
        self._alone = not rivals
        self._alone_at_home = bool(self._folder) and not any(rival.startswith(self._folder) for rival in rivals)

    def trust(self, entry: FileEntry) -> int | None:
        """How surely a subtitle file belongs here, 0 the most; None when it does not."""
        stem, folder = _stem(entry.path), _folder(entry.path)
        named = max((other for other in (self._stem, *self._stems) if _begins(stem, other)), key=len, default="")
        if named:
            ours = named == self._stem and self._nearest(folder)
            return (0 if folder == self._folder else 1) if ours else None
        if self._stem in folder.split("/"):
            return 2
        episode = episode_by_rules(entry.path)
        if self._episode is not None and episode is not None:
            same = episode.season == self._episode.season or None in {episode.season, self._episode.season}
            return 3 if same and set(episode.episodes) & set(self._episode.episodes) else None
        return 4 if self._alone or (self._alone_at_home and folder.startswith(self._folder)) else None

    def _nearest(self, folder: str) -> bool:
        """Of videos with one name (``CD1/film.avi``, ``CD2/film.avi``) the one whose folder holds the file has it."""
        homes = [home for home in (self._folder, *self._twins) if folder.startswith(home)]
        return not homes or self._folder == max(homes, key=len)


def _described(entry: FileEntry, video: FileEntry, companion: FileEntry | None) -> Sidecar:
    """What a name says of its file: the words after the video's stem, or all of them, else the folder's."""
    stem, shared = _stem(entry.path), _stem(video.path)
    words = _words(stem[len(shared) :] if _begins(stem, shared) else stem)
    language, impaired = _language(words)
    if not language:
        language, _ = _language(_words(_folder(entry.path).rstrip("/").rpartition("/")[2]))
    impaired = impaired or bool(_HEARING_IMPAIRED & set(words))
    return Sidecar(entry, language, bool(_FORCED & set(words)), impaired, companion)


def _words(text: str) -> list[str]:
    return [match[0] for match in _WORD.finditer(text)]


def _language(words: list[str]) -> tuple[str, bool]:
    """The language that words name, and whether ``hi`` said "hearing impaired" (``en.hi``) and not Hindi.

    A code counts only as the last word but for flags and numbers, for titles hold ``in``, ``no`` and ``la``; a
    language's name counts anywhere.
    """
    flags = _FORCED | _HEARING_IMPAIRED | _SAYING_NOTHING
    spoken = [word for word in words if word not in flags and not word.isdigit()]
    impaired = len(spoken) > 1 and spoken[-1] == "hi" and bool(language_of(spoken[-2]))
    last = spoken[-2:-1] if impaired else spoken[-1:]
    names = [word for word in spoken if len(word) > 3]
    found = [language for word in (*last, *reversed(names)) if (language := language_of(word))]
    return (found[0] if found else ""), impaired


def _order(sidecar: Sidecar, video: FileEntry) -> tuple[bool, bool, bool, bool, NaturalKey]:
    pictures = suffix_of(sidecar.entry.path) in _PICTURES
    suffixed = _stem(sidecar.entry.path) != _stem(video.path)
    return (sidecar.forced, sidecar.hearing_impaired, pictures, suffixed, natural_key(sidecar.entry.path))
