"""A folder for one run of a player that only the user may enter, and that the player can see."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePath

FLATPAKS = ("io.mpv.Mpv", "org.videolan.VLC")


def shared_with(program: str, env: Mapping[str, str]) -> str | None:
    """A Flatpak has a /tmp of its own, and shares one folder with its host; None stands for the usual place."""
    name = PurePath(program).name
    if name not in FLATPAKS or not env.get("XDG_RUNTIME_DIR"):
        return None
    shared = Path(env["XDG_RUNTIME_DIR"]) / "app" / name
    shared.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(shared)


def private_folder(program: str, env: Mapping[str, str]) -> str:
    """Make one (mode 0700) where ``program`` can see it."""
    return tempfile.mkdtemp(prefix="headrace-", dir=shared_with(program, env))
