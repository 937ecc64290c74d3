"""The web page of ``headrace serve``: adding, watching, pausing and removing, on two screens."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kit.browser import PHONE, browser
from kit.command import Headrace

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
DROP = """([data, text]) => {
  const transfer = new DataTransfer();
  if (data) transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "film.torrent"));
  if (text) transfer.setData("text/plain", text);
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@contextlib.asynccontextmanager
async def serving(headrace: Headrace, data: Path) -> AsyncIterator[str]:
    """Host and port of a server."""
    command = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(data))
    yield urlsplit((await command.event("serving"))["url"]).netloc


async def test_a_magnet_link_is_pasted_and_watched_on_two_screens(
    films: dict[str, Path], data: Path, headrace: Headrace
) -> None:
    async with (
        LocalSwarm(films["first.mp4"], piece_length=PIECE) as swarm,
        serving(headrace, data) as origin,
        browser(origin) as one,
        browser(origin) as two,
    ):
        await two.go()
        await two.until("it.textContent.includes('Nothing here yet')", of="main")
        await one.go()
        await one.page.fill("#source", swarm.magnet)
        await one.page.keyboard.press("Enter")
        await one.page.click("a.primary")
        await one.until("it.currentTime > 0.5")
        await one.run("() => { document.querySelector('video').currentTime = 40; }")
        await one.until("!it.seeking && it.currentTime > 40.5")
        await one.page.keyboard.press("k")
        await one.until("it.paused")

        await two.until("it.textContent === 'first.mp4'", of=".card-name")
        await two.page.click(".card")
        await two.until("it.textContent.includes('Resume at 0:4')", of="a.primary")
        await two.page.click("a.primary")
        await two.until("it.currentTime > 40")

        await two.page.click(".back")
        await two.page.click("text=Pause")
        await two.until("it.textContent.includes('Go on')", of=".hero .actions")
        await two.page.click("text=Go on")
        await two.until("it.textContent.includes('Pause')", of=".hero .actions")
        await two.page.click("text=Remove")
        removed = "it.textContent === '“first.mp4” was removed, and its data.'"
        notes = asyncio.gather(*(page.until(removed, of=".toast") for page in (one, two)))  # they go by themselves
        await two.page.click("text=Remove with its data")
        await notes
        for page in (one, two):
            await page.until("it.textContent.includes('Nothing here yet')", of="main")
        assert not list(data.rglob("first.mp4"))


async def test_the_demo_is_made_and_watched(data: Path, headrace: Headrace) -> None:
    command = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(data))
    origin = urlsplit((await command.event("serving"))["url"]).netloc
    async with browser(origin) as one, browser(origin) as two:
        await two.go()
        await two.until("it.textContent.includes('Nothing here yet')", of="main")
        await one.go()
        await one.until("it.textContent.includes('nothing leaves it')", of="hr-demo")
        await one.shot("library-empty")
        assert await one.accessibility() == []
        await one.page.click("text=Try the demo torrent")
        await one.until("!it.hidden && it.value > 0", of="hr-demo progress")
        await one.until("it.currentTime > 0.5 && it.videoWidth === 640")
        await one.run("() => { document.querySelector('video').currentTime = 48; }")
        await one.until("!it.seeking && it.currentTime > 48.5")
        await two.until("it.textContent === 'Headrace test card.mp4'", of=".card-name")
        await two.page.click(".card")
        await two.until("it.textContent.includes('The demo, gone when the server ends')", of="hr-torrent .state")
        await two.page.click("text=Remove")
        await two.page.click("text=Remove with its data")
        await two.until("it.textContent.includes('Nothing here yet')", of="main")
        await command.event("demo", state="none")
        assert not (data / ".headrace" / "demo").exists()

        await two.page.click("text=Try the demo torrent")  # again, and then the server ends while it plays
        await two.until("it.currentTime > 0.5")
        began = asyncio.get_running_loop().time()
        command.signal(signal.SIGTERM)
        ended = await command.end()
        assert ended.code == 0
        assert asyncio.get_running_loop().time() - began < 5
    assert not (data / ".headrace" / "demo").exists()
    assert not list(data.rglob("*.mp4"))
    told = [event["state"] for event in command.events.all if event["event"] == "demo"]
    assert list(dict.fromkeys(told)) == ["making", "ready", "none"]
    assert told.count("none") == 2


