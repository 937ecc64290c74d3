"""Headrace's server in a process that watches its own event loop.

Takes the arguments of ``headrace play FILE.torrent`` that the benchmark gives, serves as ``play`` does without a
player, and prints beside ``serving`` a line ``late`` whenever the loop came back to a ticker of 5 ms too late: its
moment (CLOCK_MONOTONIC) and by how many seconds.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from typing import Any

from headrace.cli.parsing import parse
from headrace.cli.play import VERB
from headrace.http.server import Server
from headrace.session import Session

TICK = 0.005
WORTH_TELLING = 0.005


def _say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


async def _tick() -> None:
    while True:
        due = time.monotonic() + TICK
        await asyncio.sleep(TICK)
        late = time.monotonic() - due
        if late > WORTH_TELLING:
            _say(event="late", at=due, seconds=late)


async def _serve(words: list[str]) -> None:
    arguments = parse(VERB, words[1:])
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    async with Session(arguments.settings) as session:
        torrent = await session.add(arguments.source)
        server = Server(session.torrents, port=arguments.settings.port)
        await server.start()
        _say(event="serving", url=server.url(torrent, None), port=server.port)
        ticker = asyncio.get_running_loop().create_task(_tick())
        await ended.wait()
        ticker.cancel()
        await server.aclose()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
