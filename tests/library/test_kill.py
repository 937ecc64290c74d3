"""What was acknowledged is there after SIGKILL, whenever it comes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.library.library import Library
from headrace.library.records import Entry

WRITES = """
import asyncio, sys
from pathlib import Path
from headrace.library.library import Library
from headrace.library.records import Entry

async def main() -> None:
    library = await Library.open(Path(sys.argv[1]))
    info_hash = f"{int(sys.argv[2]):040}"
    await library.put(Entry(info_hash, "Film"), torrent=b"d" * 5000)
    for number in range(1_000_000):
        await asyncio.gather(*(library.set_position(info_hash, file, number) for file in range(4)))
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()

asyncio.run(main())
"""
ROUNDS = 12


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
async def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    for turn in range(ROUNDS):
        acknowledged = killed_after(tmp_path, turn, lines=1 + 7 * turn)
        async with await Library.open(tmp_path) as library:
            found = {position.index: position.seconds for position in await library.positions(f"{turn:040}")}
            assert set(found) == {0, 1, 2, 3}
            assert all(seconds >= acknowledged for seconds in found.values())
            assert all(seconds == int(seconds) for seconds in found.values())
            assert await library.metainfo(f"{turn:040}") == b"d" * 5000
            assert len(await library.torrents()) == turn + 1
            await library.put(Entry(f"{turn:040}", "still to be written"))


def killed_after(folder: Path, turn: int, lines: int) -> int:
    """Kill a process that writes, when it has said so many times that it has written; what it said last."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, folder, str(turn)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for _ in range(lines):
            assert child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split("\n")
    whole = [line for line in rest[:-1] if line]  # the last may be torn
    return int(whole[-1]) if whole else lines - 1
