"""The scribe alone, without a process; through one: test_embedded.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest

from headrace.media import scribe


def never(*, forget: bool = False) -> bool:
    return False


def test_a_film_without_subtitles(film: Path) -> None:
    with av.open(str(film)) as container, pytest.raises(LookupError, match="no such subtitle track"):
        scribe.write(av, container, never, 0, 0.0, 1.0)


def told(path: Path, start: float, end: float) -> dict[str, Any]:
    with av.open(str(path)) as container:
        (track,) = container.streams.subtitles
        found: dict[str, Any] = json.loads(scribe.write(av, container, never, track.index, start, end))
        return found


def test_lines_in_a_part(shelf: Path) -> None:
    found = told(shelf / "rich.mkv", 0.0, 4.0)
    assert found["until"] == 4.0
    ((start, end, line),) = found["lines"]
    assert (start, end) == (pytest.approx(1.0, abs=0.1), pytest.approx(2.0, abs=0.1))
    assert line.endswith(",,Hi")
    assert told(shelf / "rich.mkv", 2.5, 4.0)["lines"] == []
    assert len(told(shelf / "rich.mkv", 1.5, 4.0)["lines"]) == 1, "what still shows"


def test_drawings_are_left_out(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe, "LONGEST", 3)
    assert told(shelf / "rich.mkv", 0.0, 4.0)["lines"] == []
    monkeypatch.setattr(scribe, "LONGEST", 4000)
    monkeypatch.setattr(scribe, "MOST", 4)
    assert told(shelf / "rich.mkv", 0.0, 4.0)["until"] == pytest.approx(1.0, abs=0.1)  # full: the rest is for later
