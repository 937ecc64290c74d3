"""The live view: the picture, redrawn in place.

Rules: it draws when a note comes, at most ``RATE`` times a second, and never from a thread of its own. It draws over
the lines that it drew before and over nothing else; when the terminal became narrower those lines were wrapped by it
and cannot be counted, so that the screen is cleared once. At the end the last picture stays and the cursor is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from headrace.cli.picture import Picture, lines
from headrace.core.events import Note

RATE = 4
"""Pictures a second at most: notes come in bursts, and a terminal over a slow line must keep up."""
MARGIN = 1
"""The last column stays free: many terminals wrap when it is written."""


class LiveView:
    """A ``View`` on a terminal, for ``cli.output``."""

    def __init__(
        self,
        *,
        url_first: bool = False,
        fetching: bool = False,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        self._picture = Picture(url_first=url_first, fetching=fetching)
        self._drawn_at: float | None = None
        self._width = self._console.width
        self._live: Live | None = None

    def __call__(self, note: Note) -> None:
        """Take a note in, and draw if the last picture is old enough."""
        self._picture.take(note)
        now = self._clock()
        if self._drawn_at is None or now - self._drawn_at >= 1 / RATE:
            self._drawn_at = now
            self._draw()

    def close(self) -> None:
        """Draw the last picture and give the terminal back."""
        if self._live is not None:
            self._draw()
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        width = self._console.width
        if self._live is not None and width < self._width:
            self._live.stop()
            self._console.clear()
            self._live = None
        self._width = width
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        self._live.update(self._rendered(), refresh=True)

    def _rendered(self) -> Group:
        unicode = self._console.encoding.startswith("utf")
        drawn = lines(self._picture, max(self._console.width - MARGIN, 1), unicode=unicode)
        return Group(*(Text.assemble(*line, no_wrap=True, overflow="crop") for line in drawn))
