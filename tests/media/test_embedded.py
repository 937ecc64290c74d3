"""Subtitles inside films, by the real process."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mediakit import Placed

from headrace.core.cues import Cue
from headrace.errors import EngineError, InputError
from headrace.media import embedded, testcard
from headrace.media.embedded import SECONDS, Embedded

SECONDS_LONG = 24
ASS = """[Script Info]
PlayResY: 360
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Sign,Arial,20,&H0,&H0,&H0,&H0,0,-1,0,0,100,100,0,0,1,1,0,8,0,0,0,1
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with a line each second, in two tracks, in each container."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to make films with")
    folder = tmp_path_factory.mktemp("talking")
    testcard.make(folder / "bare.mp4", SECONDS_LONG)
    numbers = range(SECONDS_LONG)
    srt = [f"{n + 1}\n0{clock(n)},200 --> 0{clock(n)},900\n<i>Line</i> {n}\n" for n in numbers]
    ass = [f"Dialogue: 0,{clock(n)}.20,{clock(n)}.90,Sign,,0,0,0,,{{\\fs9}}Sign, {n}" for n in numbers]
    (folder / "a.srt").write_text("\n".join(srt))
    (folder / "a.ass").write_text(ASS + "\n".join(ass) + "\n")
    inputs = ("-i", "bare.mp4", "-i", "a.srt")
    for arguments in (
        (*inputs, "-i", "a.ass", "-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-cluster_time_limit", "500",
         "film.mkv"),
        (*inputs, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", "-movflags", "+faststart", "film.mp4"),
        (*inputs, "-map", "1", "-c:s", "webvtt", "only.webm"),
    ):  # fmt: skip
        subprocess.run(["ffmpeg", "-v", "error", *arguments], cwd=folder, check=True, timeout=60)
    return folder


def numbers(cues: list[Cue]) -> list[int]:
    return [int(found[0]) for cue in cues if (found := re.search(r"\d+(?=\D*$)", cue.text))]


async def test_a_part_of_subrip_in_matroska(talking: Path) -> None:
    film = Placed(talking / "film.mkv", "film.mkv").come()
    part = await Embedded().part(film, 2, 10.0, 15.0)
    assert numbers(part.cues) == [10, 11, 12, 13, 14]
    assert part.cues[0].text == "<i>Line</i> 10"
    assert part.cues[0].start == pytest.approx(10.2, abs=0.1)
    assert part.cues[0].end - part.cues[0].start == pytest.approx(0.7)
    assert part.until == 15.0


async def test_ass_has_its_styles(talking: Path) -> None:
    part = await Embedded().part(Placed(talking / "film.mkv", "film.mkv").come(), 3, 3.0, 5.0)
    assert [(cue.text, cue.settings) for cue in part.cues] == [
        ("<i>Sign, 3</i>", "line:0"),
        ("<i>Sign, 4</i>", "line:0"),
    ]


@pytest.mark.parametrize(("name", "track"), [("film.mkv", 2), ("film.mkv", 3), ("film.mp4", 2), ("only.webm", 0)])
async def test_a_whole_track(talking: Path, name: str, track: int) -> None:
    found = await Embedded().whole(Placed(talking / name, name).come(), track)
    assert numbers(found) == list(range(SECONDS_LONG))


async def test_only_what_is_there_is_told_and_until_when(talking: Path) -> None:
    film = Placed(talking / "film.mkv", "film.mkv").come(0.4)
    film.have[-12:] = b"\1" * 12  # its index is there, as players need it
    part = await Embedded().part(film, 2, 0.0, 20.0)
    assert 6 < part.until < 12
    assert numbers(part.cues) == list(range(len(part.cues)))
    assert part.cues[-1].start <= part.until
    assert part.until - part.cues[-1].start < 1.5
    nothing = await Embedded().part(film, 2, 14.0, 20.0)
    assert nothing == ([], 14.0)
    with pytest.raises(InputError, match="broke off"):
        await Embedded().whole(film, 2)


async def test_after_a_seek_over_a_gap(talking: Path) -> None:
    film = Placed(talking / "film.mkv", "film.mkv").come()
    pieces = len(film.have)
    film.have[pieces // 4 : pieces * 2 // 3] = bytes(pieces * 2 // 3 - pieces // 4)
    part = await Embedded().part(film, 2, 18.0, 22.0)
    assert numbers(part.cues) == [18, 19, 20, 21]
    assert part.until == 22.0


async def test_of_an_mp4_only_its_lines_are_read(talking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PART_BYTES", 4 << 20)
    film = Placed(talking / "film.mp4", "film.mp4").come()
    assert film.size > 5 << 20
    part = await Embedded().part(film, 2, 0.0, float(SECONDS_LONG))
    assert numbers(part.cues) == list(range(SECONDS_LONG))
    film.have[len(film.have) // 2 :] = bytes(len(film.have) - len(film.have) // 2)
    part = await Embedded().part(film, 2, 0.0, float(SECONDS_LONG))
    assert numbers(part.cues) == list(range(len(part.cues)))
    assert 9 < part.until < 14


@pytest.mark.parametrize("track", [0, 1, 7])
async def test_no_such_track(talking: Path, track: int) -> None:
    with pytest.raises(InputError, match="no such subtitle track"):
        await Embedded().part(Placed(talking / "film.mkv", "film.mkv").come(), track, 0.0, 5.0)


@pytest.mark.parametrize("name", ["film.mkv", "film.txt"])
async def test_no_film(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"garbage" * 9000)
    with pytest.raises(InputError):
        await Embedded().part(Placed(tmp_path / name, name).come(), 0, 0.0, 5.0)


@pytest.mark.parametrize(
    "told",
    [
        b"[]",
        b'{"header": "", "lines": [[1, 2]], "until": 3}',
        b'{"header": "", "lines": [], "until": 1e300}',
        b'{"header": 5, "lines": [], "until": 1}',
        b"[" * 100_000,
    ],
)
async def test_nonsense_is_not_believed(told: bytes, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked(*_: Any) -> bytes:
        return told

    monkeypatch.setattr(embedded, "ask", asked)
    with pytest.raises(EngineError, match="nonsense"):
        await Embedded().part(Placed(film), 2, 0.0, 1.0)


LINES = '[1, null, "0,0,D,,0,0,0,,a"], [2.5, null, "1,0,D,,0,0,0,,b, c"], [30, null, "2,0,D,,0,0,0,,d"], [5, 6, "x"]'


async def test_lines_without_an_end_last_until_the_next(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked(*_: Any) -> bytes:
        return f'{{"header": "", "lines": [{LINES}], "until": {SECONDS}}}'.encode()

    monkeypatch.setattr(embedded, "ask", asked)
    found = await Embedded().whole(Placed(film), 2)
    assert [(cue.start, cue.end, cue.text) for cue in found] == [(1, 2.5, "a"), (2.5, 5.0, "b, c"), (30, 34, "d")]
