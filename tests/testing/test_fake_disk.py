"""Files of a fake engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.core.pieces import FileEntry, Layout
from headrace.core.spans import Span
from headrace.testing.fake_disk import FakeDisk

LAYOUT = Layout("d", 16, 30, (FileEntry(0, "d/a", 10, 0), FileEntry(1, "d/e/b", 15, 10), FileEntry(2, "d/c", 5, 25)))


@pytest.fixture
def disk(tmp_path: Path) -> FakeDisk:
    return FakeDisk(LAYOUT, tmp_path)


def test_written_bytes_can_be_read_at_once(disk: FakeDisk) -> None:
    disk.write(8, b"0123456789abcdefghij")
    assert disk.read(Span(10, 28)) == b"23456789abcdefghij"
    assert disk.path_of(1).read_bytes() == b"23456789abcdefg"


def test_files_not_chosen_wait(disk: FakeDisk) -> None:
    disk.choose(frozenset({1}))
    disk.write(0, bytes(range(30)))
    assert not disk.path_of(0).exists()
    assert disk.path_of(1).read_bytes() == bytes(range(10, 25))
    disk.choose(frozenset({0, 1}))
    assert disk.path_of(0).read_bytes() == bytes(range(10))
    assert not disk.path_of(2).exists()


def test_covers(disk: FakeDisk) -> None:
    assert disk.empty()
    assert not disk.covers(Span(0, 5))
    disk.write(0, b"12345")
    assert not disk.empty()
    assert disk.covers(Span(0, 5))
    assert not disk.covers(Span(0, 6))
    assert not disk.covers(Span(3, 12))
    assert disk.read(Span(3, 12)) == b""


def test_delete_leaves_strangers_alone(disk: FakeDisk, tmp_path: Path) -> None:
    disk.write(0, bytes(30))
    (tmp_path / "d" / "other").write_bytes(b"x")
    disk.delete()
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["other"]
    disk.write(0, bytes(30))
    (tmp_path / "d" / "other").unlink()
    disk.delete()
    assert list(tmp_path.iterdir()) == []
