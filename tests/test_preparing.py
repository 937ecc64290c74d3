"""What is known of a torrent before an engine has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace import preparing, sources
from headrace.core.choice import Choice
from headrace.errors import EngineError, InputError
from headrace.settings import Settings

HASH = "ab" * 20
MAGNET = f"magnet:?xt=urn:btih:{HASH}&dn=Film&x.pe=127.0.0.1:7"


def prepared(folder: Path, home: Path | None = None, **more: object) -> preparing.Prepared:
    settings = Settings(dir=folder, peers=(("localhost", 9),), trackers=("http://t/",))
    return preparing.prepare(settings, sources.load(MAGNET), Choice(), home)


def test_all_that_the_engine_is_told(tmp_path: Path) -> None:
    found = prepared(tmp_path)
    request = found.request
    assert (request.info_hash, request.save_path, request.trackers) == (HASH, tmp_path / HASH, ("http://t/",))
    assert set(request.peers) <= {("127.0.0.1", 9), ("::1", 9), ("127.0.0.1", 7)}
    assert len(request.peers) == 2
    assert (found.name, found.info_hashes, found.foreign, request.recheck) == ("Film", (HASH,), False, False)
    found.lock.release()


def test_data_is_claimed_and_let_go(tmp_path: Path) -> None:
    first = prepared(tmp_path)
    with pytest.raises(EngineError, match="already open"):
        prepared(tmp_path)
    first.lock.release()
    prepared(tmp_path).lock.release()


def test_what_cannot_be_is_told_and_claims_nothing(tmp_path: Path) -> None:
    settings = Settings(dir=tmp_path, peers=(("no such host.invalid", 9),))
    with pytest.raises(InputError, match="has no address"):
        preparing.prepare(settings, sources.load(MAGNET), Choice())
    prepared(tmp_path).lock.release()
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(EngineError, match="Cannot write"):
        prepared(tmp_path, blocked / "below")


def test_a_folder_of_the_users_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = prepared(tmp_path, tmp_path / "films")
    assert found.foreign
    assert found.request.save_path == tmp_path / "films"
    found.lock.release()
