"""What is run to see a byte or a frame."""

from __future__ import annotations

from bench import players

URL = "http://127.0.0.1:8890/film"


def test_the_first_byte() -> None:
    assert players.first_byte("/mnt/film", 5) == ["head", "--bytes=1", "/mnt/film"]
    words = players.first_byte(URL, 5)
    assert words[0] == "curl"
    assert words[-3:] == ["--range", "0-0", URL]
    assert words[words.index("--max-time") + 1] == "5"


def test_a_request() -> None:
    assert players.curl(["--request", "PUT", URL], 5)[-3:] == ["--request", "PUT", URL]


def test_frames() -> None:
    end = ["-frames:v", "1", "-f", "null", "-"]
    assert players.frame(URL) == ["ffmpeg", "-nostdin", "-v", "error", "-i", URL, *end]
    assert players.frame(URL, 600.12) == ["ffmpeg", "-nostdin", "-v", "error", "-ss", "600.120", "-i", URL, *end]
    assert "--start=600.120" in players.frame(URL, 600.12, "mpv")
    assert players.frame(URL, 0, "mpv")[-1] == URL
