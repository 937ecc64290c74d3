"""What a setting is, and the checks that its values must pass.

Rules: a check is a pure function from text to value; it raises ``ValueError`` or ``InputError`` saying what is wrong,
and whoever calls it adds where the text came from. Text that may hold a password is never repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from headrace.core.quota import UNLIMITED
from headrace.core.units import parse_size
from headrace.errors import HeadraceError, InputError

EAGER = ("off", "trusted", "all")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class UsageError(HeadraceError):
    """Headrace was called in a wrong way: an unknown option or verb, a value that cannot be."""

    exit_code = 2
    default_kind = "usage"


class Option(NamedTuple):
    """How a setting is given. ``key`` is its name in the file and, in capitals, in the environment.

    ``verbs`` are those that have it as a flag; a ``switch`` has a ``--no-`` form too.
    """

    key: str
    flags: tuple[str, ...]
    metavar: str
    help: str
    check: Callable[[str], Any]
    verbs: frozenset[str]
    switch: bool = False
    repeatable: bool = False

    def read(self, raw: object, where: str) -> Any:
        """The value of what was written at ``where``; ``UsageError`` naming it. Lists only for repeatable options."""
        if self.repeatable:
            items = raw if isinstance(raw, list | tuple) else [raw]
            return tuple(self._one(item, where) for item in items)
        return self._one(raw, where)

    def _one(self, raw: object, where: str) -> Any:
        if isinstance(raw, bool) and self.switch:
            return raw
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise UsageError(f"{where}: {_kind(raw)} cannot be its value.")
        try:
            return self.check(str(raw))
        except InputError as error:
            raise UsageError(f"{where}: {error.message}", error.hint) from None
        except ValueError as error:
            raise UsageError(f"{where}: {error}.") from None


def _kind(raw: object) -> str:
    names = {bool: "true or false", list: "a list", dict: "a table"}
    return names.get(type(raw), f"a {type(raw).__name__}")


def any_text(text: str) -> str:
    """Text as it is."""
    return text


def text(text: str) -> str:
    """Some text: an empty variable in a script (``--interface "$VPN"``) must not switch a protection off."""
    if not text.strip():
        raise ValueError("nothing was given")
    return text.strip()


def secret(text: str) -> str:
    """A token that can stand in a header and is too long to be guessed."""
    if len(text) < 16:
        raise ValueError("a token has at least 16 characters")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a token has letters, digits and signs of ASCII only, and no blanks")
    return text


def none_or(check: Callable[[str], str]) -> Callable[[str], str]:
    """What ``check`` takes, or ``none`` (empty), which takes back what the file or the environment says."""
    return lambda text: "" if text.strip().lower() == "none" else check(text)


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from ``low`` to ``high``."""

    def check(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"{text[:40]!r} is not a number") from None
        if not low <= number <= high:
            raise ValueError(f"{number} is not between {low} and {high}")
        return number

    return check


def quota(text: str) -> int:
    """A size, or ``none`` for no limit."""
    return UNLIMITED if text.strip().lower() == "none" else parse_size(text)


def yes_no(text: str) -> bool:
    """1, true, yes, on or 0, false, no, off."""
    word = text.strip().lower()
    if word not in _YES + _NO:
        raise ValueError(f"{text[:40]!r} is neither yes nor no")
    return word in _YES


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words."""

    def check(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text[:40]!r} is not one of {', '.join(words)}")
        return text

    return check


eager = one_of(*EAGER)
"""One of ``EAGER``."""


def player(name: str) -> str:
    """A player's name or command line; whether there is one is found out later."""
    return text(name)


def url(*schemes: str) -> Callable[[str], str]:
    """A URL with one of these schemes and a host."""

    def check(given: str) -> str:
        scheme, separator, rest = text(given).partition("://")
        if not separator or not rest.strip("/") or scheme.lower() not in schemes:
            raise ValueError(f"not a URL that begins with {' or '.join(s + '://' for s in schemes)}")
        return given.strip()

    return check
