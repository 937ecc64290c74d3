from __future__ import annotations

import pytest

from headrace.players.browser import can_open, has_screen


@pytest.mark.parametrize(
    ("platform", "env", "screen", "opens"),
    [
        ("linux", {}, False, False),
        ("linux", {"DISPLAY": ":0"}, True, True),
        ("linux", {"DISPLAY": ""}, False, False),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True, True),
        ("linux", {"BROWSER": "w3m"}, False, True),
        ("darwin", {}, True, True),
        ("win32", {}, True, True),
    ],
)
def test_where_a_browser_can_be_opened(platform: str, env: dict[str, str], screen: bool, opens: bool) -> None:
    assert has_screen(platform, env) is screen
    assert can_open(platform, env) is opens
