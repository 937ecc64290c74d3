"""The program: ``headrace`` and ``python -m headrace``."""

from __future__ import annotations

import contextlib
import signal
import sys
from types import FrameType

from headrace import cli


def main() -> int:
    """Run with the process's own arguments; the exit code."""
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _interrupt)
    return cli.main()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends it as Ctrl-C does, also before there is an event loop."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
