from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.errors import EngineError
from headrace.store import Store, is_part_file

HASH = "ab" * 20
PARTS = f".{HASH}.parts"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "film.mkv").write_bytes(bytes(100))
    (folder / PARTS).write_bytes(bytes(10))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def describe(store: Store, data: Path, *, clean: bool = True) -> None:
    store.save(HASH, b"state")
    store.describe(HASH, data, ["film.mkv", PARTS], clean=clean)


def test_what_was_saved_is_loaded_and_forgotten(store: Store, data: Path) -> None:
    assert store.load(HASH) == b""
    describe(store, data)
    assert store.load(HASH) == b"state"
    store.park(HASH, data / PARTS)
    store.lock(HASH).release()
    store.forget(HASH)
    assert store.load(HASH) == b""
    assert list(store.folder.iterdir()) == []


def test_a_failed_save_leaves_the_old_state_and_nothing_else(store: Store) -> None:
    store.save(HASH, b"state")
    (store.folder / f"{HASH}.resume.{os.getpid()}").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 (which one is the system's choice)
        store.save(HASH, b"new")
    assert store.load(HASH) == b"state"


def test_files_that_nobody_touched_are_undisturbed(store: Store, data: Path) -> None:
    assert not store.undisturbed(HASH, data)
    describe(store, data)
    assert store.undisturbed(HASH, data)
    assert not store.undisturbed(HASH, data.parent / "elsewhere")


def test_changed_files_are_found_out(store: Store, data: Path) -> None:
    describe(store, data)
    (data / "film.mkv").write_bytes(bytes(100))
    os.utime(data / "film.mkv", (1, 1))
    assert not store.undisturbed(HASH, data)


def test_once_it_runs_files_may_change(store: Store, data: Path) -> None:
    describe(store, data)
    os.utime(store.folder / f"{HASH}.resume", (1, 1))  # saved long ago
    assert store.undisturbed(HASH, data)
    (data / "film.mkv").write_bytes(bytes(101))  # we write, and are killed
    assert store.undisturbed(HASH, data)


def test_folder_and_store_may_be_moved_together(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / HASH).mkdir(parents=True)
    (home / HASH / "film.mkv").write_bytes(bytes(7))
    describe(Store(home / ".headrace"), home / HASH)
    moved = home.rename(tmp_path / "moved")
    assert Store(moved / ".headrace").undisturbed(HASH, moved / HASH)


def test_a_part_file_is_put_away_and_brought_back(store: Store, data: Path) -> None:
    describe(store, data)
    store.park(HASH, data / PARTS)
    assert sorted(os.listdir(data)) == ["film.mkv"]
    assert store.undisturbed(HASH, data)
    assert (data / PARTS).read_bytes() == bytes(10)


def test_a_lost_part_file_is_found_out(store: Store, data: Path) -> None:
    describe(store, data)
    (data / PARTS).unlink()
    assert not store.undisturbed(HASH, data)


@pytest.mark.parametrize(
    ("path", "is_one"), [(PARTS, True), ("film.parts", False), (".hidden", False), (f"show/{PARTS}", False)]
)
def test_part_files_are_told_by_their_names(path: str, is_one: bool) -> None:
    assert is_part_file(path) is is_one


def test_one_process_has_a_torrent_at_a_time(store: Store) -> None:
    held = store.lock(HASH)
    with pytest.raises(EngineError, match="already open"):
        store.lock(HASH)
    held.release()
    store.lock(HASH).release()


def test_a_folder_that_cannot_be_written_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="Cannot write in /proc") as caught:
        Store(Path("/proc/headrace/x")).lock(HASH)
    assert caught.value.exit_code == 5
