"""MplayerLink against a shell script that speaks its slave mode."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from headrace.players import mplayer_link
from headrace.players.base import Media, PlayerState
from headrace.players.mplayer_link import MplayerLink
from headrace.players.process import spawn
from headrace.players.report import Reporter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the double is a shell script")

DOUBLE = """
echo 'Playing x.'
while read line; do
  case "$line" in
    *"get_property pause") echo ANS_pause=$PAUSE;;
    *"get_property path") echo "ANS_path='http://h/b'";;
    *get_time_length) echo ANS_LENGTH=60.50;;
    *get_time_pos) echo ANS_TIME_POSITION=7.5;;
    quit) exit 0;;
    *) echo "order $line";;
  esac
done
"""


@pytest.mark.parametrize(("pause", "state"), [("no", "playing"), ("yes", "paused")])
async def test_it_asks_and_reports(pause: str, state: str, seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE", pause)
    link = MplayerLink("mplayer", Media("http://h/a"), Reporter(seen, lambda: 0.0))
    child = await spawn(["/bin/sh", "-c", DOUBLE], stdin=True)
    following = asyncio.create_task(link.follow(child))
    assert await seen.until(lambda s: True) == PlayerState(state, 7.5, 60.5, "http://h/b")
    assert link.connected.is_set()
    await link.ask_to_quit()
    await asyncio.wait_for(following, 60)
    child.close()


async def test_orders(seen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mplayer_link, "EACH", 60.0)
    link = MplayerLink("mplayer", Media("http://h/a"), Reporter(seen, lambda: 0.0))
    assert not await link.seek(1)
    assert not await link.add_subtitles(["/a.srt"])
    child = await spawn(["/bin/sh", "-c", DOUBLE.replace("read line", "read -r line")], stdin=True)
    following = asyncio.create_task(link.follow(child))
    await seen.until(lambda s: True)
    assert await link.seek(12.5)
    assert await link.add_subtitles(['/a "b".srt'])
    assert not await link.add_subtitles(["http://h/a.srt"])
    assert not await link.add_subtitles(["/a\nquit"])
    await link.ask_to_quit()
    await asyncio.wait_for(child.silent, 60)
    orders = [line for line in child.tail if line.startswith("order")]
    assert orders == [
        "order pausing_keep_force seek 12.5 2",
        'order pausing_keep_force sub_load "/a \\"b\\".srt"',
    ]
    await asyncio.wait_for(following, 60)
    assert not await link.seek(1)
    child.close()
