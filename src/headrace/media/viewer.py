"""A player without a window: opens a URL as players do, decodes every picture, and tells when it came.

Rules: all of it runs in one thread of its own, since a read of av blocks until the bytes are there; who steers it asks
with ``seek`` and ``stop`` from any thread. Pictures come at the pace of the video, as on a screen; after a seek the one
that counts is the first at or behind the wished place, as with mpv's exact seeks, and not a keyframe before it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import av
from msgspec import Struct

from headrace.errors import PlayerError

OPEN_TIMEOUT, READ_TIMEOUT = 60.0, 60.0
"""Seconds without a byte: the stream itself waits as long as there is hope, this is for nobody at all."""


class Shown(Struct, frozen=True):
    """One picture. ``position`` in seconds of the video, ``at`` on the clock of ``time.monotonic``.

    ``number`` counts from 1; ``first`` is set for the very first one and for the first one after a seek.
    """

    position: float
    at: float
    number: int
    first: bool
    duration: float


class Viewer:
    """Watches one URL. ``shown`` is called for each picture, in the viewer's thread."""

    def __init__(self, url: str, shown: Callable[[Shown], None]) -> None:
        self._url, self._shown = url, shown
        self._wish: float | None = None
        self._stopped = False
        self._change = threading.Condition()
        self._count = 0

    def seek(self, seconds: float) -> None:
        """Go there; a newer wish takes the place of one that was not met yet."""
        with self._change:
            self._wish = seconds
            self._change.notify_all()

    def stop(self) -> None:
        """End soon: a read that waits for the network ends when the other side does."""
        with self._change:
            self._stopped = True
            self._change.notify_all()

    def run(self) -> int:
        """Watch until ``stop`` or the end; the number of pictures. Blocks. ``PlayerError`` when it cannot go on."""
        try:
            with av.open(self._url, timeout=(OPEN_TIMEOUT, READ_TIMEOUT)) as container:
                self._watch(container)
        except (OSError, ValueError) as error:  # av's errors are OSError or ValueError too
            if not self._stopped:
                raise PlayerError(f"The stream cannot be decoded: {error}.") from error
        return self._count

    def _watch(self, container: Any) -> None:
        if not container.streams.video:
            raise PlayerError("The stream has no video in it.")
        duration = container.duration / av.time_base if container.duration else 0.0
        target: float | None = 0.0
        while target is not None:
            target = self._from(container, target, duration)

    def _from(self, container: Any, target: float, duration: float) -> float | None:
        """Show from ``target`` on, until there is a new wish (returned) or no more to show (None)."""
        begun: float | None = None
        with contextlib.suppress(av.error.EOFError):
            for picture in container.decode(video=0):
                if self._stopped or self._wish is not None:
                    break
                if picture.time is None or picture.time < target:
                    continue
                if begun is None:
                    begun = time.monotonic() - picture.time
                    self._tell(picture.time, True, duration)
                elif self._wait_until(begun + picture.time):
                    self._tell(picture.time, False, duration)
        return self._next_place(container)

    def _tell(self, position: float, first: bool, duration: float) -> None:
        self._count += 1
        self._shown(Shown(position, time.monotonic(), self._count, first, duration))

    def _wait_until(self, moment: float) -> bool:
        """Whether that moment came before a wish or ``stop`` did."""
        with self._change:
            return not self._change.wait_for(
                lambda: self._stopped or self._wish is not None, max(moment - time.monotonic(), 0.0)
            )

    def _next_place(self, container: Any) -> float | None:
        """Where to go on: there the container is, when this returns; None after ``stop``, or at the end."""
        with self._change:
            wish, self._wish = self._wish, None
            if self._stopped or wish is None:
                return None
        container.seek(int(wish * av.time_base))
        return wish
