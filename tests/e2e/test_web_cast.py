"""The page has a device play: a real server, a real browser, and a Chromecast that really fetches the film."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kit.browser import PHONE, Page, browser
from kit.command import Headrace
from kit.films import SECONDS

from headrace.testing.fake_cast import FakeCast
from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 256 * 1024
PLAYING = "it.textContent.startsWith('Playing on')"
CAST = "media-controller [aria-label='Play on a device']"


@pytest.fixture
async def swarm(films: dict[str, Path], tmp_path: Path) -> AsyncIterator[LocalSwarm]:
    """Two episodes, with subtitles beside them."""
    folder = tmp_path / "Show"
    folder.mkdir()
    for name in ("Show.S01E01", "Show.S01E02"):
        shutil.copy(films["first.mp4"], folder / f"{name}.mp4")
        for language in ("en", "fr"):
            (folder / f"{name}.{language}.srt").write_text("1\n00:00:00,000 --> 00:00:59,000\nHello\n")
    async with LocalSwarm(folder, piece_length=PIECE) as made:
        yield made


@pytest.fixture
async def origin(headrace: Headrace, data: Path, swarm: LocalSwarm) -> str:
    """Host and port of a server that has the torrent."""
    command = await headrace.start("serve", "--json", "--quiet", "--port", "0", "--dir", str(data))
    return urlsplit((await command.event("serving"))["url"]).netloc


async def has(page: Page, swarm: LocalSwarm) -> None:
    """Add the torrent, as the page does."""
    await page.go()
    await page.page.fill("#source", swarm.magnet)
    await page.page.keyboard.press("Enter")
    await page.until("it.textContent === 'Play S01E01'", of="a.primary")


async def answering(page: Page, *devices: FakeCast) -> None:
    """Loopback has no multicast: this browser's server finds these devices."""
    about = {"name": "Living Room", "kind": "chromecast", "model": "X"}
    found = [{"id": f"cast:{each.address}", "address": each.address, **about} for each in devices]

    async def answer(route: Any) -> None:
        await route.fulfill(json={"devices": found})

    await page.page.route("**/api/v1/devices", answer)


async def test_a_film_goes_to_a_device_and_comes_back(chromecast: FakeCast, swarm: LocalSwarm, origin: str) -> None:
    async with browser(origin) as page, browser(origin, **PHONE, color_scheme="dark") as phone:
        await has(page, swarm)
        await answering(page, chromecast)
        await page.page.click("a.primary")
        await page.until("it.textTracks.length === 2 && it.currentTime > 0.3")
        await page.run("() => { document.querySelector('video').textTracks[1].mode = 'showing'; }")
        await page.run("() => { document.querySelector('video').currentTime = 20; }")
        await page.until("!it.seeking && it.currentTime > 20.3")
        await phone.go()
        await phone.until("it.textContent === 'Show'", of=".card-name")

        await page.page.hover("video")
        await page.page.click(CAST)
        await page.page.click("text=Living Room")
        await page.until(PLAYING, of=".cast-cover-text")
        await page.shot("cast-cover")
        (load,) = chromecast.loads
        assert 20 < load["currentTime"] < 23
        assert load["media"]["tracks"][0]["language"] == "fr"
        assert await page.run("() => document.querySelector('video').getAttribute('src')") is None

        await page.until("it.valueAsNumber >= 22 && it.max === '60'", of=".cast-place")
        assert await page.accessibility() == []
        await page.page.keyboard.press("k")
        await page.until("it.textContent.startsWith('Paused on')", of=".cast-state")
        await phone.until("it.textContent.startsWith('Paused on')", of=".cast-state")
        await phone.until("it.textContent.includes('S01E01')", of=".cast-title")
        await phone.shot("cast-bar-phone")
        assert await phone.accessibility() == []
        await phone.page.click("[aria-label='Go on']")
        await page.until(PLAYING, of=".cast-state")
        await page.page.keyboard.press("5")
        await phone.until("it.valueAsNumber >= 30 && it.valueAsNumber < 36", of=".cast-place")
        await phone.page.click("[aria-label='Mute']")
        await page.page.wait_for_selector("[aria-label='Sound on']")
        assert chromecast.volume["muted"]
        await page.page.fill(".cast-volume", "25")
        await phone.until("it.value === '25'", of=".cast-volume")
        assert chromecast.volume["level"] == 0.25

        await page.page.click("text=Watch here")
        await page.until("it.currentTime > 30 && it.currentTime < 45 && !it.paused")
        await phone.until("!it.childElementCount", of="hr-casts")
        assert chromecast.idle
        assert await page.run("() => document.activeElement.localName") == "media-play-button"


