"""The secret that the server asks for beyond loopback.

Rules: made once with the system's randomness, kept in the user's state folder with mode 0600, never logged.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from headrace.errors import EngineError
from headrace.settings import Settings, default_folder

LOOPBACK = frozenset({"::1", "localhost"})
_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}", re.ASCII)
"""127.0.0.0/8 (RFC 1122); a host name may begin with 127 too."""


class Found(NamedTuple):
    """A server's token; ``fresh``: it was made just now, and nobody has seen it yet."""

    text: str
    fresh: bool = False


def token_for(settings: Settings, folder: Path | None = None) -> str:
    """The token of a server with these settings; empty if it asks for none."""
    return find(settings, folder).text


def find(settings: Settings, folder: Path | None = None) -> Found:
    """The token; one that was given, else the one that was made, but for none on loopback.

    ``EngineError`` when it cannot be kept.
    """
    if not settings.auth or settings.token or is_loopback(settings.host):
        return Found(settings.token if settings.auth else "")
    path = (folder or default_folder("state")) / "token"
    try:
        kept = _kept(path)
        return Found(kept) if kept else Found(_made(path), fresh=True)
    except OSError as error:
        raise EngineError(f"The server's token cannot be kept in {path}: {error.strerror}.", kind="disk") from None


def is_open(settings: Settings) -> bool:
    """Whether others in the network may do everything."""
    return not (settings.auth or is_loopback(settings.host))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host in LOOPBACK or _LOOPBACK.fullmatch(host) is not None


def _kept(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        kept = path.read_text(encoding="ascii").strip()
        path.chmod(0o600)  # it may have been copied from elsewhere
        return kept
    return ""


def _made(path: Path) -> str:
    """A new one, in one step: of two servers that start at once both have the one that came last, or both the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(24) + "\n")
    fresh.replace(path)
    return _kept(path)
