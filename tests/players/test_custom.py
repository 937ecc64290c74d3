from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import PlayerError
from headrace.players.base import Media
from headrace.players.custom import command_argv

MEDIA = Media("http://h/a?t=1", "It's {url}", 5.5, ("/s.srt", "/t.srt"), extra=("-x", "y z"))


@pytest.mark.parametrize(
    ("command", "media", "expected"),
    [
        ("play {url}", Media("u"), ["play", "u"]),
        ("play {url} --quiet", MEDIA, ["play", "-x", "y z", "http://h/a?t=1", "--quiet"]),
        ("play --u={url}", MEDIA, ["play", "-x", "y z", "--u=http://h/a?t=1"]),
        (
            "p '{title}' -s {start} {subtitle} {url}",
            MEDIA,
            ["p", "It's {url}", "-s", "5.5", "/s.srt", "-x", "y z", MEDIA.url],
        ),
        ("p {subtitle} --sub={subtitle} {url}", Media("u"), ["p", "--sub=", "u"]),
        ("p {start}:{title} {url}", Media("u", "T"), ["p", "0:T", "u"]),
        ("p # {url} {url}", Media("u", extra=("x",)), ["p", "#", "x", "u", "u"]),
        ('"/opt/my player" {url}', Media("u"), ["/opt/my player", "u"]),
        ("p {other} {url}", Media("u"), ["p", "{other}", "u"]),
    ],
)
def test_commands(command: str, media: Media, expected: list[str]) -> None:
    assert command_argv(command, media, "linux") == expected


def test_a_backslash_is_part_of_a_path_on_windows() -> None:
    assert command_argv(r'"C:\My Player\p.exe" {url}', Media("u"), "win32") == [r"C:\My Player\p.exe", "u"]
    assert command_argv(r"C:\p.exe {url}", Media("u"), "win32") == [r"C:\p.exe", "u"]


def test_an_open_quote_is_the_users_error() -> None:
    with pytest.raises(PlayerError, match="no closing quotation") as caught:
        command_argv("p '{url}", Media("u"), "linux")
    assert caught.value.hint


@given(st.text(), st.text())
def test_no_title_adds_a_word(title: str, subtitle: str) -> None:
    media = Media("u", title, subtitles=(subtitle,))
    argv = command_argv("p {title} {subtitle}x {url}", media, "linux")
    assert len(argv) == 4
    assert argv[2:] == [f"{subtitle}x", "u"]
