"""Files as locks between processes.

Rules: a lock ends with the process that has it, however that ends; nobody waits for one.
"""

from __future__ import annotations

import sys
from typing import IO


def claim(file: IO[bytes]) -> bool:
    """Lock an open file until it is closed; whether nobody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)  # what is locked is the byte at the file's position
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def held(file: IO[bytes]) -> bool:
    """Whether another has locked it. Several may look at once, and whoever looks keeps nobody out for longer than it
    takes."""
    if sys.platform == "win32":
        if not claim(file):
            return True
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False
