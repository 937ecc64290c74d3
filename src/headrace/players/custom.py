"""A command line of the user's own, with ``{url}`` and, if wanted, ``{title}``, ``{start}`` and ``{subtitle}``.

It is cut into words first and filled in afterwards, so that no title can add a word, and no shell is involved. Its end
is the end of playing: a command that only hands the URL to another program (xdg-open, say) ends too early.
"""

from __future__ import annotations

import shlex

from headrace.errors import PlayerError
from headrace.players.base import Media
from headrace.players.record import clean, seconds


def words(command: str, platform: str) -> list[str]:
    """The words of ``command``; on Windows a backslash is part of a path. Raises PlayerError on an open quote."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if platform == "win32":
        lexer.escape = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise PlayerError(f"The player's command line is torn: {str(error).lower()}.", "Close its quotes.") from error


def command_argv(command: str, media: Media, platform: str) -> list[str]:
    """The argument vector. ``media.extra`` goes before the word with the URL; a lone empty ``{subtitle}`` goes away."""
    subtitle = media.subtitles[0] if media.subtitles else ""
    values = {
        "{title}": clean(media.title),
        "{start}": seconds(media.start),
        "{subtitle}": subtitle,
        "{url}": media.url,
    }
    argv: list[str] = []
    extra = list(media.extra)
    for word in words(command, platform):
        if word == "{subtitle}" and not subtitle:
            continue
        if "{url}" in word:
            argv, extra = argv + extra, []
        argv.append(_fill(word, values))
    return argv


def _fill(word: str, values: dict[str, str]) -> str:
    """Replace each name once, from the left: what was filled in is never looked at again."""
    name = min((name for name in values if name in word), key=word.index, default="")
    if not name:
        return word
    before, _, after = word.partition(name)
    return before + values[name] + _fill(after, values)
