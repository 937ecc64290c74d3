"""By which of this machine's addresses a device reaches it."""

from __future__ import annotations

import asyncio

from headrace import interfaces
from headrace.errors import PlayerError


async def address_towards(host: str) -> str:
    """This machine's address on the way to ``host``; ``PlayerError`` when there is no way."""
    try:
        return await asyncio.to_thread(interfaces.address_towards, host)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlayerError(f"There is no way to {host}: {reason}.", kind="unreachable") from None
