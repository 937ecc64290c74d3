from __future__ import annotations

import pytest

from headrace.errors import EngineError, HeadraceError, InputError, PlayerError, SwarmError

CODES = {HeadraceError: 1, InputError: 3, SwarmError: 4, EngineError: 5, PlayerError: 6}


@pytest.mark.parametrize("kind", CODES)
def test_exit_codes_are_the_documented_ones(kind: type[HeadraceError]) -> None:
    assert kind("broken").exit_code == CODES[kind]


@pytest.mark.parametrize("kind", CODES)
def test_every_error_says_what_happened_and_what_to_do(kind: type[HeadraceError]) -> None:
    error = kind("It broke.", "Mend it.")
    assert (error.message, error.hint, str(error)) == ("It broke.", "Mend it.", "It broke. Mend it.")
    assert str(kind("It broke.")) == "It broke."


def test_kinds_differ_and_can_be_made_narrower() -> None:
    assert len({kind("x").kind for kind in CODES}) == len(CODES)
    assert SwarmError("x", kind="no_metadata").kind == "no_metadata"
    assert all(kind("x").kind == kind.default_kind for kind in CODES)
