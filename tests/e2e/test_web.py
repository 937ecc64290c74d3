"""The web page in a real browser, over a real swarm."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kit.browser import PHONE, SHOTS, Page, browser
from kit.films import talking
from kit.stack import Stack, stack

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

KIB = 1024
ATTACK = "<img src=x onerror=alert(1)>"
CUE = "1\n00:00:00,000 --> 00:00:30,000\n"
DECODED = """() => {
  const video = document.querySelector("video");
  return {
    width: video.videoWidth,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    audio: video.webkitAudioDecodedByteCount,
    time: video.currentTime,
  };
}"""
PICTURE = "() => document.querySelector('hr-map canvas').toDataURL()"


@pytest.fixture(scope="module")
def clip(films: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first eight seconds."""
    made = tmp_path_factory.mktemp("clip") / "clip.mp4"
    argv = ["ffmpeg", "-v", "error", "-i", str(films["first.mp4"]), "-t", "8", "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*argv, str(made)], check=True, timeout=60)
    return made


@pytest.fixture
def pack(clip: Path, tmp_path: Path) -> Path:
    """A season pack with subtitles, and with names that would be markup."""
    folder = tmp_path / f"Show {ATTACK}"
    for season, episode in ((1, 1), (1, 2), (2, 1)):
        home = folder / f"Season {season}"
        home.mkdir(parents=True, exist_ok=True)
        name = f"Show.S0{season}E0{episode}"
        shutil.copy(clip, home / f"{name}.mp4")
        (home / f"{name}.en.srt").write_text(
            "1\n00:00:00,000 --> 00:00:30,000\nHello <b>there</b> <script>x</script>\n"
        )
        (home / f"{name}.fr.srt").write_bytes("1\n00:00:00,000 --> 00:00:30,000\nÀ bientôt\n".encode("cp1252"))
    (folder / f"{ATTACK}.nfo").write_text("x")
    return folder


@contextlib.asynccontextmanager
async def watching(
    path: Path, data: Path, fragment: str = "", *, rate: int = 0, **options: object
) -> AsyncIterator[tuple[Page, Stack, LocalSwarm]]:
    """A browser on the page of a running product; ``{ih}`` in the fragment is the info-hash."""
    async with (
        LocalSwarm(path, rate=rate, piece_length=64 * KIB) as swarm,
        stack(swarm.magnet, data) as running,
        browser(urlsplit(running.url()).netloc, **options) as page,
    ):
        await running.torrent.metadata(60)
        await page.go(fragment.format(ih=running.torrent.info_hash))
        yield page, running, swarm


async def test_from_the_library_to_a_picture(pack: Path, data: Path) -> None:
    async with watching(pack, data) as (page, _, _):
        await page.until(f"it.textContent === 'Show {ATTACK}'", of=".card-name")
        await page.page.click(".card")
        await page.until("it.textContent.startsWith('Show <img')", of="h1.title")
        await page.until("it.querySelectorAll('.row').length >= 3", of="hr-torrent")
        groups = await page.run("() => [...document.querySelectorAll('.group > h2')].map((node) => node.textContent)")
        assert groups == ["Season 1", "Season 2"]
        marks = await page.run("() => [...document.querySelectorAll('.row-mark')].map((node) => node.textContent)")
        assert marks[:3] == ["S01E01", "S01E02", "S02E01"]
        assert await page.run("() => document.querySelectorAll('img[src=x], main b').length") == 0
        await page.page.click("summary")
        names = await page.run("() => [...document.querySelectorAll('.row-name')].map((node) => node.textContent)")
        assert f"{ATTACK}.nfo" in names, names
        await page.page.click("a.primary")
        await page.until("it.currentTime > 1 && it.videoWidth === 640")
        await page.until("it.textContent === 'S01E01'", of=".row[aria-current] .row-mark")


async def test_it_plays_while_it_arrives_and_after_a_seek(films: dict[str, Path], data: Path) -> None:
    async with watching(films["last.mp4"], data, "#/t/{ih}/0", rate=150_000) as (page, running, _):
        started = await page.until("it.currentTime > 0.5 && it.getVideoPlaybackQuality().totalVideoFrames > 5")
        assert started < 15
        before, picture = await page.run(DECODED), await page.run(PICTURE)
        assert before["width"] == 640
        assert before["audio"] > 0
        await page.until("it.currentTime > 2")
        assert await page.run(PICTURE) != picture
        assert running.share < 0.8
        await page.run("() => { document.querySelector('video').currentTime = 48; }")
        assert await page.until("!it.seeking && it.currentTime > 49") < 8
        after = await page.run(DECODED)
        assert after["frames"] > before["frames"]
        assert after["audio"] > before["audio"]
        assert running.share < 1
        assert "ahead of you" in await page.text("hr-player .state")
        await page.page.click("hr-map canvas", position={"x": 12, "y": 30})
        await page.until("!it.seeking && it.currentTime < 5")


async def test_it_says_why_it_waits(films: dict[str, Path], data: Path) -> None:
    async with watching(films["last.mp4"], data, "#/t/{ih}/0", rate=100_000) as (page, _, swarm):
        await page.until("it.currentTime > 0.5")
        await swarm.stop_all()
        await page.run("() => { document.querySelector('video').currentTime = 50; }")
        await page.until("!it.hidden && it.textContent.includes('Nobody to fetch from')", of=".overlay")
        await swarm.start_all()
        await page.until("it.currentTime > 50.5")
        await page.until("it.hidden", of=".overlay")


async def test_subtitles_show_and_are_chosen_again(pack: Path, data: Path) -> None:
    shown = "it.textTracks[{}].mode === 'showing' && it.textTracks[{}].activeCues?.[0]?.text.includes('{}')"
    async with watching(pack, data, "#/t/{ih}/0") as (page, running, _):
        index = running.torrent.find("S01E01").index
        await page.go(f"#/t/{running.torrent.info_hash}/{index}")
        await page.until("it.textTracks.length === 2 && it.currentTime > 0.2")
        tracks = "[...document.querySelector('video').textTracks]"
        labels = await page.run(f"() => {tracks}.map((track) => [track.language, track.label])")
        assert labels == [["en", "English"], ["fr", "French"]]
        await page.page.keyboard.press("c")
        await page.until(shown.format(0, 0, "Hello"))
        line = "it.textTracks[0].activeCues[0].line {}"
        await page.page.hover("video")
        await page.until(line.format("< -1"))  # above the controls, and down again with them
        await page.shot("player-subtitles-raised")
        await page.until(line.format("=== 'auto'"))
        await page.run(
            f"() => {tracks}.forEach((each) => {{ each.mode = each.language === 'fr' ? 'showing' : 'disabled' }})"
        )
        await page.until(shown.format(1, 1, "À bientôt"))
        await page.page.keyboard.press("Shift+N")
        await page.until("it.currentSrc.includes('S01E02') && it.textTracks.length === 2")
        await page.until(shown.format(1, 1, "À bientôt"))


SPOKEN = """[...it.textTracks].some((track) => track.mode === 'showing' && track.language === '{}'
  && it.currentTime % 1 > 0.2 && track.activeCues[0]?.text === `{} ${{Math.floor(it.currentTime)}}`)"""
"""The line of the second that is shown."""
ASKED = "() => performance.getEntriesByType('resource').filter((each) => each.name.includes('/subtitles/e')).length"


async def test_subtitles_inside_the_video_come_with_it(films: dict[str, Path], data: Path, tmp_path: Path) -> None:
    film = talking(films["last.mp4"], tmp_path)
    tracks = "[...document.querySelector('video').textTracks]"
    async with watching(film, data, "#/t/{ih}/0", rate=200_000) as (page, running, _):
        await page.until("it.textTracks.length === 2")
        labels = await page.run(f"() => {tracks}.map((track) => [track.language, track.label])")
        assert labels == [["en", "English"], ["de", "German"]]
        await page.page.keyboard.press("c")
        await page.until(SPOKEN.format("en", "<i>Line</i>"))
        await page.run("() => { document.querySelector('video').currentTime = 45.5; }")
        await page.until("!it.seeking && it.currentTime > 46 && " + SPOKEN.format("en", "<i>Line</i>"), within=15)
        assert running.share < 1
        choose = "each.mode = each.language === 'de' ? 'showing' : 'disabled'"
        await page.run(f"() => {tracks}.forEach((each) => {{ {choose} }})")
        await page.until(SPOKEN.format("de", "Zeile"))
        await page.shot("player-subtitles")
        lines = await page.run(f"() => [...{tracks}[1].cues].map((cue) => cue.line)")
        assert set(lines) == {0}
        assert len(lines) < 30, "only what is there is told"
        assert await page.run(ASKED) < 12


async def test_the_next_episode_plays_by_itself(pack: Path, data: Path) -> None:
    async with watching(pack, data) as (page, running, _):
        first, second = (running.torrent.find(name) for name in ("S01E01", "S01E02"))
        asked: list[tuple[str, str]] = []
        page.page.on("request", lambda request: asked.append((request.url, request.headers.get("range", ""))))
        await page.go(f"#/t/{running.torrent.info_hash}/{first.index}")
        await page.until("it.currentTime > 0.2 && it.duration > 7")
        await page.until("!it.hidden && it.textContent.includes('S01E02')", of=".up-next")
        start = [ranges for url, ranges in asked if "S01E02" in url and url.endswith(".mp4")]
        assert start == [f"bytes=0-{min(second.size, 4 << 20) - 1}"]  # fetched before it is played
        assert await page.until("it.currentSrc.includes('S01E02') && it.currentTime > 0.2") < 20
        assert page.page.url.endswith(f"/{second.index}")
        await page.page.keyboard.press("Shift+N")
        await page.until("it.currentSrc.includes('S02E01') && it.currentTime > 0.2")
        assert await page.run("() => document.querySelector('.in-bar').hidden")


async def test_it_goes_on_where_it_stopped(films: dict[str, Path], data: Path) -> None:
    async with watching(films["first.mp4"], data, "#/t/{ih}/0") as (page, running, _):
        await page.until("it.currentTime > 0.2")
        await page.run("() => { document.querySelector('video').currentTime = 30; }")
        await page.until("!it.seeking && it.currentTime > 30.5")
        await page.page.reload()
        await page.until("it.currentTime > 29.5")
        await page.until("!it.hidden && it.textContent.includes('Going on at 0:3')", of=".resume-note")
        await page.go(f"#/t/{running.torrent.info_hash}")
        await page.until("it.textContent.includes('Resume at 0:3')", of="a.primary")
        await page.page.click("a.primary")
        await page.until("!it.hidden", of=".resume-note")
        await page.shot("player-resume")
        await page.run("() => { document.querySelector('video').playbackRate = 8; }")
        await page.until("it.hidden && document.querySelector('video').currentTime > 39.5", of=".resume-note")


async def test_it_begins_anew_by_the_keyboard(films: dict[str, Path], data: Path) -> None:
    async with watching(films["first.mp4"], data) as (page, running, _):
        keep = """([infohash, seconds]) => localStorage.setItem(
          `headrace:${infohash}:0`, JSON.stringify({ seconds, duration: 60 }))"""
        for seconds in (2, 58.5):  # it has hardly begun, and only the credits are left
            await page.run(keep, [running.torrent.info_hash, seconds])
            await page.go(f"#/t/{running.torrent.info_hash}/0")
            await page.until("it.currentTime > 0.2 && it.currentTime < 2")
            assert await page.run("() => document.querySelector('.resume-note').hidden")
            await page.go("#/")
            await page.page.reload()  # nothing of the player is under way any more
        await page.run(keep, [running.torrent.info_hash, 21])
        await page.go(f"#/t/{running.torrent.info_hash}/0")
        await page.until("!it.hidden && it.textContent.includes('Going on at 0:21')", of=".resume-note")
        await page.until("it.currentTime > 21.2")
        while await page.run("() => document.activeElement.textContent") != "Start over":
            await page.page.keyboard.press("Tab")
        await page.page.keyboard.press("Enter")
        await page.until("!it.seeking && it.currentTime > 0.2 && it.currentTime < 10")
        assert await page.run("() => document.querySelector('.resume-note').hidden")
        assert await page.run("() => document.activeElement.localName") == "media-play-button"


async def test_before_anything_is_known(clip: Path, data: Path) -> None:
    async with (
        LocalSwarm(clip, piece_length=64 * KIB) as swarm,
        stack(swarm.bare_magnet, data) as running,
        browser(urlsplit(running.url()).netloc) as page,
    ):
        await page.go(f"#/t/{running.torrent.info_hash}")
        await page.until("it.textContent.includes('Nobody to fetch from yet')", of=".reason")
        await page.go("#/t/" + "0" * 40)
        await page.until("it.textContent.includes('No such torrent here')", of=".problem")
        await page.go("#/nonsense")
        await page.until("it.textContent.includes('There is no such page')", of="main")
        await page.go(f"#/t/{running.torrent.info_hash}/0")
        await page.until("it.textContent.includes('Nobody to fetch from yet')", of=".overlay")
        running.torrent.handle.add_peers(swarm.peers)
        await page.until("it.currentTime > 0.5")


async def test_with_the_keyboard_alone(pack: Path, data: Path) -> None:
    async with watching(pack, data) as (page, _, _):
        press = page.page.keyboard.press
        await page.until("it.textContent", of=".card-name")
        await press("Tab")
        assert await page.run("() => document.activeElement.textContent") == "Skip to content"
        await press("Enter")
        assert await page.run("() => document.activeElement.id") == "main"
        for _ in range(4):
            await press("Tab")
        assert await page.run("() => document.activeElement.className") == "card"
        await press("Enter")
        await page.until("it.children.length > 0 && document.activeElement.id === 'main'", of=".actions")
        await press("Tab")
        await press("Tab")
        assert await page.run("() => document.activeElement.classList.contains('primary')")
        await press("Enter")
        await page.until("it.currentTime > 0.2")


async def test_a_code_for_the_phone(clip: Path, data: Path) -> None:
    async with (
        LocalSwarm(clip, piece_length=64 * KIB) as swarm,
        stack(swarm.magnet, data, allow_hosts=["media.lan"]) as running,
        browser(f"media.lan:{running.server.port}") as page,
    ):
        await running.torrent.metadata(60)
        await page.go(f"#/t/{running.torrent.info_hash}")
        await page.page.click("text=Open elsewhere")
        await page.page.click("text=Copy the address")
        await page.until("it.textContent === 'Address of the stream copied'", of="dialog .toast")
        await page.until("it.width > 100 && it.width === it.height", of=".qr canvas")
        label = await page.page.get_attribute(".qr canvas", "aria-label")
        assert label == f"QR code of {page.page.url}"
        # the corners of the code: a ring of seven modules of 5 pixels, behind a quiet zone of four
        corner = "() => [...document.querySelector('.qr canvas').getContext('2d').getImageData(20, 20, 40, 1).data]"
        assert (await page.run(corner))[::4] == [0] * 35 + [255] * 5
        await page.page.locator(".qr canvas").screenshot(path=SHOTS / "code.png")
        await page.page.keyboard.press("Escape")
        await page.page.wait_for_selector("body > .toasts .toast")


async def test_a_token_is_asked_for_once(clip: Path, data: Path) -> None:
    async with (
        LocalSwarm(clip, piece_length=64 * KIB) as swarm,
        stack(swarm.magnet, data, token="s3cret") as running,
        browser(urlsplit(running.url()).netloc) as page,
    ):
        await running.torrent.metadata(60)
        await page.go()
        await page.until("it.open", of="dialog")
        assert "clip.mp4" not in await page.text("body")
        await page.shot("login-light")
        assert await page.accessibility() == []
        await page.page.fill("#token", "wrong")
        await page.page.keyboard.press("Enter")
        await page.until("it.textContent.includes('not this server')", of="#login-error")
        await page.page.fill("#token", "s3cret")
        await page.page.keyboard.press("Enter")
        await page.page.wait_for_selector(".card-name")
        await page.until("it.textContent === 'clip.mp4'", of=".card-name")
        assert await page.run("() => document.cookie") == ""
        await page.go(f"#/t/{running.torrent.info_hash}/0")
        await page.page.reload()
        await page.until("it.currentTime > 0.3")


async def test_what_it_cannot_decode_is_said(films: dict[str, Path], data: Path, tmp_path: Path) -> None:
    """Video that the browser does not decode is no better as HLS: it stays the file, and that is said."""
    dark = tmp_path / "dark.mp4"
    argv = ["ffmpeg", "-v", "error", "-i", str(films["first.mp4"]), "-t", "6", "-s", "160x90", "-c:v", "libx265"]
    argv += ["-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1", "-c:a", "copy"]
    subprocess.run([*argv, "-movflags", "+faststart", str(dark)], check=True, timeout=60)
    async with watching(dark, data, "#/t/{ih}/0") as (page, _, _):
        await page.until("it.textContent.includes('cannot decode the video (hevc)')", of="hr-player [role=alert]")
        assert await page.run("() => document.querySelector('video').currentSrc.includes('/stream/')")


async def test_keys(films: dict[str, Path], data: Path) -> None:
    async with watching(films["first.mp4"], data, "#/t/{ih}/0") as (page, _, _):
        press = page.page.keyboard.press
        await page.until("it.currentTime > 0.2")
        await press("k")
        await page.until("it.paused")
        for key, seconds in (("5", 30), ("j", 20), ("l", 30), ("ArrowLeft", 25), ("ArrowRight", 30), ("Home", 0)):
            await press(key)
            await page.until(f"Math.abs(it.currentTime - {seconds}) < 0.1")
        await press("m")
        await page.until("it.muted")
        await press(">")
        await page.until("it.playbackRate === 1.25")
        await press("<")
        await page.until("it.playbackRate === 1")
        await press("?")
        await page.until("it.open", of="dialog")
        await press("k")
        assert await page.run("() => document.querySelector('video').paused")
        await press("Escape")
        await page.page.wait_for_selector("dialog", state="detached")  # the browser closes it in its own time
        await press(" ")
        await page.until("!it.paused")


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
async def test_pages_look_well_and_are_for_everybody(pack: Path, data: Path, look: str) -> None:
    options = {**(PHONE if look == "phone" else {}), "color_scheme": "light" if look == "light" else "dark"}
    async with watching(pack, data, rate=100_000, reduced_motion="reduce", **options) as (page, running, _):
        index, found = running.torrent.find("S01E01").index, {}
        for name, fragment, ready in (
            ("library", "#/", ".card"),
            ("torrent", f"#/t/{running.torrent.info_hash}", ".row"),
            ("player", f"#/t/{running.torrent.info_hash}/{index}", "video[src]"),
        ):
            await page.go(fragment)
            await page.page.wait_for_selector(ready)
            if name == "player":
                await page.until("it.currentTime > 0.3")
            found[name] = await page.accessibility()
            await page.shot(f"{name}-{look}")
            wide = await page.run("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} can be scrolled sideways"
        assert found == {"library": [], "torrent": [], "player": []}
        await page.page.click("text=Open elsewhere")
        await page.page.wait_for_selector("dialog[open]")
        await page.shot(f"share-{look}")
        assert await page.accessibility() == []
