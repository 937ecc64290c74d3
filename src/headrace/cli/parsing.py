"""A verb's arguments and its help, both made from the table of settings.

Rules: the help begins with examples; what a flag does is said in ``settings`` alone. The help is laid out here and not
by argparse, whose layout differs from one Python to the next: the reference page is compared with it.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from headrace.settings import OPTIONS, Settings, UsageError, load_with_origins

SOURCE_HELP = (
    "SOURCE is a magnet link, an info-hash, a .torrent (path or http(s) URL), or - for a .torrent or magnet link on "
    "standard input."
)
WIDTH = 100
_COLUMN = 28
GROUPS = {
    "What to play, and where": (
        *("player", "file", "all", "start", "resume", "subtitles", "host", "port", "token", "auth", "allow_hosts"),
        *("dir", "watch", "keep", "quota", "eager"),
    ),
    "The network": (
        *("peers", "trackers", "dht", "down_limit", "up_limit", "max_peers", "peer_port", "interface", "proxy"),
        *("blocklist", "timeout"),
    ),
    "What is said": ("log_format", "json", "quiet", "debug"),
}
"""The order of options in the help, by field."""


class Verb(NamedTuple):
    """A verb: ``examples`` are (command, what it does); ``source``: it takes a SOURCE; ``notes`` end its help.

    ``words`` says which other words it takes, as its usage shows them; empty: none.
    """

    name: str
    summary: str
    examples: tuple[tuple[str, str], ...]
    source: bool = True
    notes: str = ""
    words: str = ""


class Arguments(NamedTuple):
    """What a verb is run with."""

    source: str
    settings: Settings
    origins: Mapping[str, str] = {}
    """Where each setting comes from that is not the default: a flag, a variable, or the path of a file."""
    words: tuple[str, ...] = ()


class HelpWanted(Exception):
    """``--help`` was given."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise instead of ending the process."""
        message = message.removeprefix("argument ")
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See: {self.prog} --help")


def parse(verb: Verb, argv: Sequence[str]) -> Arguments:
    """The source and the settings; ``UsageError``, or ``HelpWanted``."""
    ours, player_args = _split(verb, argv)
    parser = _parser(verb)
    found, rest = parser.parse_known_args(_with_eager(ours))
    given: dict[str, Any] = {name: value for name, value in vars(found).items() if value is not None}
    if given.pop("help", False):
        raise HelpWanted
    source, config = given.pop("source", ""), given.pop("config", "")
    words = tuple(given.pop("words", ()))
    if verb.words:  # argparse takes those before the first option only
        words, rest = (*words, *(word for word in rest if word[:1] != "-")), [w for w in rest if w[:1] == "-"]
    if rest:
        raise _unknown(verb, rest[0])
    if verb.source and not source:
        raise UsageError("No SOURCE was given.", f"{SOURCE_HELP} See: headrace {verb.name} --help")
    if player_args:
        given["player_args"] = player_args
    return Arguments(source, *load_with_origins(given, config=config), words)


def help_text(verb: Verb, width: int = WIDTH) -> str:
    """What ``headrace VERB --help`` prints."""
    takes = " SOURCE" * verb.source + f" {verb.words}" * bool(verb.words) + " [-- PLAYER ARGS]" * (verb.name == "play")
    blocks = [
        f"headrace {verb.name}: {verb.summary}",
        "Examples:\n" + "\n".join(_rows(verb.examples, width, min(54, width // 2))),
        f"Usage: headrace {verb.name} [OPTIONS]{takes}",
    ]
    if verb.source:
        blocks.append(textwrap.fill(SOURCE_HELP, width))
    for title, names in GROUPS.items():
        rows = [(_shown(name), OPTIONS[name].help) for name in names if verb.name in OPTIONS[name].verbs]
        if title == "What is said":
            rows += [("--config FILE", "settings file instead of the user's own"), ("-h, --help", "this text")]
        if rows:
            blocks.append(f"{title}:\n" + "\n".join(_rows(rows, width, min(_COLUMN, width // 2))))
    blocks += [textwrap.fill(note, width) for note in verb.notes.split("\n") if note]
    return "\n\n".join(blocks) + "\n"


def _split(verb: Verb, argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our arguments and the player's; for verbs without a player, ``--`` only ends the options."""
    if "--" not in argv or verb.name != "play":
        return list(argv), []
    at = list(argv).index("--")
    return list(argv[:at]), list(argv[at + 1 :])


def _with_eager(argv: Sequence[str]) -> Iterator[str]:
    """A bare ``--eager`` means ``trusted``; it must not swallow the SOURCE behind it."""
    eager = ("off", "trusted", "all")
    for argument, follower in zip(argv, [*argv[1:], ""], strict=False):
        yield argument
        if argument == "--eager" and follower not in eager and not _looks_like_a_value(follower):
            yield "trusted"


def _looks_like_a_value(text: str) -> bool:
    """A misspelt word rather than a source or another option, so that it is refused and not taken for a file."""
    return text.isalpha() and len(text) < 12


def _parser(verb: Verb) -> _Parser:
    parser = _Parser(prog=f"headrace {verb.name}", add_help=False, allow_abbrev=False)
    if verb.source:
        parser.add_argument("source", nargs="?", metavar="SOURCE")
    if verb.words:
        parser.add_argument("words", nargs="*", metavar="WORD")
    for name, option in OPTIONS.items():
        if verb.name not in option.verbs or not option.flags:
            continue
        if option.switch:
            parser.add_argument(*option.flags, dest=name, action=argparse.BooleanOptionalAction)
        else:
            action = "append" if option.repeatable else "store"
            parser.add_argument(*option.flags, dest=name, action=action, metavar=option.metavar)
    parser.add_argument("--config", metavar="FILE")
    parser.add_argument("-h", "--help", action="store_true", default=None)
    return parser


def _unknown(verb: Verb, argument: str) -> UsageError:
    if not argument.startswith("-") or argument == "-":
        return UsageError(
            f"{argument[:80]!r} is one argument too many.", "Quote names and links that hold blanks or &."
        )
    import difflib

    flags = [flag for option in OPTIONS.values() if verb.name in option.verbs for flag in option.flags]
    flags += ["--no-" + flag[2:] for flag in flags if flag.startswith("--")]
    near = difflib.get_close_matches(argument.split("=")[0], flags, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"See: headrace {verb.name} --help"
    return UsageError(f"{verb.name} has no option {argument.split('=')[0][:40]}.", hint)


def _shown(name: str) -> str:
    option = OPTIONS[name]
    flags = ", ".join(option.flags)
    if option.switch:
        return f"{flags}, --no-{option.flags[-1][2:]}" if name in ("keep", "dht", "auth", "resume") else flags
    return f"{flags} {option.metavar}"


def _rows(rows: Sequence[tuple[str, str]], width: int, column: int) -> Iterator[str]:
    for left, right in rows:
        lines = textwrap.wrap(right, width - column, break_long_words=False) or [""]
        if len(left) > column - 4:
            yield f"  {left}"
        else:
            yield f"  {left:<{column - 2}}{lines.pop(0)}".rstrip()
        yield from (" " * column + line for line in lines)
