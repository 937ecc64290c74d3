"""Tells the service manager how far the server is (sd_notify(3)); nothing where none has asked.

Rules: a datagram to the socket that the environment names, never waited for; who cannot be told is not told.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

READY, STOPPING = "READY=1", "STOPPING=1"


def tell(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Say that it is so."""
    name = environment.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):  # vsock is for virtual machines
        return
    address = f"\0{name[1:]}" if name.startswith("@") else name  # "@" stands for the abstract namespace
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto(state.encode(), address)