async def test_the_next_episode_follows_on_the_device(chromecast: FakeCast, swarm: LocalSwarm, origin: str) -> None:
    async with browser(origin, **PHONE) as page:
        await has(page, swarm)
        await answering(page, chromecast)
        await page.page.click("text=Open elsewhere")  # from the torrent's page, where nothing plays
        await page.page.click("text=Chromecast or television")
        await page.until("it.textContent === 'Where is it to play?'", of=".cast-status")
        await page.shot("cast-dialog-phone")
        assert await page.accessibility() == []
        await page.page.click("text=Living Room")
        await page.until(PLAYING, of=".cast-state")
        assert chromecast.loads[0]["currentTime"] == 0
        await page.page.click("a.primary")
        await page.until(PLAYING, of=".cast-cover-text")
        assert await page.run("() => document.querySelector('video').getAttribute('src')") is None
        await page.page.focus(".cast-place")
        await page.page.keyboard.press("End")  # another page's cast: its end is the end here
        await page.until("it.valueAsNumber > 50", of=".cast-place")
        await page.until("it.readyState > 1 && it.paused", within=30)
        assert len(chromecast.loads) == 1

        await page.page.click("media-controller")
        await page.page.click(CAST)
        await page.page.click("text=Living Room")
        await page.until(PLAYING, of=".cast-cover-text")
        await page.page.fill(".cast-place", str(SECONDS - 3))
        await page.until("it.textContent.includes('S01E02')", of=".cast-title")
        await page.until(PLAYING, of=".cast-cover-text")
        assert "S01E02" in chromecast.loads[2]["media"]["contentId"]
        assert len(chromecast.loads) == 3
        await page.page.click("[aria-label^='Stop on']")
        await page.until("it.paused && it.currentSrc.includes('S01E02')")


async def test_what_does_not_work_is_said(chromecast: FakeCast, swarm: LocalSwarm, origin: str) -> None:
    async with browser(origin) as page:
        await has(page, swarm)
        await answering(page)
        await page.page.click("a.primary")
        await page.until("it.currentTime > 0.3")
        press = page.page.keyboard.press
        await page.page.focus(CAST)
        await press("Enter")
        await page.until("it.textContent.startsWith('No device answered')", of=".cast-status")
        assert await page.run("() => document.activeElement.textContent") == "Close"
        for _ in range(2):
            await press("Shift+Tab")
        assert await page.run("() => document.activeElement.localName") == "summary"
        await press("Enter")
        await press("Tab")
        await press("Tab")
        await page.page.keyboard.type("127.0.0.1:1")
        await press("Enter")
        await page.until("it.textContent.includes('127.0.0.1:1) does not answer')", of=".cast .problem")
        await page.until("!it.paused")
        chromecast.busy = True
        await page.page.fill("#cast-address", chromecast.address)
        await press("Enter")
        await page.until("it.textContent.includes('is busy')", of=".cast .problem")
        assert await page.accessibility() == []
        await page.shot("cast-problem")
        chromecast.busy = False
        await press("Enter")
        await page.until(PLAYING, of=".cast-cover-text")
        assert await page.run("() => document.activeElement.textContent") == "Watch here"
        await chromecast.launch_other()
        await page.until("it.textContent.includes('its player was ended')", of=".toast")
        await page.until("it.paused && it.readyState > 1")
