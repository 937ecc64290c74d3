"""Constants with other values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bench import vary
from bench.model import Row, Seek


def test_what_is_to_vary() -> None:
    assert vary.read("core.planner.SEEK_BYTES=1,2.5,'a',None") == vary.Variation(
        "core.planner", "SEEK_BYTES", (1, 2.5, "a", None)
    )
    assert vary.read("lt.request_queue_time=0") == vary.Variation("lt", "request_queue_time", (0,))


@pytest.mark.parametrize(
    "text", ["", "SEEK_BYTES=1", "core.planner.SEEK_BYTES", "core.planner.X=f()", "core.none.X=1", "a b.X=1"]
)
def test_what_is_no_variation(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(vary.BadVariation):
        vary.read(text)
    assert vary.main([text]) == 2
    assert capsys.readouterr().err


def ran(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "program"
    path.write_text(text)
    return subprocess.run([sys.executable, path, "--version"], capture_output=True, text=True)


def test_a_program_sets_the_value_and_is_headrace(tmp_path: Path) -> None:
    variation = vary.read("core.planner.SEEK_BYTES=7")
    text = vary.source("python", "headrace", variation, 7)
    shown = text.replace("from headrace.__main__", "print(headrace.core.planner.SEEK_BYTES)\nfrom headrace.__main__")
    assert ran(shown, tmp_path).stdout.split()[:2] == ["7", "headrace"]


def test_a_program_sets_an_engine_setting(tmp_path: Path) -> None:
    text = vary.source("python", "headrace", vary.read("lt.piece_timeout=99"), 99)
    look = (
        "from headrace.engine.base import EngineOptions\nprint(tuning.settings_for(EngineOptions())['piece_timeout'])\n"
    )
    assert (
        ran(text.replace("from headrace.__main__", look + "from headrace.__main__"), tmp_path).stdout.split()[0] == "99"
    )


def test_a_constant_that_is_not_there_fails_loudly(tmp_path: Path) -> None:
    ended = ran(vary.source("python", "headrace", vary.read("core.planner.NONE=1"), 1), tmp_path)
    assert ended.returncode != 0
    assert "AttributeError" in ended.stderr


def test_a_program_for_each_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "headrace"
    installed.write_text("#!/some/python\n")
    monkeypatch.setenv("HEADRACE_BENCH_PROGRAM", str(installed))
    made = vary.programs(vary.read("core.planner.SEEK_BYTES=1,2"), tmp_path)
    assert list(made) == ["as it is", "SEEK_BYTES=1", "SEEK_BYTES=2"]
    assert made["SEEK_BYTES=2"].read_text().startswith("#!/some/python\n")
    assert made["SEEK_BYTES=2"].stat().st_mode & 0o100
    assert "SEEK_BYTES" not in made["as it is"].read_text()


def test_the_table() -> None:
    def row(tool: str, frame: float | None) -> Row:
        return Row("S1", tool, first_frame=frame, seeks=[Seek(0.5, frame)], received=30_000_000, cpu=1.0)

    rows = [row("as it is", 1.0), row("as it is", 3.0), row("as it is", 2.0), row("X=1", None)]
    assert vary.table(rows).splitlines() == [
        "| scenario | | as it is | X=1 |",
        "|---|---|---:|---:|",
        "| S1 | first frame, s | 2.00 | never |",
        "| S1 | seek to 50%, s | 2.00 | never |",
        "| S1 | received, MB | 30.00 | 30.00 |",
        "| S1 | processor, s | 1.00 | 1.00 |",
    ]
