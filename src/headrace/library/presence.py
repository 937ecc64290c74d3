"""Who serves a library: found by other processes in its folder.

Rules: one server at a time, held by a lock that ends with its process, so that what a killed one left behind is never
believed. The file that tells how to reach it carries the token and may be read by its user only.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from headrace.errors import EngineError
from headrace.locks import claim as lock
from headrace.locks import held

FILE, LOCK = "serve.json", "serve.lock"
_PATIENCE, _PAUSE = 5, 0.01
"""Looks at the lock, and seconds between them: who only wants to know keeps it for microseconds."""


@dataclass(frozen=True, slots=True)
class Present:
    """A server that runs. ``url`` is its root, as in ``http://127.0.0.1:8888``; ``token`` is empty if none is needed.

    ``started`` in seconds since 1970.
    """

    pid: int
    url: str
    token: str = field(default="", repr=False)
    started: float = 0.0
    network: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Digests of what it was told about its way into the network (``Settings.network``)."""

    def refusal(self) -> EngineError:
        """What to say to who needs what it has."""
        who = f" (process {self.pid})" if self.pid else ""  # it has not said so yet
        how = f"Use it at {self.url}, end it, or" if self.url else "End it, or"
        return EngineError(
            f"A Headrace server{who} has this folder.", f"{how} choose another folder: --dir DIR.", kind="in_use"
        )


class Claim:
    """This process serves the library, and nobody else does; until ``release``, or until nobody holds this object."""

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self._folder, self._file = folder, file

    def announce(self, url: str, token: str = "", network: Mapping[str, str] | None = None) -> None:
        """Say how it is reached; ``EngineError`` when that cannot be written."""
        import json

        found = asdict(Present(os.getpid(), url, token, time.time(), network or {}))
        fresh = self._folder / f"{FILE}.{os.getpid()}"
        try:
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(found, file)
            fresh.replace(self._folder / FILE)
        except OSError as error:
            raise _unwritable(self._folder, error) from None

    def release(self) -> None:
        """It serves no more."""
        with contextlib.suppress(OSError):
            (self._folder / FILE).unlink()
        self._file.close()


def claim(folder: Path) -> Claim:
    """Become the one that serves this library; ``EngineError`` when another does, or nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise _unwritable(folder, error) from None
    for _ in range(_PATIENCE):
        if lock(file):
            with contextlib.suppress(OSError):
                (folder / FILE).unlink()  # what a server that was killed left behind
            return Claim(folder, file)
        time.sleep(_PAUSE)
    file.close()
    raise (_read(folder) or Present(0, "")).refusal()


def find(folder: Path) -> Present | None:
    """The server of this library, if one runs and can be reached yet. Reads two small files."""
    try:
        with (folder / LOCK).open("rb") as file:
            return _read(folder) if held(file) else None
    except OSError:
        return None


def _read(folder: Path) -> Present | None:
    import json  # not before somebody serves: every start of ``play`` looks here

    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        pid, url, token, started = (found[name] for name in ("pid", "url", "token", "started"))
        return Present(int(pid), str(url), str(token), float(started), dict(found.get("network", {})))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _unwritable(folder: Path, error: OSError) -> EngineError:
    return EngineError(f"Cannot write in {folder}: {error.strerror}.", "Choose another folder: --dir DIR.", kind="disk")
