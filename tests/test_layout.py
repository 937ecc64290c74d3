"""The shape of the sources: a test file for each, sizes, public names, the wheel."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import headrace

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "headrace"
TESTS = ROOT / "tests"
FILE_LINES, FUNCTION_LINES = 400, 60

ELSEWHERE = {
    "__main__.py": "tests/test_main.py: underscores are no part of a test's name",
    "cli/__init__.py": "tests/test_main.py: it is the program's first step",
    "http/answers.py": "types without behaviour; tests/http/test_openapi.py holds the answers against them",
    "http/keeper.py": "a protocol without behaviour",
    "players/link.py": "protocols without behaviour",
    "testing/engine_world.py": "the world of the checks of tests/testing/test_engine_suite.py",
}
"""Sources without a test file of their own name, and why."""

TOO_LONG: dict[str, str] = {
    "engine/libtorrent.py": "the one importer of libtorrent: what could go elsewhere did",
}
"""Files and functions that may be longer, and why."""


def sources() -> list[str]:
    return sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))


def has_behaviour(name: str) -> bool:
    """Whether there is anything but a docstring, imports and ``__all__`` in it."""
    plain = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
    return not all(isinstance(node, plain) for node in ast.parse((SOURCE / name).read_text()).body)


def test_every_source_has_its_tests() -> None:
    missing = []
    for name in sources():
        path = Path(name)
        if path.name == "__init__.py" and (not has_behaviour(name) or name == "__init__.py"):
            continue
        stem = path.parent.name if path.name == "__init__.py" else path.stem
        parts = path.parent.parts
        homes = [TESTS.joinpath(*parts, f"test_{stem}.py"), TESTS.joinpath(*parts, f"test_{stem.strip('_')}.py")]
        if name not in ELSEWHERE and not any(home.exists() for home in homes):
            missing.append(name)
    assert missing == []


def test_the_list_of_exceptions_is_true() -> None:
    assert [name for name in ELSEWHERE if not (SOURCE / name).exists()] == []
    assert [name for name in ELSEWHERE if (TESTS / Path(name).parent / f"test_{Path(name).stem}.py").exists()] == []


def test_files_are_short() -> None:
    assert [n for n in sources() if n not in TOO_LONG and len((SOURCE / n).read_text().splitlines()) > FILE_LINES] == []


def test_functions_are_short() -> None:
    long = []
    for name in sources():
        for node in ast.walk(ast.parse((SOURCE / name).read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES and f"{name}:{node.name}" not in TOO_LONG:
                    long.append(f"{name}:{node.name} {lines}")
    assert long == []


def test_every_source_postpones_annotations() -> None:
    first = "from __future__ import annotations"
    lacking = [n for n in sources() if has_behaviour(n) and first not in (SOURCE / n).read_text().splitlines()]
    assert lacking == []


def test_every_public_name_is_there() -> None:
    assert sorted(headrace.__all__) == sorted(set(headrace.__all__))
    for name in headrace.__all__:
        assert getattr(headrace, name) is not None
    assert set(headrace._HOMES) == set(headrace.__all__) - {"__version__"}
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = headrace.no_such_name


def test_public_names_are_documented() -> None:
    undocumented = [n for n in headrace.__all__ if n != "__version__" and not getattr(headrace, n).__doc__]
    assert undocumented == []


def test_every_module_can_be_imported_alone() -> None:
    for name in sources():
        module = "headrace." + name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        assert importlib.import_module(module.removesuffix(".__init__")) is not None


@pytest.mark.e2e
def test_the_wheel_is_whole(tmp_path: Path) -> None:
    """Built, unpacked elsewhere, and run without the sources in reach."""
    code = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    with zipfile.ZipFile(tmp_path / built.stdout.split()[-1]) as wheel:
        names = set(wheel.namelist())
        wheel.extractall(tmp_path / "unpacked")
    assert {f"headrace/{name}" for name in sources()} | {"headrace/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests", "bench", "scripts")) for name in names)
    look = "import headrace, sys; from headrace import cli; print(headrace.__file__); sys.exit(cli.main(sys.argv[1:]))"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [sys.executable, "-c", look, "--version"],
        cwd=tmp_path, env=env | {"PYTHONPATH": str(tmp_path / "unpacked")}, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    where, version = ran.stdout.splitlines()
    assert where.startswith(str(tmp_path))
    assert version == f"headrace {headrace.__version__}"
