"""Headrace's errors, split by whose fault they are.

    HeadraceError
    ├── InputError   what you gave us      exit 3: not a magnet, a torn .torrent, no such file in the torrent
    ├── SwarmError   the network           exit 4: no metadata or no peers within the timeout
    ├── EngineError  the engine or disk    exit 5: cannot write, disk full, port in use, engine missing
    └── PlayerError  the player or device  exit 6: not found, would not start, refused

Each says what happened (``message``) and what to do next (``hint``). ``kind`` is a stable word for programs.
A caller's own mistake (reading a closed reader, say) is a plain ``RuntimeError`` or ``ValueError``.
"""

from __future__ import annotations


class HeadraceError(Exception):
    """Base of every error that a user can meet."""

    exit_code = 1
    default_kind = "unexpected"

    def __init__(self, message: str, hint: str = "", *, kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind or self.default_kind

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(HeadraceError):
    """What the user gave is not usable: a bad magnet, a torn .torrent, no such file in the torrent."""

    exit_code = 3
    default_kind = "input"


class SwarmError(HeadraceError):
    """The network did not deliver: no metadata or no peers within the timeout."""

    exit_code = 4
    default_kind = "swarm"


class EngineError(HeadraceError):
    """The engine or the disk failed: cannot write, disk full, port in use."""

    exit_code = 5
    default_kind = "engine"


class PlayerError(HeadraceError):
    """A player or device was not found, did not start, or refused."""

    exit_code = 6
    default_kind = "player"
