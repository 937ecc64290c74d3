from __future__ import annotations

import pytest

from headrace.players.base import Media
from headrace.players.mpv import iina_argv, later_subtitles, mpv_argv
from headrace.players.record import Control

URL = "http://127.0.0.1:8888/stream/aa/0/a.mkv?token=t"
YTDL = "--script-opts-append=ytdl_hook-exclude=127%.0%.0%.1:8888"
ALWAYS = ["--input-terminal=no", "--msg-level=all=error"]
IPC = Control(socket="/run/s")
BLIND = Control(display=False)


@pytest.mark.parametrize(
    ("media", "control", "options"),
    [
        (Media(URL), BLIND, []),
        (Media(URL, start=5.5), BLIND, ["--start=5.5"]),
        (Media(URL, "A\nfilm", -1), BLIND, ["--force-media-title=A film"]),
        (Media(URL, "T", 3, playlist=True), BLIND, ["--start=3"]),
        (Media(URL, subtitles=("/s.srt", "http://h/s.srt")), BLIND, ["--sub-file=/s.srt", "--sub-file=http://h/s.srt"]),
    ],
)
def test_mpv_options(media: Media, control: Control, options: list[str]) -> None:
    expected = ["mpv", *ALWAYS, YTDL, "--network-timeout=0", *options, "--", URL]
    assert mpv_argv("mpv", media, control) == expected


def test_with_ipc_only_paths_are_opened_before_the_first_frame() -> None:
    argv = mpv_argv("mpv", Media(URL, subtitles=("http://h/s.srt", "/s.srt")), IPC)
    assert "--input-ipc-server=/run/s" in argv
    assert [word for word in argv if word.startswith("--sub")] == ["--sub-file=/s.srt"]


def test_the_window_comes_at_once_where_there_is_a_screen() -> None:
    assert "--force-window=immediate" in mpv_argv("mpv", Media(URL), Control())
    assert "--force-window=immediate" not in mpv_argv("mpv", Media(URL), BLIND)


@pytest.mark.parametrize("word", ["--no-video", "--vid=no", "--force-window=no"])
def test_who_wants_no_window_gets_none(word: str) -> None:
    assert "--force-window=immediate" not in mpv_argv("mpv", Media(URL, extra=(word,)), Control())


def test_the_users_arguments_are_the_last_before_the_url() -> None:
    assert mpv_argv("mpv", Media(URL, extra=("--fs", "--volume=50")), IPC)[-4:] == ["--fs", "--volume=50", "--", URL]


def test_what_is_left_to_ipc() -> None:
    media = Media(URL, subtitles=("/a.srt", "http://h/b.srt"))
    assert later_subtitles("mpv", media) == ("http://h/b.srt",)
    assert later_subtitles("iina", media) == media.subtitles


def test_iina_takes_mpvs_options_behind_its_own_prefix() -> None:
    media = Media(URL, "T", 7, ("/s.srt", "http://h/s.srt"), extra=("--pip",))
    assert iina_argv("iina", media, IPC) == [
        "iina",
        "--no-stdin",
        "--keep-running",
        "--mpv-network-timeout=0",
        "--mpv-input-ipc-server=/run/s",
        "--mpv-force-media-title=T",
        "--mpv-start=7",
        "--pip",
        URL,
    ]
