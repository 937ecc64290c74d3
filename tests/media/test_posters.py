"""Pictures of what is there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mediakit import Placed as File

from headrace.errors import InputError
from headrace.media.posters import Posters


@pytest.fixture
def file(film: Path) -> Any:
    return File(film)


async def test_a_picture_by_the_real_process(file: Any) -> None:
    picture = await Posters().of(file.come())
    assert picture.startswith(b"\xff\xd8\xff")


async def test_a_film_of_which_only_the_start_is_there(shelf: Path) -> None:
    picture = await Posters().of(File(shelf / "first.mp4").come(0.4))  # type: ignore[arg-type]
    assert picture.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("name", ["film.mp4", "film.txt", "film.m3u8"])
async def test_no_film(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"#EXTM3U\nfile:///etc/passwd\n" * 1000)
    with pytest.raises(InputError, match="Too little"):
        await Posters().of(File(tmp_path / name, name).come())  # type: ignore[arg-type]


class Paint:
    """Says no to the first so many; counts."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.shares, self.now = refusals, [], 0

    async def __call__(self, source: Any, name: str, share: float) -> bytes:
        self.shares.append(share)
        self.now += 1
        assert self.now == 1
        await asyncio.sleep(0)
        self.now -= 1
        if len(self.shares) <= self.refusals:
            raise InputError("no")
        return b"picture"


async def test_one_at_a_time_and_once(file: Any) -> None:
    paint = Paint(0)
    posters = Posters(paint)
    assert await asyncio.gather(*(posters.of(file.come()) for _ in range(4))) == [b"picture"] * 4
    assert paint.shares == [0.2]


async def test_the_start_when_the_middle_is_not_there(file: Any) -> None:
    paint = Paint(1)
    assert await Posters(paint).of(file.come()) == b"picture"
    assert paint.shares == [0.2, 0.0]


async def test_it_is_tried_again_when_more_came(file: Any) -> None:
    paint = Paint(2)
    posters = Posters(paint)
    with pytest.raises(InputError):
        await posters.of(file)
    assert paint.shares == []  # nothing is there at all
    file.come(0.5)
    for _ in range(3):
        with pytest.raises(InputError):
            await posters.of(file)
    assert paint.shares == [0.2, 0.0]
    file.come(0.55)
    with pytest.raises(InputError):
        await posters.of(file)
    assert await posters.of(file.come(0.9)) == b"picture"
