"""The secret that the server asks for beyond loopback.

Rules: made once with the system's randomness, kept in the user's state folder with mode 0600, never logged.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from headrace.errors import EngineError
from headrace.settings import default_folder

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def token_for(host: str, folder: Path | None = None) -> str:
    """The token for a server on ``host``; empty on loopback."""
    if host in LOOPBACK or host.startswith("127."):
        return ""
    path = (folder or default_folder("state")) / "token"
    try:
        if path.exists() and (kept := path.read_text(encoding="ascii").strip()):
            return kept
        path.parent.mkdir(parents=True, exist_ok=True)
        token = secrets.token_urlsafe(24)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(token + "\n")
    except OSError as error:
        raise EngineError(f"The server's token cannot be kept in {path}: {error.strerror}.", kind="disk") from None
    return token
