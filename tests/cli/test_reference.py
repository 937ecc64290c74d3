from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headrace import cli
from headrace.cli.dispatch import VERBS
from headrace.cli.reference import EXIT_CODES, page
from headrace.errors import EngineError, HeadraceError, InputError, PlayerError, SwarmError
from headrace.settings import UsageError

DOCS = Path(__file__).parents[2] / "docs/cli.md"


def test_the_page_in_the_docs_is_what_the_program_says() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "python -m headrace.cli.reference > docs/cli.md"


@pytest.mark.parametrize("verb", VERBS)
def test_it_holds_the_help_as_it_is_printed(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "--help"]) == 0
    assert f"```text\n{capsys.readouterr().out}```" in page()


def test_the_exit_codes_are_those_of_the_errors() -> None:
    errors = (HeadraceError, UsageError, InputError, SwarmError, EngineError, PlayerError)
    assert [code for code, _ in EXIT_CODES] == [0, *(error.exit_code for error in errors), 130]


def test_it_is_made_by_the_command_it_names() -> None:
    ran = subprocess.run([sys.executable, "-m", "headrace.cli.reference"], capture_output=True, check=True)
    assert ran.stdout.decode() == page()
