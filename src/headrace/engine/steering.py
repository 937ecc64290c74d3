"""Which pieces libtorrent wants: how wishes become priorities.

Rules: wanted pieces have priority 4 and the rest 0, in sequential mode: libtorrent then picks in index order. The
picker's cursors must be reset after each change by switching that mode off and on, else what lies outside the old range
is picked at random. All calls are asynchronous and executed in order. Nothing here imports libtorrent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headrace.core.pieces import Layout
from headrace.engine.base import Change
from headrace.engine.readiness import Readiness

if TYPE_CHECKING:
    import asyncio

WANTED, UNWANTED = 4, 0
SILENCE_AT_ONCE = 8192
"""Pieces set to "not wanted" in one call: more would hold the event loop for milliseconds."""
PULSE_SECONDS = 0.05
"""How long the deadline of a pulse stays: libtorrent's network thread has run by then."""
TRIM_SECONDS = 0.01
"""How long nothing is wanted when request queues are trimmed."""


def running_loop() -> asyncio.AbstractEventLoop:
    """asyncio takes 30 ms to import: peers are met before that."""
    import asyncio

    return asyncio.get_running_loop()


def guarded(call: Callable[[], object]) -> None:
    """Call libtorrent; a torrent that was removed meanwhile needs no telling."""
    with contextlib.suppress(RuntimeError):
        call()


class Steering:
    """One torrent's wishes. ``handle`` is libtorrent's torrent_handle, ``sequential`` its flag for that mode."""

    def __init__(self, handle: Any, sequential: Any, readiness: Readiness) -> None:
        self.handle, self._sequential, self._readiness = handle, sequential, readiness
        self._layout: Layout | None = None
        self.wanted: set[int] = set()
        """As told last; what is had meanwhile stays in it."""
        self._gate: list[Change] | None = None
        self._loud: int | None = None

    def start(self, layout: Layout, *, silent: bool) -> None:
        """The metadata is there. ``silent``: nothing is to be fetched but what is wanted."""
        self._layout = layout
        if silent:
            self._loud = 0
            running_loop().call_soon(self._silence)

    def _silence(self) -> None:
        """libtorrent wants every piece of a new torrent: take that back, a part at a time.

        In one call with what is wanted first: if nothing were wanted for a moment, peers would be told that we are
        not interested, and their request queues would never leave the minimum (no slow start after that).
        """
        if self._loud is None or self._layout is None or self._gate is not None:
            return
        start, stop = self._loud, min(self._loud + SILENCE_AT_ONCE, self._layout.num_pieces)
        self._loud = stop if stop < self._layout.num_pieces else None
        pairs = [(piece, WANTED if piece in self.wanted else UNWANTED) for piece in range(start, stop)]
        guarded(lambda: self._steer(pairs, None))
        if self._loud is not None:
            running_loop().call_soon(self._silence)

    def choose_files(self, indexes: frozenset[int], *, even_one: bool = False) -> None:
        """Files that are not chosen get no file of their own; what pieces share with them goes to a part file."""
        if self._layout is None or (len(self._layout.files) < 2 and not even_one):
            return
        priorities = [WANTED if entry.index in indexes else UNWANTED for entry in self._layout.files]
        self._gate = self._gate or []  # libtorrent recomputes all piece priorities when that is done
        guarded(lambda: self.handle.prioritize_files(priorities))

    def files_chosen(self) -> None:
        """libtorrent did what ``choose_files`` asked for."""
        held, self._gate = self._gate or [], None
        self._loud = 0
        self._silence()
        for change in held:
            self.apply(change)

    def apply(self, change: Change) -> None:
        """See ``base.EngineTorrent``. Four asynchronous calls, executed in order."""
        self.wanted.difference_update(change.drop)
        self.wanted.update(change.want)
        if self._layout is None:
            return  # ``_silence`` brings it; libtorrent itself would crash (a division by zero)
        if self._gate is not None:
            self._gate.append(change)
            return
        in_flight = self._readiness.in_flight()
        self._readiness.withdrawn(change.drop if change.jump is None else set(in_flight) - {change.jump, *change.keep})
        self._silence()
        pairs = [(piece, UNWANTED) for piece in change.drop] + [(piece, WANTED) for piece in change.want]
        if change.jump is not None and not any(piece == change.jump for piece, _ in pairs):
            pairs.append((change.jump, WANTED))
        guarded(lambda: self._steer(pairs, change.jump, change.keep))

    def _steer(self, pairs: list[tuple[int, int]], jump: int | None, keep: tuple[int, ...] = ()) -> None:
        if jump is not None:
            # The first deadline makes libtorrent withdraw all other requests in flight, in a step of its own: the
            # deadline must last until then, or the requests for this very piece are withdrawn too.
            self.handle.clear_piece_deadlines()
            urgent = (jump, *(piece for piece in keep if piece != jump))
            for piece in urgent:
                self.handle.set_piece_deadline(piece, 0)
            running_loop().call_later(PULSE_SECONDS, guarded, lambda: self._end_pulse(urgent))
        self.handle.prioritize_pieces(pairs)
        self.handle.unset_flags(self._sequential)
        self.handle.set_flags(self._sequential)

    def _end_pulse(self, pieces: tuple[int, ...]) -> None:
        for piece in pieces:
            self.handle.reset_piece_deadline(piece)
        self.handle.prioritize_pieces([(piece, WANTED if piece in self.wanted else UNWANTED) for piece in pieces])

    def trim(self) -> None:
        """End libtorrent's slow start, in which the queue at a peer grows with every block, far past what
        request_queue_time allows: at a seek one peer then takes most of the first piece.

        Wanting nothing for an instant says "not interested" and then "interested". That may cost our place at a peer,
        so it is done only where that loses none (``places``), once, when the start is over.
        """
        if self._gate is not None:
            return
        self._gate = []
        self.handle.prioritize_pieces([(piece, UNWANTED) for piece in self.wanted])
        # libtorrent looks at its interest when its queue of messages is empty: the two must not be in it together
        running_loop().call_later(TRIM_SECONDS, self._trimmed)

    def _trimmed(self) -> None:
        held, self._gate = self._gate or [], None
        last = next((change for change in reversed(held) if change.jump is not None), Change())
        self._readiness.withdrawn(self._readiness.in_flight())
        pairs = [(piece, WANTED) for piece in self.wanted if not self._readiness.have[piece]]
        pairs += [(piece, UNWANTED) for change in held for piece in change.drop if piece not in self.wanted]
        guarded(lambda: self._steer(pairs, last.jump, last.keep))
        self._silence()  # it may have met the closed gate
