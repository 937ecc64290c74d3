"""From arguments to a verb, and from whatever goes wrong to an exit code and one or two lines.

Rules: every way out goes through here; errors are said on standard error, and as an event too with ``--json``; a
traceback is shown with ``--debug`` only; what errors quote is redacted, since links carry passkeys.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from msgspec import Struct

from headrace.core.redact import redact
from headrace.ending import INTERRUPTED
from headrace.errors import EngineError, HeadraceError
from headrace.settings import UsageError

VERBS = {
    "play": "stream a torrent and open a player",
    "files": "list a torrent's files",
    "download": "fetch a torrent's files whole",
    "serve": "the server: add and watch torrents from a browser",
    "devices": "Chromecasts and DLNA televisions in reach",
    "cache": "what is on the disk: list, remove, pin",
    "demo": "make a video and a swarm on this machine, and stream it",
    "config": "print the settings, and where each comes from",
    "doctor": "say what is there and what is missing",
}
"""In the order of the help."""
_YES = ("1", "true", "yes", "on")


class Manner(Struct):
    """How errors are told. Known exactly once the arguments are read, and guessed from them before."""

    json: bool
    debug: bool


def run(argv: Sequence[str]) -> int:
    """Run a verb; the exit code."""
    _tolerate_any_text()
    manner = Manner(_asked(argv, "json"), _asked(argv, "debug"))
    try:
        code = _run(list(argv), manner)
    except HeadraceError as error:
        code = _fail(error, manner)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = 0  # whoever read has enough
    except OSError as error:
        code = _fail(_from_system(error), manner)
    except Exception as error:
        code = _fail(_unexpected(error), manner)
    if code == INTERRUPTED:
        _say("\n" * sys.stderr.isatty() + "Interrupted.")  # behind the terminal's own ^C
    return code if _flushed() else 0


def overview() -> str:
    """What ``headrace --help`` prints."""
    verbs = "\n".join(f"  {name:<10}{summary}" for name, summary in VERBS.items())
    return (
        "headrace: stream torrents: the video plays within seconds and seeks anywhere\n\n"
        "Examples:\n"
        "  headrace play 'magnet:?xt=urn:btih:…'       play the main video\n"
        "  headrace files show.torrent                 what is in it\n"
        "  headrace play show.torrent --file S02E05    play one episode\n"
        "  headrace demo                               try it, without the internet\n\n"
        f"Usage: headrace VERB [OPTIONS]\n\nVerbs:\n{verbs}\n\n"
        "headrace VERB --help says more; headrace --version tells the version.\n"
        "Without a verb, a SOURCE is played: headrace 'magnet:?xt=urn:btih:…'\n"
    )


def module_of(verb: str) -> ModuleType:
    """The module of a verb, which has ``VERB`` and ``run``."""
    return importlib.import_module(f"headrace.cli.{verb}")


def choose(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The verb and what is left; a SOURCE without a verb, or options alone, mean ``play``."""
    first = argv[0]
    if first in VERBS:
        return first, list(argv[1:])
    if first.startswith("-") or _is_source(first):
        return "play", list(argv)
    import difflib

    near = difflib.get_close_matches(first, VERBS, n=1)
    hint = f"Did you mean: headrace {near[0]}?" if near else f"Verbs: {', '.join(VERBS)}. See: headrace --help"
    raise UsageError(f"{first[:80]!r} is neither a verb nor a source.", hint)


def _run(argv: list[str], manner: Manner) -> int:
    if not argv:
        sys.stderr.write(overview())
        return UsageError.exit_code
    if argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(overview())
        return 0
    name, rest = choose(argv)
    module = module_of(name)
    from headrace.cli.parsing import WIDTH, HelpWanted, help_text, parse

    try:
        arguments = parse(module.VERB, rest)
    except HelpWanted:
        sys.stdout.write(help_text(module.VERB, _columns(WIDTH)))
        return 0
    manner.json, manner.debug = arguments.settings.json, arguments.settings.debug
    with _debug_log() if manner.debug else contextlib.nullcontext():
        code: int = module.run(arguments)
    return code


def _debug_log() -> contextlib.AbstractContextManager[None]:
    import logging

    from headrace.cli import log

    return log.to("debug", logging.DEBUG)


def _columns(most: int) -> int:
    """How wide to print: as the terminal, but not wider than reads well."""
    try:
        return max(min(os.get_terminal_size(sys.stdout.fileno()).columns, most), 40)
    except (OSError, ValueError):
        return most


def _is_source(text: str) -> bool:
    from headrace.core.source import TorrentPath, parse

    with contextlib.suppress(HeadraceError):
        found = parse(text)
        return not isinstance(found, TorrentPath) or text.lower().endswith(".torrent") or os.path.isfile(text)  # noqa: PTH113 (nothing else here needs pathlib)
    # A link of a kind that cannot be opened: play says why.
    return ":" in text


def _asked(argv: Sequence[str], name: str) -> bool:
    ours = list(argv[: argv.index("--")]) if "--" in argv else list(argv)
    return f"--{name}" in ours or os.environ.get(f"HEADRACE_{name.upper()}", "").lower() in _YES


def _fail(error: HeadraceError, manner: Manner) -> int:
    if manner.debug:
        import traceback

        _say(redact("".join(traceback.format_exception(error))).rstrip())
    message, hint = redact(error.message), redact(error.hint)
    if manner.json:
        from headrace.cli.jsonl import JsonPrinter
        from headrace.core.events import Error

        JsonPrinter(sys.stdout)(Error(error.kind, message, hint, error.exit_code))
    _say(f"headrace: {message}" + (f"\n{hint}" if hint else ""))
    return error.exit_code


def _from_system(error: OSError) -> HeadraceError:
    where = f"{error.filename}: " if error.filename else ""
    found = EngineError(f"{where}{error.strerror or error}.", "See: headrace doctor", kind="system")
    found.__cause__ = error
    return found


def _unexpected(error: Exception) -> HeadraceError:
    found = HeadraceError(
        f"Unexpected {type(error).__name__}: {error}", "This is a fault in Headrace: please report it, with --debug."
    )
    found.__cause__ = error
    return found


def _say(text: str) -> None:
    """To the person; names from torrents may stand in it."""
    from headrace.cli.words import clean

    lines = [" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in text.split("\n")]
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def _tolerate_any_text() -> None:
    """A name that the terminal's encoding lacks must not end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def _flushed() -> bool:
    """Whether standard output took everything; if its reader has gone, Python must not complain at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 (until the process ends)
        return False
    except (OSError, ValueError):
        return False
    return True
