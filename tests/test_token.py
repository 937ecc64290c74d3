from __future__ import annotations

import stat
from pathlib import Path

import pytest

from headrace.errors import EngineError
from headrace.settings import Settings
from headrace.token import find, is_open, token_for


def mode(folder: Path) -> int:
    return stat.S_IMODE((folder / "token").stat().st_mode)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_needs_none(host: str, tmp_path: Path) -> None:
    assert token_for(Settings(host=host), tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "127.example.com", "127.0.0.1.example.com", "nas"])
def test_any_other_address_does(host: str, tmp_path: Path) -> None:
    assert len(token_for(Settings(host=host), tmp_path)) >= 32


def test_it_is_made_once_and_kept_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "headrace"
    token = token_for(Settings(host="0.0.0.0"), folder)
    assert mode(folder) == 0o600
    assert token_for(Settings(host="::"), folder) == token
    assert [path.name for path in folder.iterdir()] == ["token"]


def test_two_users_have_two(tmp_path: Path) -> None:
    assert token_for(Settings(host="::"), tmp_path / "a") != token_for(Settings(host="::"), tmp_path / "b")


@pytest.mark.parametrize("torn", [b"", b"\n", b"\xff\xfe\x00"])
def test_a_torn_one_is_replaced(torn: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(torn)
    (tmp_path / "token").chmod(0o644)
    token = token_for(Settings(host="::"), tmp_path)
    assert len(token) >= 32
    assert token_for(Settings(host="::"), tmp_path) == token
    assert mode(tmp_path) == 0o600


def test_one_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sesame\n")
    (tmp_path / "token").chmod(0o644)
    assert token_for(Settings(host="::"), tmp_path) == "sesame"
    assert mode(tmp_path) == 0o600


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="token cannot be kept") as failed:
        token_for(Settings(host="::"), tmp_path / "file")
    assert failed.value.kind == "disk"


def test_a_place_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    with pytest.raises(EngineError, match="token cannot be kept"):
        token_for(Settings(host="::"), tmp_path)


def test_it_is_fresh_once(tmp_path: Path) -> None:
    settings = Settings(host="0.0.0.0")
    first, second = find(settings, tmp_path), find(settings, tmp_path)
    assert (first.fresh, second.fresh) == (True, False)
    assert first.text == second.text


def test_what_was_given_counts_on_loopback_too(tmp_path: Path) -> None:
    assert find(Settings(token="x" * 16), tmp_path) == ("x" * 16, False)
    assert find(Settings(token="x" * 16, auth=False), tmp_path) == ("", False)
    assert list(tmp_path.iterdir()) == []


def test_going_without_is_known(tmp_path: Path) -> None:
    assert token_for(Settings(host="0.0.0.0", auth=False), tmp_path) == ""
    assert is_open(Settings(host="0.0.0.0", auth=False))
    assert not is_open(Settings(host="0.0.0.0"))
    assert not is_open(Settings(auth=False))
