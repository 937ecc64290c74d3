from __future__ import annotations

import pytest

from headrace.players.base import Media
from headrace.players.record import Control
from headrace.players.vlc import later_subtitles, vlc_argv

URL = "http://127.0.0.1:8888/stream/aa/0/a.mkv?token=t"
START = ["vlc", "--no-one-instance", "--play-and-exit"]


@pytest.mark.parametrize(
    ("media", "options"),
    [
        (Media(URL), []),
        (Media(URL, "A film", 90.25), ["--meta-title=A film", "--start-time=90.25"]),
        (Media(URL, "A film", 90, playlist=True), []),
        (Media(URL, subtitles=("/a.srt",)), ["--sub-file=/a.srt"]),
        (Media(URL, subtitles=("http://h/a.srt?t=1#x",)), ["--input-slave=http://h/a.srt?t=1"]),
        (
            Media(URL, subtitles=("/a.srt", "/b #1.srt", "http://h/c.srt")),
            ["--sub-file=/a.srt", "--input-slave=file:///b%20%231.srt#http://h/c.srt"],
        ),
        (Media(URL, extra=("--fullscreen",)), ["--fullscreen"]),
    ],
)
def test_vlc_options(media: Media, options: list[str]) -> None:
    assert vlc_argv("vlc", media, Control()) == [*START, *options, URL]


def test_its_http_interface_listens_on_loopback_with_a_password() -> None:
    argv = vlc_argv("vlc", Media(URL), Control(port=4321, password="pw"))
    assert argv[3:-1] == ["--extraintf=http", "--http-host=127.0.0.1", "--http-port=4321", "--http-password=pw"]


def test_subtitles_behind_a_url_are_left_to_the_link_with_all_others() -> None:
    media = Media(URL, subtitles=("/a.srt", "http://h/b.srt"))
    assert later_subtitles(media) == media.subtitles
    assert later_subtitles(Media(URL, subtitles=("/a.srt",))) == ()
    argv = vlc_argv("vlc", media, Control(port=1, password="p"))
    assert not [word for word in argv if word.startswith(("--sub-file", "--input-slave"))]
    assert "--sub-file=/a.srt" in vlc_argv("vlc", Media(URL, subtitles=("/a.srt",)), Control(port=1, password="p"))


def test_vlc_on_macos_does_not_know_one_instance() -> None:
    assert "--no-one-instance" not in vlc_argv("VLC", Media(URL), Control(platform="darwin"))
    assert "--no-one-instance" in vlc_argv("vlc.exe", Media(URL), Control(platform="win32"))
