"""The user's web browser, opened on the URL by Python's own ``webbrowser`` in a process of its own.

In a process, because some browsers speak on standard output, which with ``--json`` is ours alone, and text browsers
would take the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def browser_argv(url: str) -> list[str]:
    """The argument vector that opens ``url`` and ends."""
    return [sys.executable, "-I", "-c", OPEN, url]


def has_screen(platform: str, env: Mapping[str, str]) -> bool:
    """Whether windows can be shown: always on Windows and macOS, elsewhere with X or Wayland."""
    return platform in ("win32", "darwin") or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


def can_open(platform: str, env: Mapping[str, str]) -> bool:
    """Whether a browser can be opened: with a screen, or where the user named one in ``$BROWSER``."""
    return has_screen(platform, env) or bool(env.get("BROWSER"))
