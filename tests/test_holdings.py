from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.errors import EngineError
from headrace.holdings import Holdings
from headrace.store import FOLDER, Store

A, B, V2 = "a" * 40, "b" * 40, "c" * 64
KIB = 1024


def fill(folder: Path, info_hash: str, size: int = 100 * KIB, name: str = "film.mkv") -> Path:
    path = folder / info_hash / "show" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_what_lies_there_by_torrent(tmp_path: Path) -> None:
    fill(tmp_path, A)
    fill(tmp_path, V2, 10 * KIB)
    (tmp_path / "holiday").mkdir()
    (tmp_path / B).write_text("a file")
    found = {each.info_hash: each for each in Holdings(tmp_path).look()}
    assert set(found) == {A, V2}
    assert 100 * KIB <= found[A].size < 120 * KIB
    assert (found[A].name, found[A].in_use) == ("show", False)
    assert found[A].changed == pytest.approx((tmp_path / A / "show/film.mkv").stat().st_mtime)
    assert Holdings(tmp_path / "nothing").look() == ()
    assert Holdings(tmp_path / "nothing").free() > 0


def test_holes_in_a_file_take_no_room(tmp_path: Path) -> None:
    path = fill(tmp_path, A, 4 * KIB)
    os.truncate(path, 1 << 30)
    if path.stat().st_blocks * 512 > 1 << 20:
        pytest.skip("this file system has no holes")
    assert Holdings(tmp_path).look()[0].size < 1 << 20


def test_data_goes_and_the_metadata_stays(tmp_path: Path) -> None:
    store, holdings = Store(tmp_path / FOLDER), Holdings(tmp_path)
    fill(tmp_path, A)
    fill(tmp_path, B)
    store.save(A, b"resume")
    store.describe(A, tmp_path / A, ["show/film.mkv"], clean=True)
    assert holdings.delete(A) >= 100 * KIB
    assert [each.info_hash for each in holdings.look()] == [B]
    assert store.load(A) == b"resume"
    assert not store.undisturbed(A, tmp_path / A)
    assert holdings.delete(A, state=True) == 0
    assert store.load(A) == b""
    assert not list((tmp_path / FOLDER).glob(f"{A}*"))


def test_what_is_open_stays(tmp_path: Path) -> None:
    store, holdings = Store(tmp_path / FOLDER), Holdings(tmp_path)
    path = fill(tmp_path, A)
    lock = store.lock(A)
    assert holdings.in_use(A)
    assert holdings.look()[0].in_use
    with pytest.raises(EngineError) as caught:
        holdings.delete(A, state=True)
    assert caught.value.kind == "in_use"
    assert path.exists()
    lock.release()
    assert not holdings.in_use(A)
    assert holdings.delete(A) > 0


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "diary").write_text("dear diary")
    data = tmp_path / "data"
    fill(data, A)
    (data / A / "link").symlink_to(outside)
    (data / B).symlink_to(outside)
    holdings = Holdings(data)
    assert [each.info_hash for each in holdings.look()] == [A]
    holdings.delete(A)
    holdings.delete(B)
    assert sorted(path.name for path in data.iterdir()) == [FOLDER]
    assert (outside / "diary").read_text() == "dear diary"


@pytest.mark.parametrize("name", ["..", ".", "", "../outside", "A" * 40, "a" * 41, f"{A}/..", f"{A}\n"])
def test_nothing_but_a_torrents_folder_is_ever_removed(tmp_path: Path, name: str) -> None:
    fill(tmp_path, A)
    with pytest.raises(ValueError, match="not an info-hash"):
        Holdings(tmp_path).delete(name)
    assert len(Holdings(tmp_path).look()) == 1


def test_what_cannot_be_removed_is_said_and_not_believed_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / FOLDER)
    fill(tmp_path, A)
    store.save(A, b"resume")
    store.describe(A, tmp_path / A, ["show/film.mkv"], clean=True)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("headrace.holdings.shutil.rmtree", refuse)
    with pytest.raises(EngineError, match="Permission denied") as caught:
        Holdings(tmp_path).delete(A)
    assert caught.value.kind == "disk"
    assert not Holdings(tmp_path).in_use(A)
    assert not store.undisturbed(A, tmp_path / A)