async def test_what_the_quota_takes_is_told(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with (
        LocalSwarm(films["first.mp4"], piece_length=PIECE) as swarm,
        LocalSwarm(films["film.mkv"], piece_length=PIECE) as other,
        serving(headrace, data) as origin,
        browser(origin) as page,
    ):
        asked: list[str] = []
        await page.go()
        await page.until("it.textContent.includes('Nothing here yet')", of="main")
        page.page.on("request", lambda request: asked.append(f"{request.method} {urlsplit(request.url).path}"))
        add = "(source) => import('./ui/x/api.js').then((api) => api.add(source)).then(({ infohash }) => infohash)"
        for magnet in (swarm.magnet, other.magnet):
            await page.run(add, magnet)
        film = f"a[href='#/t/{swarm.info_hash}']"
        await page.until("/Ready to play|Complete/.test(it.textContent)", of=film)  # seeds are quick
        assert "GET /api/v1/torrents" not in asked, "each is asked for by itself"
        names = "() => [...document.querySelectorAll('.card-name')].map((node) => node.textContent)"
        assert await page.run(names) == ["film.mkv", "first.mp4"], "what came last comes first"
        await page.page.reload()
        await page.until("it.childElementCount === 2", of=".cards")
        assert await page.run(names) == ["film.mkv", "first.mp4"]
        change = "(quota) => import('./ui/x/api.js').then((api) => api.call('PATCH', '/settings', { quota }))"
        await page.run(change, 1000)
        await page.until("it.textContent.includes('Removed to make room')", of=film)
        await page.until("it.textContent.includes('was removed to make room (')", of=".toast")


async def test_a_season_goes_on_where_it_was_left(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    show = data.parent / "Show"
    show.mkdir()
    for episode in (1, 2, 3):
        shutil.copy(films["first.mp4"], show / f"Show.S01E0{episode}.mp4")
    async with (
        LocalSwarm(show, piece_length=PIECE) as swarm,
        serving(headrace, data) as origin,
        browser(origin, **PHONE) as page,
    ):
        await page.go()
        await page.page.fill("#source", swarm.magnet)
        await page.page.keyboard.press("Enter")
        await page.until("it.textContent === 'Play S01E01'", of="a.primary")
        put = """([infohash, index, seconds]) => fetch(`/api/v1/torrents/${infohash}/files/${index}/position`, {
          method: "PUT", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ seconds, duration: 60 }) })"""
        await page.run(put, [swarm.info_hash, 0, 59])
        await page.page.reload()
        await page.until("it.textContent === 'Play S01E02'", of="a.primary")
        await page.run(put, [swarm.info_hash, 1, 21])
        await page.page.reload()
        await page.until("it.textContent === 'Resume S01E02 at 0:21'", of="a.primary")
        marks = await page.run("() => [...document.querySelectorAll('.row-place')].map((node) => node.textContent)")
        assert marks == ["watched", "at 0:21", ""]
        await page.shot("torrent-watched")
        assert await page.accessibility() == []
        await page.page.click("a.primary")
        await page.until("it.currentTime > 21 && it.currentSrc.includes('S01E02')")


async def test_settings_and_logins(data: Path, headrace: Headrace) -> None:
    command = await headrace.start(
        *("serve", "--json", "--quiet", "--port", "0", "--dir", str(data), "--token", "s3cret-of-the-house")
    )
    origin = urlsplit((await command.event("serving"))["url"]).netloc
    phone = {**PHONE, "user_agent": "Mozilla/5.0 (Linux; Android 14; K) Firefox/130.0"}
    async with browser(origin) as one, browser(origin, **phone) as two, browser(origin) as three:
        for page in (one, two, three):
            await page.go("#/settings")
            await page.page.fill("#token", "s3cret-of-the-house")
            await page.page.keyboard.press("Enter")
            await page.page.wait_for_selector(".badge")  # the page is loaded anew
        await one.page.reload()
        await one.until("it.children.length === 3", of=".logins")
        assert await one.run("() => document.querySelector('.badge').parentElement.textContent") == (
            "Chrome on LinuxThis browser"
        )
        await one.shot("settings-light")
        assert await one.accessibility() == []
        await two.page.reload()
        await two.until("it.children.length === 3", of=".logins")
        await two.shot("settings-phone")
        assert await two.accessibility() == []
        await one.page.click("text=Firefox on Android >> xpath=ancestor::li >> role=button")
        await one.until("it.children.length === 2", of=".logins")
        await two.until("it.open", of="dialog")  # its events have ended, and do not come again

        await one.page.fill("#set-down_limit", "1.5")
        await one.page.select_option("#set-quota", "size")
        await one.page.fill("[name=quota_size]", "-1")
        await one.page.click("text=Save")
        assert await one.run("() => document.querySelector('[name=quota_size]').matches(':invalid')")
        await one.page.fill("[name=quota_size]", "30")
        await one.page.click("text=Save")
        await one.until("it.textContent === 'Saved'", of=".toast:last-child")
        settings = await one.run("() => fetch('/api/v1/settings').then((answer) => answer.json())")
        assert (settings["down_limit"], settings["up_limit"], settings["quota"]) == (1_500_000, 0, 30_000_000_000)
        await one.page.reload()
        await one.until("it.value === '30'", of="[name=quota_size]")
        assert await one.page.input_value("#set-down_limit") == "1.5"

        await two.page.fill("#token", "s3cret-of-the-house")
        await two.page.keyboard.press("Enter")
        await two.page.wait_for_selector(".badge")
        await two.page.click("text=Log out all others")
        await two.until("it.children.length === 1", of=".logins")
        await three.page.reload()
        await three.until("it.open", of="dialog")
        await two.page.click("text=/^Log out$/")
        await two.page.wait_for_selector("dialog[open]")


async def test_what_is_dropped_is_added(films: dict[str, Path], data: Path, headrace: Headrace) -> None:
    async with (
        LocalSwarm(films["first.mp4"], piece_length=PIECE) as swarm,
        LocalSwarm(films["film.mkv"], piece_length=PIECE) as other,
        serving(headrace, data) as origin,
        browser(origin) as page,
    ):
        await page.go()
        await page.until("it.textContent.includes('Nothing here yet')", of="main")
        await page.run(DROP, [base64.b64encode(swarm.torrent_bytes).decode(), ""])
        await page.until("it.textContent.includes('first.mp4')", of="h1.title")
        await page.page.click(".brand")
        await page.until("it.textContent === 'first.mp4'", of=".card-name")
        await page.run(DROP, ["", other.magnet])
        await page.until("it.textContent.includes('film.mkv')", of="h1.title")
        await page.page.click("a.primary")
        await page.until("it.currentTime > 0.5 && it.videoWidth === 640")
        await page.page.click(".brand")
        watched = f"a[href='#/t/{other.info_hash}'] img"
        await page.until("it.classList.contains('there') && it.naturalWidth === 480", of=watched)
        await page.shot("library-pictures")


async def test_what_cannot_be_added_says_why(data: Path, headrace: Headrace) -> None:
    async with serving(headrace, data) as origin, browser(origin) as page:
        await page.go()
        told = set()
        for source in ("nonsense", "magnet:?xt=urn:btih:zz", "/etc/passwd", "http://127.0.0.1:9/x.torrent"):
            await page.page.fill("#source", source)
            await page.page.click(".add .primary")
            await page.until("!it.disabled && document.querySelector('#add-error').textContent", of=".add .primary")
            told.add(await page.text("#add-error"))
            assert await page.page.input_value("#source") == source
        assert len(told) >= 2, told
        await page.run("() => { document.querySelector('#add-error').textContent = ''; }")
        await page.run(DROP, [base64.b64encode(b"no torrent").decode(), ""])
        await page.until("it.textContent.includes('torrent')", of="#add-error")
        assert await page.run("() => document.querySelectorAll('.card').length") == 0
