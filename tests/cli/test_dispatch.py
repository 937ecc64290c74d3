from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace import cli
from headrace.cli import dispatch
from headrace.cli.dispatch import choose
from headrace.errors import EngineError, InputError, PlayerError, SwarmError
from headrace.settings import UsageError

MAGNET = "magnet:?xt=urn:btih:" + "ab" * 20
Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("argv", "chosen"),
    [
        (["files", "x"], ("files", ["x"])),
        ([MAGNET], ("play", [MAGNET])),
        (["ab" * 20, "-p", "vlc"], ("play", ["ab" * 20, "-p", "vlc"])),
        (["-"], ("play", ["-"])),
        (["https://example.org/a.torrent"], ("play", ["https://example.org/a.torrent"])),
        (["show.torrent"], ("play", ["show.torrent"])),
        (["--quiet", MAGNET], ("play", ["--quiet", MAGNET])),
        (["ftp://example.org/a"], ("play", ["ftp://example.org/a"])),
        (["magnet:?dn=no-hash"], ("play", ["magnet:?dn=no-hash"])),
    ],
)
def test_a_source_without_a_verb_is_played(argv: list[str], chosen: tuple[str, list[str]]) -> None:
    assert choose(argv) == chosen


def test_a_file_without_the_usual_suffix_is_a_source_if_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.touch()
    assert choose([str(path)]) == ("play", [str(path)])


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("paly", "Did you mean: headrace play?"),
        ("file", "Did you mean: headrace files?"),
        ("verbs", "Verbs: play, "),
    ],
)
def test_an_unknown_verb(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose([word])
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (0, 0, []),
        (6, 6, []),
        (InputError("Not a magnet.", "Copy it whole."), 3, ["headrace: Not a magnet.", "Copy it whole."]),
        (SwarmError("No peers."), 4, ["headrace: No peers."]),
        (EngineError("Disk full.", "Make room."), 5, ["headrace: Disk full.", "Make room."]),
        (PlayerError("No player."), 6, ["headrace: No player."]),
        (KeyboardInterrupt(), 130, ["Interrupted."]),
        (130, 130, ["Interrupted."]),
        (BrokenPipeError(), 0, []),
        (
            PermissionError(13, "Permission denied", "/x"),
            5,
            ["headrace: /x: Permission denied.", "See: headrace doctor"],
        ),
        (
            ZeroDivisionError("oops"),
            1,
            [
                "headrace: Unexpected ZeroDivisionError: oops",
                "This is a fault in Headrace: please report it, with --debug.",
            ],
        ),
    ],
)
def test_exit_codes_and_what_is_said(app: Any, capsys: Captured, ending: Any, code: int, said: list[str]) -> None:
    app.notes, app.ending = (), ending
    assert cli.main(["play", MAGNET]) == code
    captured = capsys.readouterr()
    assert captured.err.splitlines() == said
    assert captured.out == ""


def test_errors_are_events_too_with_json(app: Any, capsys: Captured) -> None:
    app.notes, app.ending = (), SwarmError("No peers.", "Wait.", kind="no_peers")
    assert cli.main(["play", MAGNET, "--json"]) == 4
    captured = capsys.readouterr()
    event = json.loads(captured.out)
    assert event.pop("t") >= 0
    assert event == {"event": "error", "kind": "no_peers", "message": "No peers.", "hint": "Wait.", "exit": 4}
    assert captured.err.splitlines() == ["headrace: No peers.", "Wait."]


