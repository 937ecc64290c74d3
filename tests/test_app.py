"""Verbs without a command line; whole runs of them are in tests/e2e."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headrace import app
from headrace.errors import EngineError
from headrace.library import presence
from headrace.settings import Settings
from headrace.sources import Loaded
from headrace.testing.fake_swarm import Content, FakeFile
from headrace.testing.swarm import make_torrent


def torrent(*, share: float = 0.0, disk_error: str = "", error: str = "") -> Any:
    gauge = SimpleNamespace(disk_error=disk_error)
    return SimpleNamespace(share_of_goals=lambda: share, monitor=SimpleNamespace(gauge=gauge), error=error)


async def test_a_download_ends_when_it_is_whole_or_cannot_become_so() -> None:
    loop = asyncio.get_running_loop()
    whole, full, failed, going = (loop.create_future() for _ in range(4))
    app._settle(whole, torrent(share=1.0))
    assert whole.done()
    app._settle(full, torrent(share=0.5, disk_error="No space left on device"))
    with pytest.raises(EngineError, match="No space left") as caught:
        full.result()
    assert caught.value.kind == "disk"
    app._settle(failed, torrent(error="broken"))
    with pytest.raises(EngineError, match="broken"):
        failed.result()
    app._settle(going, torrent(share=0.99))
    assert not going.done()
    app._settle(whole, torrent(error="too late"))
    assert whole.exception() is None


def test_the_files_of_a_torrent_file_need_no_swarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = Content([FakeFile("one.mkv", 30000), FakeFile("two.srt", 500)], 16384, "show")
    folder = tmp_path / "show"
    folder.mkdir()
    for index, name in enumerate(("one.mkv", "two.srt")):
        (folder / name).write_bytes(content.file_bytes(index))
    monkeypatch.setattr(app, "_begin", None)
    loaded = Loaded(None, make_torrent(folder, piece_length=16384), "show.torrent", "ab" * 20)
    layout = app.list_files(Settings(), loaded)
    assert [(entry.path, entry.size) for entry in layout.listed()] == [("show/one.mkv", 30000), ("show/two.srt", 500)]


def test_play_hands_the_work_to_the_server_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only while there is one: else it begins by itself."""
    settings, loaded = Settings(dir=tmp_path), Loaded(None, b"", "x.torrent", "ab" * 20)
    seen: list[Any] = []

    class FakeHandover:
        def __init__(self, *given: Any) -> None:
            seen.append(given)

        async def run(self) -> int:
            return 6

    def begin(*_: Any) -> Any:
        raise EngineError("begun here")

    monkeypatch.setattr("headrace.handover.Handover", FakeHandover)
    monkeypatch.setattr(app, "_begin", begin)
    claim = presence.claim(settings.library_folder)
    claim.announce("http://127.0.0.1:9", "secret")
    assert app.play(settings, loaded, print, frozenset({"port"})) == 6
    ((server, *rest),) = seen
    assert (server.url, server.token) == ("http://127.0.0.1:9", "secret")
    assert rest == [settings, loaded, print, frozenset({"port"})]
    claim.release()
    with pytest.raises(EngineError, match="begun here"):
        app.play(settings, loaded, print)


def test_where_nobody_ever_served_play_does_not_look_any_further(tmp_path: Path) -> None:
    assert app.SERVED == presence.LOCK
    code = (
        "import sys, headrace.app; from pathlib import Path; from headrace.settings import Settings\n"
        "assert headrace.app._server_of(Settings(dir=Path(sys.argv[1]))) is None\n"
        "print('headrace.library.presence' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
