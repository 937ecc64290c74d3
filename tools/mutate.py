"""Break one source file in many small ways, one at a time, and see whether its tests notice.

    python tools/mutate.py src/headrace/core/planner.py tests/core/test_planner*.py

Prints each mutant that survives, and at the end how many there were. Only code in functions is broken: constants of a
module are tuning, and tests import them. The tests run on a copy; the sources stay as they are.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
DROPPED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.Break, ast.Continue, ast.Raise)
PROFILE = """
from hypothesis import Phase, settings
phases = [Phase.explicit, Phase.generate]
settings.register_profile("mutation", deadline=None, derandomize=True, phases=phases, max_examples={examples})
settings.load_profile("mutation")
"""
"""No search for the simplest failure, and the same examples each time."""
FEW, MANY = 25, 200
"""Examples of each property: most mutants need few, and what survives them gets many."""


def changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Fields of one node with what to put there instead."""
    match node:
        case ast.Compare(ops=[first, *rest]):
            yield "ops", [COMPARE[type(first)](), *rest]
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield "op", ARITHMETIC[type(op)]()
        case ast.BoolOp(op=op):
            yield "op", ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()):
            yield "op", ast.UAdd()
        case ast.Constant(value=bool(value)):
            yield "value", not value
        case ast.Constant(value=int() | float() as value):
            yield from (("value", value + 1), ("value", value - 1))
        case ast.Name(id=name) if name in SWAPPED:
            yield "id", SWAPPED[name]
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "test", ast.UnaryOp(ast.Not(), test)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """As ``ast.walk``, without annotations."""
    yield node
    for name, value in ast.iter_fields(node):
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST) and name not in ("annotation", "returns"):
                yield from walk(inner)


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, what the line was made to say, and the whole broken source."""
    tree = ast.parse(source)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        if ast.get_docstring(function) is not None:
            function.body = function.body[1:] or [ast.Pass()]
        for node in (inner for statement in function.body for inner in walk(statement)):
            for field, new in changes(node):
                old = getattr(node, field)
                setattr(node, field, new)
                yield node.lineno, ast.unparse(node), ast.unparse(tree)  # type: ignore[attr-defined]
                setattr(node, field, old)
            for body in (getattr(node, name, None) for name in ("body", "orelse")):
                yield from _dropped(tree, body)
        yield from _dropped(tree, function.body)


def _dropped(tree: ast.Module, body: object) -> Iterator[tuple[int, str, str]]:
    for index, statement in enumerate(body if isinstance(body, list) else []):
        if isinstance(statement, DROPPED):
            body[index] = ast.Pass()  # type: ignore[index]
            yield statement.lineno, f"without: {ast.unparse(statement)}", ast.unparse(tree)
            body[index] = statement  # type: ignore[index]


def killed(root: Path, tests: list[str], seconds: float, examples: int) -> bool:
    """Whether the tests fail, or do not come to an end."""
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(root / ".hypothesis")
    (root / "profile_of_examples.py").write_text(PROFILE.format(examples=examples), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "profile_of_examples",
        *tests,
    ]
    try:
        return subprocess.run(command, env=env, capture_output=True, timeout=seconds, check=False).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def main() -> int:
    """Break, test, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for one run of the tests")
    parser.add_argument("--lines", default="1-999999", help="only these lines, as FIRST-LAST")
    options = parser.parse_args()
    first, last = map(int, options.lines.split("-"))
    source = options.source.read_text(encoding="utf-8")
    base = next(folder for folder in options.source.parents if not (folder / "__init__.py").exists())
    count = alive = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        package = options.source.relative_to(base).parts[0]
        shutil.copytree(base / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        place = root / options.source.relative_to(base)
        if killed(root, options.tests, options.timeout, MANY):
            sys.exit("The tests fail on the source as it is.")
        for broken, (line, what) in {broken: (line, what) for line, what, broken in mutants(source)}.items():
            if not first <= line <= last:
                continue
            place.write_text(broken, encoding="utf-8")
            count += 1
            if not any(killed(root, options.tests, options.timeout, examples) for examples in (FEW, MANY)):
                alive += 1
                print(f"{options.source}:{line}: {what.splitlines()[0]}", flush=True)  # noqa: T201
    print(f"{count} mutants, {count - alive} killed, {alive} survived")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
