"""Names in the order in which people count: ``E2`` before ``E10``, ``Season 9`` before ``Season 10``.

Rules: paths compare part by part; runs of ASCII digits compare as numbers, the rest without case. Paths that differ in
nothing else compare as they are spelt, so that the order is total.
"""

from __future__ import annotations

import re

_DIGITS = re.compile(r"([0-9]+)", re.ASCII)

_Token = tuple[str, int, str]
NaturalKey = tuple[tuple[tuple[_Token, ...], ...], str]


def natural_key(path: str) -> NaturalKey:
    """A key for ``sorted``: paths in natural order."""
    return tuple(_tokens(part) for part in path.split("/")), path


def _tokens(part: str) -> tuple[_Token, ...]:
    """Text and numbers by turns, text first, so that like meets like."""
    return tuple(_number(text) if at % 2 else (text, 0, "") for at, text in enumerate(_DIGITS.split(part.casefold())))


def _number(digits: str) -> _Token:
    """Without ``int``, which refuses more than 4,300 digits: a longer number is a greater one."""
    digits = digits.lstrip("0")
    return ("", len(digits), digits)
