"""How a process is ended: SIGTERM does as Ctrl-C does, at every moment.

Rules: before there is an event loop the signal raises KeyboardInterrupt. Python loses what is raised in the callback of
a weak reference, of which its import machinery has one for each module: so the signal is remembered too, and an event
loop that begins after it ends at once.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

INTERRUPTED = 130
"""The exit code."""
_signals: list[int] = []
"""Those that came before there was an event loop."""


def listen() -> None:
    """From now on SIGTERM raises KeyboardInterrupt."""
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _signals.append(number)
    raise KeyboardInterrupt


def when_asked(end: Callable[[], object]) -> None:
    """Call ``end`` on the running loop at SIGTERM; now, if one came before."""
    import asyncio

    with contextlib.suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    if _signals:
        end()


def run(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run ``work`` on an event loop, cancelled at SIGTERM; the exit code."""
    import asyncio

    async def main() -> int:
        task = asyncio.current_task()
        assert task is not None
        when_asked(task.cancel)
        try:
            return await work()
        except asyncio.CancelledError:
            return INTERRUPTED

    return asyncio.run(main())
