from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace import footprint
from headrace.footprint import SLACK, Footprint

NOW = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in (("a b.mkv", 100), ("sub/ü.srt", 5)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(size))
        os.utime(path, (NOW, NOW))
    return tmp_path


def take(folder: Path, *, clean: bool) -> Footprint:
    return footprint.take("..", folder, ["a b.mkv", "sub/ü.srt", "absent"], clean=clean)


@pytest.mark.parametrize("clean", [True, False])
def test_it_keeps_what_is_there_and_comes_back_from_bytes(folder: Path, clean: bool) -> None:
    found = take(folder, clean=clean)
    assert found.files == {"a b.mkv": (100, NOW * 10**9), "sub/ü.srt": (5, NOW * 10**9)}
    assert footprint.load(found.dump()) == found
    assert found.fits(folder, NOW)


@pytest.mark.parametrize("data", [b"", b"clean", b"other\0..", b"clean\0..\0x y z", b"clean\0..\x001 2", b"\xff\0\0"])
def test_what_is_torn_is_no_footprint(data: bytes) -> None:
    assert footprint.load(data) is None


@pytest.mark.parametrize("clean", [True, False])
def test_a_file_that_is_gone_or_shorter_does_not_fit(folder: Path, clean: bool) -> None:
    found = take(folder, clean=clean)
    (folder / "a b.mkv").write_bytes(bytes(99))
    os.utime(folder / "a b.mkv", (NOW, NOW))
    assert not found.fits(folder, NOW)
    (folder / "a b.mkv").unlink()
    assert not found.fits(folder, NOW)


def test_after_a_clean_end_nothing_may_have_changed(folder: Path) -> None:
    found = take(folder, clean=True)
    os.utime(folder / "a b.mkv", (NOW, NOW + 1))
    assert not found.fits(folder, NOW)
    (folder / "a b.mkv").write_bytes(bytes(101))
    os.utime(folder / "a b.mkv", (NOW, NOW))
    assert not found.fits(folder, NOW)


@pytest.mark.parametrize(("later", "fits"), [(0, True), (SLACK, True), (SLACK + 1, False)])
def test_after_a_kill_a_file_may_have_been_written_for_a_while(folder: Path, later: float, fits: bool) -> None:
    found = take(folder, clean=False)
    (folder / "a b.mkv").write_bytes(bytes(200))
    os.utime(folder / "a b.mkv", (NOW, NOW + later))
    assert found.fits(folder, NOW) is fits
