"""``headrace demo``: the whole real path on this machine alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from headrace.cli.output import Later, is_terminal
from headrace.cli.parsing import Arguments, Verb

if TYPE_CHECKING:
    from headrace.core.events import Note
    from headrace.settings import Settings

VERB = Verb(
    "demo",
    "make a short video and a local swarm, and stream it through the whole real path",
    (
        ("headrace demo", "needs no internet, and ends by itself"),
        ("headrace demo --player mpv", "in this player"),
        ("headrace demo --player none", "decoded without a window, as where there is no screen"),
        ("headrace demo --json", "for programs"),
    ),
    source=False,
)


def run(arguments: Arguments) -> int:
    """Run the demo; the exit code."""
    from headrace import demo

    settings = arguments.settings
    with Later(settings, "demo") as say:
        teller = Teller(settings, say)
        code = demo.run(settings, teller)
    if teller.figures is not None and not settings.json and not settings.quiet:
        sys.stdout.write("".join(f"{line}\n" for line in summary(teller.figures)))
    return code


class Teller:
    """Passes notes on to the view; what only the demo tells, it prints itself."""

    def __init__(self, settings: Settings, say: Any) -> None:
        self._settings, self._say = settings, say
        self._live = is_terminal() and not settings.debug
        self._making = False
        self.figures: Any = None

    def __call__(self, note: Note) -> None:
        """Take a note."""
        if note.event == "figures":
            self.figures = note
        if self._settings.json or note.event not in ("making", "figure", "figures"):
            self._say(note)
        elif note.event == "making" and not self._settings.quiet:
            self._tell_making(getattr(note, "share", 0.0))
        elif note.event == "figure" and not self._settings.quiet and not self._live:
            sys.stderr.write(f"{line_of(note)}\n")

    def _tell_making(self, share: float) -> None:
        """A line that counts up on a terminal; elsewhere one line. The view comes after it."""
        if self._live:
            end = "\r\x1b[K" if share >= 1 else ""
            sys.stderr.write(f"\rMaking a video: {share:4.0%}{end}")
        elif not self._making:
            sys.stderr.write("Making a video\n")
        self._making = True
        sys.stderr.flush()


def line_of(figure: Any) -> str:
    """A figure in words."""
    if figure.what == "first_frame":
        return f"First frame after {figure.seconds:.2f} s"
    return f"Seek to {figure.position:.0f} s: frame after {figure.seconds:.2f} s{_there(figure.downloaded)}"


def summary(figures: Any) -> list[str]:
    """All figures, for people."""
    frames = f", {figures.frames} frames decoded" if figures.frames else ""
    player = "a decoder without a window" if figures.player == "decoder" else figures.player
    return [
        "",
        f"Streamed from {_seeds()} seeds on this machine into {player}{frames}.",
        f"  magnet link to first frame  {figures.first_frame:5.2f} s",
        *(
            f"  seek to {seek['share']:.0%}                 {seek['seconds']:5.2f} s{_there(seek['downloaded'])}"
            for seek in figures.seeks
        ),
    ]


def _seeds() -> int:
    from headrace.demo import SEEDS

    return SEEDS


def _there(downloaded: bool) -> str:
    return "  (was there already)" if downloaded else "  (was not there yet)"
