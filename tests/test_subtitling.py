from __future__ import annotations

from pathlib import Path

import pytest

from headrace import fetch, subtitling
from headrace.errors import InputError
from headrace.media.webvtt import LARGEST
from headrace.settings import Settings

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n"


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text(SRT)
    assert "00:01.000 --> 00:02.000\nHello" in subtitling.read(str(path)).replace("00:00:0", "00:0")


def test_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def fetched(url: str, **bounds: object) -> fetch.Fetched:
        asked.append((url, bounds["limit"], bounds["route"]))
        return fetch.Fetched(SRT.encode())

    monkeypatch.setattr(fetch, "fetch", fetched)
    assert "Hello" in subtitling.read("http://x/film.srt?key=1", "http://proxy:1", "eth0")
    assert asked == [("http://x/film.srt?key=1", LARGEST, fetch.Route("http://proxy:1", "eth0"))]


@pytest.mark.parametrize(
    ("name", "data"), [("x.srt", b""), ("x.srt", b"\xff\xfe\x00"), ("x.srt", b"1" * (LARGEST + 1))]
)
def test_what_is_none(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        subtitling.read(str(path))
    assert refused.value.kind == "subtitles"


@pytest.mark.parametrize("name", ["nobody", "", "a\0b"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        subtitling.read(str(tmp_path / name))


async def test_the_first_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text(SRT)
    assert "Hello" in await subtitling.own(Settings(subtitles=(str(path), "another.srt")))
    assert await subtitling.own(Settings()) == ""
