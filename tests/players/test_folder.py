from __future__ import annotations

import stat
from pathlib import Path

import pytest

from headrace.players.folder import private_folder, shared_with


@pytest.mark.parametrize("name", ["io.mpv.Mpv", "org.videolan.VLC"])
def test_a_flatpak_gets_it_where_it_can_see_it(name: str, tmp_path: Path) -> None:
    folder = private_folder(f"/var/lib/flatpak/exports/bin/{name}", {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert Path(folder).parent == tmp_path / "app" / name
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700


def test_others_get_it_in_the_usual_place() -> None:
    assert shared_with("/usr/bin/mpv", {"XDG_RUNTIME_DIR": "/run/user/0"}) is None
    assert shared_with("/x/io.mpv.Mpv", {}) is None
    folder = Path(private_folder("/usr/bin/mpv", {}))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()
