"""What the documents say can be done."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

import headrace
from headrace.cli.dispatch import VERBS, choose, module_of
from headrace.cli.parsing import parse
from headrace.core import events

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def blocks(language: str) -> list[str]:
    return [text for path in DOCUMENTS for kind, text in FENCE.findall(path.read_text()) if kind == language]


def commands(program: str) -> list[list[str]]:
    """Arguments of each command of ``program`` in a shell block, and in `code` that names it with a verb."""
    found = [shlex.split(line, comments=True) for text in blocks("sh") for line in text.splitlines()]
    for path in DOCUMENTS:
        spans = re.findall(r"`([^`\n]+)`", FENCE.sub("", path.read_text()))
        found += [shlex.split(span) for span in spans if re.match(rf"{program} [a-z]", span)]
    return [words[1:] for words in found if words and words[0] == program]


def test_there_is_something_to_test() -> None:
    assert len(commands("headrace")) >= 5
    assert len(commands("make")) >= 4
    assert blocks("python")


@pytest.mark.parametrize("arguments", commands("headrace"), ids=" ".join)
def test_commands_of_headrace_can_be_parsed(arguments: list[str]) -> None:
    verb, rest = choose(arguments)
    assert verb in VERBS
    found = module_of(verb).VERB
    source = ["magnet:?xt="] if found.source and not rest else []  # the verb alone is spoken of
    assert parse(found, [*rest, *source]).settings is not None


@pytest.mark.parametrize("verb", VERBS)
def test_examples_in_the_help_can_be_parsed(verb: str) -> None:
    found = module_of(verb).VERB
    assert found.examples
    for example, _ in found.examples:
        words = shlex.split(example.split("|")[-1])
        assert words[0] == "headrace"
        name, rest = choose(words[1:])
        parse(module_of(name).VERB, rest)


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    named = {words[0] for words in commands("make") if words}
    assert named <= targets
    assert named >= {"demo", "test"}
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    assert set(re.findall(r"^make ([a-z0-9-]+)", told, re.MULTILINE)) <= targets


@pytest.mark.parametrize("text", blocks("python"))
def test_python_is_python_and_its_names_exist(text: str) -> None:
    tree = compile(text, "README.md", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "headrace"
    }
    assert names
    assert names <= set(headrace.__all__)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_sources_that_are_named_exist() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    folders = {path.name for path in (ROOT / "src" / "headrace").iterdir() if path.is_dir() and path.name[0] != "_"}
    modules = {path.stem for path in (ROOT / "src" / "headrace").glob("*.py")} - {"__init__"}
    for name in folders | modules:
        assert re.search(rf"\b{name}\b", text), f"{name} is not in the picture of the layers"


def test_dependencies_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[^\w-]", requirement)[0] for requirement in project["dependencies"]}
    table = re.findall(r"^\| ([\w-]+)", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert set(table) - {"package"} == wanted


def test_events_and_their_fields_are_documented() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`", cells) for name, cells in rows}
    notes = {kind.event: kind for kind in events.Note.__subclasses__() if kind.__module__ == events.__name__}
    del notes[""]  # a note about another
    assert told == {name: list(kind.__struct_fields__) for name, kind in notes.items()}
    assert all(f"`{reason}`" in text for reason in events.WAIT_REASONS)


def test_the_version_has_its_changes() -> None:
    assert f"## {headrace.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_tables_are_even() -> None:
    for document in DOCUMENTS:
        rows: list[str] = []
        for line in [*FENCE.sub("", document.read_text()).splitlines(), ""]:
            if line.startswith("|"):
                rows.append(line)
                continue
            widths = {row.replace(r"\|", "").count("|") for row in rows}
            assert len(widths) <= 1, (document.name, rows[0])
            rows = []
