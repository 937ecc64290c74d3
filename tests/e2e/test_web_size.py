"""The web page with much to show: what an event costs, counted in requests and changes of the document. (In Debian's
Chromium these keep every task after loading under 50 ms; seconds are no test on a machine that others use too.)"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kit.browser import Page, browser
from kit.crowd import crowd, films, pack

from headrace.core import events

pytestmark = pytest.mark.e2e

LIVE = "import(document.querySelector('script[type=module]').src.replace('app.js', 'live.js'))"
"""The module as the page itself has it."""
WATCH = """() => {
  window.changes = 0;
  new MutationObserver((found) => { window.changes += found.length; }).observe(
    document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
HEARD = """([name, count]) => LIVE.then(({ live }) => new Promise((resolve) => {
  let heard = 0;
  const end = new AbortController();
  live.hear((news) => {
    heard += news.event === name;
    if (heard < count || end.signal.aborted) return;
    end.abort();
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  }, end.signal);
}))""".replace("LIVE", LIVE)
"""Returns when so many events of that name have come, and what they change is drawn."""


def asked_of(page: Page) -> list[str]:
    """Paths, as they are asked for."""
    found: list[str] = []
    page.page.on("request", lambda request: found.append(urlsplit(request.url).path))
    return found


async def changes(page: Page) -> int:
    """Changes of the document since the last time."""
    return int(await page.run("() => { const were = window.changes; window.changes = 0; return were; }"))


async def test_a_library_of_hundreds(data: Path) -> None:
    async with (
        crowd(data, *films(300)) as served,
        browser(f"127.0.0.1:{served.server.port}") as page,
    ):
        asked = asked_of(page)
        await page.go()
        await page.until("it.childElementCount === 300", of=".cards")
        await page.run(HEARD, ["progress", 300])
        assert sum(path.endswith("/poster") for path in asked) < 60, "pictures that nobody sees are not asked for"
        assert asked.count("/api/v1/torrents") == 1
        asked.clear()
        await page.run(WATCH)
        await page.run(HEARD, ["progress", 300])
        assert await changes(page) <= 10, "what says nothing new changes nothing"
        assert asked == []

        first, *others = served.session.torrents
        first.say(events.Changed(True, 0, 0, ()))
        await page.run(HEARD, ["progress", 300])
        assert asked == [f"/api/v1/torrents/{first.info_hash}"]
        asked.clear()
        for torrent in others:
            for _ in range(3):
                torrent.say(events.Changed(False, 0, 0, ()))
        await page.run(HEARD, ["progress", 300])
        assert set(asked) == {"/api/v1/torrents"}
        assert len(asked) <= 8
        assert await changes(page) <= 20

        await page.page.fill(".find", "1080p  film 12")
        await page.until("[...it.children].filter((each) => !each.hidden).length === 13", of=".cards")
        await page.page.fill(".find", "no such film")
        await page.until(
            "it.textContent.includes('No torrent has such a name')", of="hr-library [role=status]:not([hidden])"
        )
        await page.page.fill(".find", "")

        served.add(films(301)[-1])
        await page.until("it.childElementCount === 301", of=".cards")


async def test_a_torrent_of_hundreds_of_files(data: Path) -> None:
    content = pack(400)
    async with (
        crowd(data, content) as served,
        browser(f"127.0.0.1:{served.server.port}") as page,
    ):
        asked = asked_of(page)
        await page.go(f"#/t/{content.info_hash}")
        await page.until("it.querySelectorAll('.row').length === 600", of="hr-torrent")
        (torrent,) = served.session.torrents
        await page.run("() => document.querySelectorAll('.row').forEach((row) => { row.marked = true; })")
        await page.page.focus("role=button[name='Pause']")
        asked.clear()
        await page.run(WATCH)
        for _ in range(50):
            torrent.say(events.Changed(False, 0, 0, ()))
        await page.run(HEARD, ["progress", 2])
        assert 1 <= len(asked) <= 6, "events that come at once are one question"
        assert set(asked) == {f"/api/v1/torrents/{content.info_hash}"}, "files stay what they are"
        assert await changes(page) <= 20
        assert await page.run("() => [...document.querySelectorAll('.row')].every((row) => row.marked)")
        assert await page.run("() => document.activeElement.textContent") == "Pause", "the focus stays where it was"

        await page.go(f"#/t/{content.info_hash}/0")
        await page.until("it.querySelectorAll('.row').length === 400", of="hr-player")
        await page.run("() => document.querySelectorAll('.row').forEach((row) => { row.marked = true; })")
        asked.clear()
        await changes(page)
        await page.page.keyboard.press("Shift+N")
        await page.until("it.textContent.includes('S01E02')", of=".row[aria-current]")
        for _ in range(50):
            torrent.say(events.Changed(False, 0, 0, ()))
        await page.run(HEARD, ["progress", 2])
        assert asked.count(f"/api/v1/torrents/{content.info_hash}") <= 6
        assert f"/api/v1/torrents/{content.info_hash}/files" not in asked
        assert await page.run("() => [...document.querySelectorAll('.row')].every((row) => row.marked)")
        assert await changes(page) <= 120, "the player's own parts; a list made anew has 400 rows"
