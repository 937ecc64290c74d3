"""Which videos of a torrent are samples, trailers and the like, and not what it is about.

Rules: a word counts only if not all videos have it: it is part of the title then (``Trailer.Park.Boys``). A folder that
is named for extras is believed, unless all that lies elsewhere is tiny. A word in a file's name is believed only when
the file is smaller than half of the largest one without such words: episodes are called "The Interview" too. Without
any word, only a clip of under 1 % of the largest video, and under 20 MiB, is taken for an advertisement; never an
episode.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headrace.core.episodes import episode_by_rules
from headrace.core.pieces import FileEntry

_FOLDER = re.compile(
    r"samples?|trailers?|teasers?|proofs?|extras?|bonus(?:es| features?| material| disc)?|special features?|"
    r"featurettes?|behind the scenes|deleted scenes?|interviews?|making of|bloopers|creditless(?: .*)?|nc|menus?"
)
_WORD = re.compile(
    r"(?<![^\W_])(samples?|trailers?|teasers?|featurettes?|behind the scenes|deleted scenes?|interviews?|making of|"
    r"bonus|bloopers|gag reel|promo|nc(?:op|ed)[0-9]*)(?![^\W_])"
)
_GAPS = re.compile(r"[\s._-]+")
_ADVERTISEMENT = 20 * 1024 * 1024


def extras_among(videos: Sequence[FileEntry]) -> frozenset[int]:
    """Indexes of the videos that are extras; never all of them."""
    marks = {entry.index: _marks(entry.path) for entry in videos}
    title = frozenset.intersection(*marks.values()) if marks else frozenset()
    plain = [entry.size for entry in videos if not marks[entry.index] - title]
    if not plain:
        return frozenset()
    largest = max(plain)
    return frozenset(entry.index for entry in videos if _is_extra(entry, marks[entry.index] - title, largest))


def _is_extra(entry: FileEntry, marks: frozenset[str], largest: int) -> bool:
    """``largest`` is the size of the largest video without marks."""
    if any(mark.startswith("/") for mark in marks):
        return entry.size <= largest * 10
    if marks:
        return entry.size * 2 < largest
    return entry.size * 100 < largest and entry.size < _ADVERTISEMENT and episode_by_rules(entry.path) is None


def _marks(path: str) -> frozenset[str]:
    """The words that speak against a file; those of folders begin with ``/``."""
    *folders, name = (_GAPS.sub(" ", part).strip() for part in path.casefold().split("/"))
    named = {"/" + folder for folder in folders if _FOLDER.fullmatch(folder)}
    return frozenset(named | set(_WORD.findall(name)))
