"""Seeds in another network namespace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from kit.command import PACKAGE

KIT = str(Path(__file__).parents[1])


@contextlib.asynccontextmanager
async def seeds_in(namespace: str, torrent: Path, folder: Path, *hosts: str) -> AsyncIterator[list[str]]:
    """A seed at each of these addresses of the namespace; their addresses with ports."""
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", namespace, sys.executable, "-m", "kit.seed", str(torrent), str(folder), *hosts),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((PACKAGE, KIT))},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            addresses = [(await process.stdout.readline()).decode().strip() for _ in hosts]
        assert all(addresses)
        yield addresses
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 60)
        except TimeoutError:
            process.kill()
            await process.wait()