@pytest.mark.parametrize("asked", ["flag", "variable"])
def test_wrong_usage_is_an_event_before_the_arguments_are_read(
    asked: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked == "variable":
        monkeypatch.setenv("HEADRACE_JSON", "yes")
    assert cli.main(["play", MAGNET, "--port", "x", *["--json"] * (asked == "flag")]) == 2
    assert json.loads(capsys.readouterr().out)["exit"] == 2


def test_the_players_arguments_are_not_looked_at(capsys: Captured) -> None:
    assert cli.main(["play", MAGNET, "--port", "x", "--", "--json", "--debug"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_the_settings_file_can_be_named(app: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("port = 9\n")
    assert cli.main(["play", MAGNET, "--config", str(tmp_path / "mine.toml")]) == 0
    assert app.calls[0][1].port == 9
    assert cli.main(["play", MAGNET, "--config", str(tmp_path / "other.toml")]) == 2


def test_help_is_as_wide_as_the_terminal_but_not_wider_than_reads_well(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([os.terminal_size((70, 24)), os.terminal_size((300, 24)), os.terminal_size((3, 24))])
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: next(asked))
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    assert [dispatch._columns(100) for _ in range(3)] == [70, 100, 40]


def test_tracebacks_only_with_debug_and_without_secrets(app: Any, capsys: Captured) -> None:
    app.notes, app.ending = (), ZeroDivisionError("https://user:secret@tracker.example/x?key=secret")
    assert cli.main(["play", MAGNET]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert cli.main(["play", MAGNET, "--debug"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "_work" in said
    assert "secret" not in said


def test_errors_cannot_steer_the_terminal(app: Any, capsys: Captured) -> None:
    app.notes, app.ending = (), InputError("No file a\x1b[2J\nb.")
    assert cli.main(["play", MAGNET]) == 3
    assert "\x1b" not in capsys.readouterr().err


def test_help_and_version(capsys: Captured) -> None:
    assert cli.main(["--version"]) == cli.main(["-V"]) == 0
    assert capsys.readouterr().out.startswith("headrace 0.")
    for argv in (["--help"], ["-h"], ["help"]):
        assert cli.main(argv) == 0
        assert capsys.readouterr().out == dispatch.overview()
    assert cli.main(["files", "--help"]) == 0
    assert capsys.readouterr().out.startswith("headrace files: ")


def test_nothing_given_is_wrong_usage(capsys: Captured) -> None:
    assert cli.main([]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", dispatch.overview())


@pytest.mark.parametrize("argv", [["play", MAGNET, "--debug"], ["serve"], ["serve", "--debug"]])
def test_a_command_logs_without_secrets_and_to_nowhere_when_it_has_ended(
    app: Any, capsys: Captured, argv: list[str]
) -> None:
    root, asyncio_log = logging.getLogger(), logging.getLogger("asyncio")
    before, levels = root.handlers[:], (root.level, asyncio_log.level)

    def notes() -> Iterator[Any]:
        logging.getLogger("x").warning("asked http://t.example/announce?passkey=secret")
        yield from ()

    app.notes = notes()
    assert cli.main(argv) == 0
    assert "asked http://t.example/announce?***" in capsys.readouterr().err
    assert (root.handlers, (root.level, asyncio_log.level)) == (before, levels)


def run_python(code: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **more)


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'headrace', 'play', '--help'], stdout=subprocess.PIPE,"
        " stderr=subprocess.PIPE)\n"
        "p.stdout.close()\n"
        "print(p.stderr.read().decode(), p.wait())"
    )
    assert run_python(code).stdout.split() == ["0"]


def test_text_that_the_encoding_lacks_is_no_error() -> None:
    code = "from headrace.cli import main; import sys; sys.exit(main(['--help']))"
    ran = run_python(code, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "btih:?" in ran.stdout


def test_the_version_needs_nothing_but_the_version() -> None:
    ran = run_python(
        "import sys\nfrom headrace.__main__ import main\n"
        "sys.argv = ['headrace', '--version']\nmain()\nprint(*sys.modules)"
    )
    loaded = {name for name in ran.stdout.split() if name.startswith("headrace")} - {"headrace"}
    assert loaded == {"headrace.__main__", "headrace.cli", "headrace.ending"}
    assert {"argparse", "dataclasses", "pathlib", "asyncio"}.isdisjoint(ran.stdout.split())


def test_play_hands_over_before_anything_heavy_is_imported() -> None:
    code = (
        "import sys, types\n"
        "app = types.ModuleType('headrace.app')\n"
        "app.play = lambda *a: print(*sys.modules) or 0\n"
        "sys.modules['headrace.app'] = app\n"
        "import headrace; headrace.app = app\n"
        f"from headrace.cli import main; sys.exit(main(['play', '{MAGNET}', '-p', 'mpv']))"
    )
    ran = run_python(code)
    heavy = {
        "asyncio",
        "aiohttp",
        "rich",
        "dataclasses",
        "platformdirs",
        "urllib.request",
        "logging",
        "json",
        "libtorrent",
    }
    assert ran.returncode == 0, ran.stderr
    assert heavy.isdisjoint(ran.stdout.split())
    assert "headrace.sources" in ran.stdout.split()


def test_a_system_error_without_a_file() -> None:
    assert dispatch._from_system(OSError("odd")).message == "odd."


def test_output_that_cannot_be_flushed_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert not dispatch._flushed()
