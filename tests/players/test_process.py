from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from headrace.errors import PlayerError
from headrace.players.process import OPEN_LINE, TAIL, Child, spawn

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs here are shell scripts")


async def sh(script: str, *, stdin: bool = False) -> Child:
    return await spawn(["/bin/sh", "-c", script], stdin=stdin)


async def test_both_outputs_come_as_lines_and_the_code_with_the_end() -> None:
    child = await sh("echo one; echo two >&2; printf 'a\\rb\\n\\n'; printf three; exit 7")
    assert await child.exited == 7
    await child.silent
    assert list(child.tail) == ["one", "two", "a", "b", "three"]
    child.close()


async def test_only_the_last_lines_are_kept() -> None:
    child = await sh("i=0; while [ $i -lt 50 ]; do echo $i; i=$((i+1)); done")
    await child.silent
    assert len(child.tail) == TAIL
    assert child.tail[-1] == "49"
    child.close()


async def test_an_endless_line_does_not_grow() -> None:
    child = await sh("head -c 1000000 /dev/zero | tr '\\0' x")
    await child.silent
    assert len(child.tail[-1]) == OPEN_LINE
    child.close()


async def test_its_input_is_nothing_or_ours() -> None:
    deaf = await sh("cat; echo end")
    await deaf.silent
    assert list(deaf.tail) == ["end"]
    assert not deaf.write("x")
    lines: list[str] = []
    child = await sh("read a; echo got $a", stdin=True)
    child.on_line = lines.append
    assert child.write("hello")
    await child.silent
    assert lines == ["got hello"]
    await child.exited
    assert not child.write("more")


async def test_it_leads_a_session_of_its_own_and_inherits_nothing() -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    code = "import os; print(os.getsid(0) == os.getpid(), sorted(int(x) for x in os.listdir('/proc/self/fd'))[:-1])"
    child = await spawn([sys.executable, "-c", code])
    await child.silent
    os.close(reader)
    os.close(writer)
    assert list(child.tail) == ["True [0, 1, 2]"]
    child.close()


async def test_the_end_is_seen_though_a_grandchild_holds_the_pipe() -> None:
    child = await sh("sleep 60 & echo $!")
    assert await asyncio.wait_for(child.exited, 60) == 0
    assert not child.silent.done()
    os.kill(int(child.tail[0]), 9)
    await child.silent
    child.close()


async def test_signals_reach_all_that_it_started() -> None:
    child = await sh("sh -c 'trap \"echo inner; exit\" TERM; echo ready; while :; do sleep 0.05; done' & wait")
    ready = asyncio.Event()
    child.on_line = lambda line: ready.set()
    await ready.wait()
    child.terminate()
    await child.silent
    assert "inner" in child.tail
    assert await child.exited < 0
    child.terminate()  # nobody is left: no error
    child.close()


async def test_kill_ends_what_will_not_end() -> None:
    child = await sh("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    ready = asyncio.Event()
    child.on_line = lambda line: ready.set()
    await ready.wait()
    child.terminate()
    assert not await child.gone_within(0.1)
    child.kill()
    assert await child.exited == -9
    child.close()


@pytest.mark.parametrize(
    ("said", "chatty", "expected"),
    [
        ([], False, ""),
        (["a", "Failed to recognize file format."], False, "Failed to recognize file format."),
        (
            ["Sorry, not supposed to be run as root.", "you can use a wrapper"],
            False,
            "Sorry, not supposed to be run as root.",
        ),
        (
            ["[000055cb5c691cc0] main input error: Your input can't be opened", "bye"],
            True,
            "main input error: Your input can't be opened",
        ),
        (["[000055cb5c691cc0] dbus interface error: Unable to autolaunch", "bye"], True, ""),
        (["cannot open http://h/x?token=secret"], True, "cannot open http://h/x"),
    ],
)
async def test_last_words(said: list[str], chatty: bool, expected: str) -> None:
    child = Child()
    child.tail.extend(said)
    assert child.last_words(chatty=chatty) == expected


async def test_a_program_that_cannot_be_started_is_a_player_error(tmp_path: Path) -> None:
    with pytest.raises(PlayerError, match="nosuch could not be started: No such file") as caught:
        await spawn(["/nowhere/nosuch"])
    assert caught.value.exit_code == 6
    plain = tmp_path / "plain"
    plain.write_text("x")
    with pytest.raises(PlayerError, match="plain could not be started: Permission denied"):
        await spawn([str(plain)])
    with pytest.raises(PlayerError, match="embedded null byte"):
        await spawn(["/bin/echo", "a\0b"])
