from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import options
from headrace.core.options import Option, UsageError
from headrace.core.quota import UNLIMITED
from headrace.core.source import parse_peer

TOKEN = "--key: a token has letters, digits and signs of ASCII only, and no blanks."


def option(check: Callable[[str], Any], *, switch: bool = False, repeatable: bool = False) -> Option:
    return Option("key", ("--key",), "X", "", check, frozenset(), switch, repeatable)


@pytest.mark.parametrize(
    ("check", "given", "value"),
    [
        (options.any_text, "", ""),
        (options.text, " a b ", "a b"),
        (options.secret, "0123456789abcde~", "0123456789abcde~"),
        (options.none_or(options.text), "NONE", ""),
        (options.none_or(options.text), "tun0", "tun0"),
        (options.whole(0, 9), "9", 9),
        (options.quota, "30G", 30 * 1024**3),
        (options.quota, "0", 0),
        (options.quota, "None", UNLIMITED),
        (options.yes_no, "On", True),
        (options.yes_no, "0", False),
        (options.eager, "trusted", "trusted"),
        (options.player, "mpv", "mpv"),
        (options.player, "none", "none"),
        (options.player, "cast {url}", "cast {url}"),
        (options.url("udp", "http"), " udp://t.example:1/announce ", "udp://t.example:1/announce"),
        (options.url("http"), "HTTP://t.example", "HTTP://t.example"),
    ],
)
def test_checks_take(check: Callable[[str], Any], given: str, value: Any) -> None:
    assert option(check).read(given, "--key") == value


@pytest.mark.parametrize(
    ("check", "given", "said"),
    [
        (options.secret, "0123456789abcde", "--key: a token has at least 16 characters."),
        (options.secret, "0123456789 abcdef", TOKEN),
        (options.secret, "0123456789abcdeé", TOKEN),
        (options.secret, "0123456789abcdef\n", TOKEN),
        (options.text, " ", "--key: nothing was given."),
        (options.none_or(options.text), "", "--key: nothing was given."),
        (options.whole(0, 9), "x", "--key: 'x' is not a number."),
        (options.whole(0, 9), "10", "--key: 10 is not between 0 and 9."),
        (options.whole(0, 9), "-1", "--key: -1 is not between 0 and 9."),
        (options.quota, "much", "--key: 'much' is not a size."),
        (options.yes_no, "maybe", "--key: 'maybe' is neither yes nor no."),
        (options.eager, "yes", "--key: 'yes' is not one of off, trusted, all."),
        (options.player, " ", "--key: nothing was given."),
        (options.url("socks5"), "http://u:secret@h", "--key: not a URL that begins with socks5://."),
        (options.url("socks5"), "socks5://", "--key: not a URL that begins with socks5://."),
        (options.url("socks5"), "secret", "--key: not a URL that begins with socks5://."),
    ],
)
def test_checks_refuse(check: Callable[[str], Any], given: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        option(check).read(given, "--key")
    assert caught.value.message == said
    assert caught.value.exit_code == 2


def test_an_input_error_keeps_its_hint() -> None:
    with pytest.raises(UsageError) as caught:
        option(parse_peer).read("nonsense", "peer")
    assert caught.value.message.startswith("peer: 'nonsense' is not")
    assert "HOST:PORT" in caught.value.hint


def test_types_of_the_file() -> None:
    assert option(options.whole(0, 9)).read(5, "f") == 5
    assert option(options.yes_no, switch=True).read(True, "f") is True
    assert option(options.text, repeatable=True).read(["a", "b"], "f") == ("a", "b")
    assert option(options.text, repeatable=True).read("a", "f") == ("a",)


@pytest.mark.parametrize(
    ("made", "raw", "said"),
    [
        (option(options.text), True, "f: true or false cannot be its value."),
        (option(options.text), ["a"], "f: a list cannot be its value."),
        (option(options.text), {"a": 1}, "f: a table cannot be its value."),
        (option(options.text), None, "f: a NoneType cannot be its value."),
        (option(options.text, repeatable=True), [["a"]], "f: a list cannot be its value."),
    ],
)
def test_wrong_types_of_the_file(made: Option, raw: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        made.read(raw, "f")
    assert caught.value.message == said


@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(-5, 5))
def test_whole_numbers_are_within_their_bounds(low: int, high: int, number: int) -> None:
    made = option(options.whole(low, high))
    if low <= number <= high:
        assert made.read(str(number), "f") == number
    else:
        with pytest.raises(UsageError):
            made.read(str(number), "f")


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    for check in (options.text, options.whole(0, 9), options.yes_no, options.eager, options.player):
        with contextlib.suppress(UsageError):
            value = option(check).read(text, "f")
            assert value is not None
