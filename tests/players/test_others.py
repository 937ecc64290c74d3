from __future__ import annotations

import pytest

from headrace.players.base import Media
from headrace.players.others import mpc_hc_argv, mplayer_argv, potplayer_argv
from headrace.players.record import Argv, Control

URL = "http://127.0.0.1:8888/a.mkv"
FULL = Media(URL, "A\tfilm", 3725.5, ("http://h/a.srt", "/b,c.srt", "/d.srt"), extra=("-x",))
SLAVE = ["p", "-slave", "-quiet", "-noconsolecontrols", "-nolirc"]


@pytest.mark.parametrize(
    ("argv", "media", "expected"),
    [
        (mplayer_argv, Media(URL), [*SLAVE, URL]),
        (
            mplayer_argv,
            FULL,
            [*SLAVE, "-title", "A film", "-ss", "3725.5", "-sub", "/b\\,c.srt,/d.srt", "-x", URL],
        ),
        (mplayer_argv, Media(URL, "T", 5, playlist=True), [*SLAVE, "-playlist", URL]),
        (mpc_hc_argv, Media(URL), ["p", URL, "/play", "/close", "/new"]),
        (
            mpc_hc_argv,
            FULL,
            f"p -x {URL} /play /close /new /start 3725500 /sub http://h/a.srt /sub /b,c.srt /sub /d.srt".split(),
        ),
        (potplayer_argv, Media(URL, "T", playlist=True), ["p", URL, "/new"]),
        (
            potplayer_argv,
            FULL,
            ["p", "-x", URL, "/new", "/seek=01:02:05", "/title=A film", "/sub=http://h/a.srt"],
        ),
    ],
)
def test_argument_vectors(argv: Argv, media: Media, expected: list[str]) -> None:
    assert argv("p", media, Control()) == expected
