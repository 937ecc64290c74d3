"""Bytes that are there, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mediakit import OFFSET, PIECE, Placed

from headrace.errors import InputError
from headrace.media.posters import absent
from headrace.media.there import Gapped, There


@pytest.fixture
def file(film: Path) -> Any:
    return Placed(film)


async def test_bytes_that_are_there(file: Any, film: Path) -> None:
    file.have[0] = file.have[2] = 1
    source, data = There(file, absent), film.read_bytes()
    assert await source.read(100) == data[:100]
    assert await source.read(1 << 20) == data[100 : PIECE - OFFSET]
    with pytest.raises(InputError):
        await source.read(1)
    source.seek(2 * PIECE - OFFSET)
    assert await source.read(1 << 20) == data[2 * PIECE - OFFSET : 3 * PIECE - OFFSET]
    file.come()
    source.seek(file.size - 3)
    assert await source.read(100) == data[-3:]
    assert await source.read(100) == b""


async def test_runs(file: Any) -> None:
    file.have[0] = file.have[1] = file.have[3] = 1
    source = There(file, absent)
    assert source.run(0, 1 << 30) == 2 * PIECE - OFFSET
    assert source.run(10, 20) == 20
    assert source.run(2 * PIECE - OFFSET, 1) == 0
    assert source.run(3 * PIECE - OFFSET - 1, 9) == 0, "what follows is there, but it begins too early"
    assert source.run(file.size, 9) == 0
    file.layout = None
    assert source.run(0, 1) == 0, "before the metadata"


async def test_a_gap_may_be_an_end(file: Any, film: Path) -> None:
    file.have[0] = file.have[2] = 1
    source, data = Gapped(file, 1 << 20), film.read_bytes()
    assert await source.read(1 << 20) == data[: PIECE - OFFSET]
    assert await source.read(1) == b""
    source.seek(2 * PIECE - OFFSET)
    assert await source.read(5) == data[2 * PIECE - OFFSET :][:5]


async def test_so_much_and_no_more(file: Any, film: Path) -> None:
    source = Gapped(file.come(), 10)
    assert await source.read(7) == film.read_bytes()[:7]
    source.seek(100)
    assert await source.read(7) == film.read_bytes()[100:103]
    assert await source.read(7) == b""
