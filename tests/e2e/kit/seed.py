"""A seed in a process of its own, for other network namespaces: ``python -m kit.seed TORRENT FOLDER ADDRESS...``.

It prints where it listens, one line for each address, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from kit.foreign import foreign


async def main(torrent: str, folder: str, *hosts: str) -> None:
    async with contextlib.AsyncExitStack() as seeds:
        for host in hosts:
            seed = await seeds.enter_async_context(foreign(host))
            seed.share(Path(torrent).read_bytes(), Path(folder))
            print("{}:{}".format(*seed.address), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
