from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.errors import PlayerError
from headrace.media import testcard
from headrace.media.viewer import Shown, Viewer

PATIENCE = 20


class Audience:
    """A viewer in a thread; what it shows is in a queue."""

    def __init__(self, url: str) -> None:
        self.shown: queue.Queue[Shown] = queue.Queue()
        self.viewer = Viewer(url, self.shown.put)
        self.count: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.count = self.viewer.run()

    def next(self) -> Shown:
        return self.shown.get(timeout=PATIENCE)

    def next_first(self) -> Shown:
        while not (shown := self.next()).first:
            pass
        return shown

    def gone(self) -> bool:
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("card") / "card.mp4"
    testcard.make(path, 10)
    return path


@pytest.fixture
def audience(card: Path) -> Iterator[Audience]:
    found = Audience(str(card))
    yield found
    found.viewer.stop()
    assert found.gone()


def test_pictures_come_in_order_at_the_pace_of_the_video(audience: Audience) -> None:
    seen = [audience.next() for _ in range(13)]
    assert [shown.first for shown in seen] == [True] + [False] * 12
    assert [shown.number for shown in seen] == list(range(1, 14))
    assert [shown.position for shown in seen] == pytest.approx([number / 24 for number in range(13)])
    assert seen[-1].at - seen[0].at >= 0.49
    assert seen[0].duration == pytest.approx(10, rel=0.02)


def test_a_seek_is_exact(audience: Audience) -> None:
    audience.next()
    audience.viewer.seek(7.3)
    assert audience.next_first().position == pytest.approx(7.3, abs=1 / 24 + 0.001)
    after = audience.next()
    assert after.position > 7.3
    assert not after.first
    audience.viewer.seek(1.0)
    assert audience.next_first().position == pytest.approx(1.0, abs=0.001)


def test_of_two_wishes_the_newer_counts(audience: Audience) -> None:
    audience.next()
    with audience.viewer._change:  # both before the viewer looks
        audience.viewer._wish = 3.0
        audience.viewer._wish = 8.0
        audience.viewer._change.notify_all()
    assert audience.next_first().position == pytest.approx(8.0)


def test_it_ends_with_the_video(card: Path) -> None:
    audience = Audience(str(card))
    audience.viewer.seek(9.5)
    assert audience.gone()
    assert audience.count
    assert audience.count <= 14


def test_stop_ends_it_at_once(card: Path) -> None:
    audience = Audience(str(card))
    audience.next()
    audience.viewer.stop()
    assert audience.gone()
    assert audience.count is not None


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(PlayerError, match="cannot be decoded"):
        Viewer(str(tmp_path / "text.mp4"), print).run()


def test_nobody_answers() -> None:
    with pytest.raises(PlayerError, match="cannot be decoded"):
        Viewer("http://127.0.0.1:9/nobody", print).run()


def test_after_stop_a_failure_is_none(tmp_path: Path) -> None:
    viewer = Viewer(str(tmp_path / "absent.mp4"), print)
    viewer.stop()
    assert viewer.run() == 0


def test_stop_counts_more_than_a_wish(card: Path) -> None:
    audience = Audience(str(card))
    audience.next()
    with audience.viewer._change:
        audience.viewer._wish, audience.viewer._stopped = 5.0, True
        audience.viewer._change.notify_all()
    assert audience.gone()
    assert not any(shown.position >= 5.0 for shown in audience.shown.queue)
