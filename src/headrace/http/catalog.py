"""What a torrent's files are to a viewer: which play, in which order, which episode each is, which subtitles it has.

Rules: it follows from names and sizes alone and stays true while the torrent lives. Torrents of ten thousand files
take a while (50 ms), so handlers ask in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import choose
from headrace.core.episodes import episode_by_rules
from headrace.core.media_types import kind_of, media_type_of, suffix_of
from headrace.core.pieces import FileEntry
from headrace.core.subtitles import Sidecar, sidecars
from headrace.errors import InputError

AS_TEXT = frozenset({"ass", "sbv", "smi", "srt", "ssa", "sub", "ttml", "vtt"})
"""Subtitles that are text, by suffix; the others are pictures, or nothing that we read."""


def described(files: Sequence[FileEntry]) -> dict[int, dict[str, Any]]:
    """Of each file by its index: ``offset`` in the torrent, media type, ``order`` among what plays (None when it does
    not, or is a sample or another extra), and its ``episode``."""
    order = {entry.index: place for place, entry in enumerate(_playlist(files))}
    return {
        entry.index: {
            "offset": entry.offset,
            "media_type": media_type_of(entry.path),
            "order": order.get(entry.index),
            "episode": _episode(entry.path) if entry.index in order else None,
        }
        for entry in files
    }


def _playlist(files: Sequence[FileEntry]) -> list[FileEntry]:
    try:
        return choose.playlist(files)
    except InputError:
        return []


def _episode(path: str) -> dict[str, Any] | None:
    found = episode_by_rules(path)
    return None if found is None else {"season": found.season, "episodes": list(found.episodes)}


def text_subtitles(files: Sequence[FileEntry], video: FileEntry) -> list[Sidecar]:
    """The files with subtitles as text that belong to a video (or to sound), the best first; to others none."""
    if kind_of(video.path) not in ("video", "audio"):
        return []
    return [found for found in sidecars(files, video) if suffix_of(found.entry.path) in AS_TEXT and not found.companion]
